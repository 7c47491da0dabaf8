//! The conformance suite on stores on real servers.

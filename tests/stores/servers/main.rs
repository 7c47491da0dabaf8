//! The conformance suite on the stores behind features, on real servers where they need one. Each of
//! the two clients has connections of its own.

mod embedded;
mod networked;
mod runner;
mod tls;

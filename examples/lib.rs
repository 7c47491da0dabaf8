//! The examples beside this file show how the library is used.

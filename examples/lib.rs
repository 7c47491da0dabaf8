//! The examples beside this file show how the library is used. The one in the README is compiled as
//! a test of this crate.
#![doc = include_str!("../README.md")]

//! The wire format: known answers, and everything that must be refused.
//!
//! `vectors.json` is frozen: vectors are only ever added to it. One that would have to change is a
//! break of the format, which logs everybody out.

mod matrix;
mod mutations;
mod reference;
mod rows;
mod support;
mod vectors;

//! What the generated code does, by the trait that it implements. How it is used is in `api` and
//! `http`; what it looks like is in the snapshots of `session-derive`.

mod coding;
mod fields;
mod hooks;
mod marks;
mod merge;
mod support;

//! The conformance suite, on the stores that need no server, and on stores that are wrong on purpose.

mod faults;
mod reference;
mod rows;
mod sets;
mod teeth;

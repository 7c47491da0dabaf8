//! The conformance suite on the store that is there by default, and on stores that are wrong on
//! purpose. The other stores are in `servers/`.

mod encrypted;
mod faults;
mod memory;
mod reference;
mod rows;
mod sets;
mod teeth;

//! Properties of arbitrary input, and state machines against a model.

mod client;
mod garbage;
mod handles;
#[path = "../wire/reference.rs"]
mod reference;
mod round_trip;
mod serve;

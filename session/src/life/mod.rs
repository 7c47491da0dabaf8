//! One request's session, from open to close.
//!
//! [`open`] finds and decodes it, [`shared`] lets handles work on it, [`decide`] says what is to be
//! done, [`close`] does it.

mod buffers;
mod close;
mod decide;
mod engine;
mod handle;
mod open;
mod shared;
mod slot;
mod times;

pub(crate) use decide::Policy;
pub(crate) use engine::{Engine, Hooks};
pub(crate) use open::OpenError;
pub(crate) use shared::LendError;
pub(crate) use slot::{Life, Slot};
pub(crate) use times::Lifetimes;

//! One request's session, from open to close.
//!
//! [`open`] finds and decodes it, [`shared`] lets handles work on it, [`plan`] looks at what changed
//! and asks [`decide`] what is to be done, [`close`] does it; [`stored`] does both ends for sessions in
//! stores.

mod buffers;
mod close;
mod decide;
mod engine;
#[cfg_attr(not(all(feature = "koa", feature = "testing")), allow(dead_code))]
mod foreign;
mod handle;
mod open;
mod plan;
mod shared;
mod slot;
mod stored;
mod times;

pub(crate) use close::Closing;
pub(crate) use decide::Policy;
pub(crate) use engine::{Engine, Home, Hooks};
#[cfg(feature = "koa")]
pub(crate) use foreign::{Asked, Doing, ForeignRows, Live as ForeignLive, Look as ForeignLook};
pub(crate) use foreign::{Foreign, ForeignHome, Old};
pub(crate) use open::OpenError;
pub(crate) use shared::LendError;
pub(crate) use slot::{Life, Slot};
pub(crate) use stored::{Found, Names, Pick, Queues, Secrets, StoreHome, StoreTtl, outside};
pub use stored::{OnEnded, OnOutage};
pub(crate) use times::Lifetimes;
#[cfg(feature = "koa")]
pub(crate) use times::Vitality;

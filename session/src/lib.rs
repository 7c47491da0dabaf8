//! Typed sessions for axum.
#![doc = include_str!("../../README.md")]

// The derive's paths begin with `::session`, also in this crate's own tests.
#[cfg(test)]
extern crate self as session;

mod base64url;
mod carrier;
mod data;
mod error;
mod event;
mod extract;
mod id;
mod layer;
mod life;
mod seal;
mod time;

#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod __private;

pub use carrier::{Carrier, CookieError, HeaderCarrier, Priority, SameSite, Token};
pub use data::{
    Codec, DecodeError, Deserializable, EncodeError, Extend, Field, Json, MaxAge, MergeError,
    MergesByLastOnly, NoSecrets, Payload, PayloadWriter, Serializable, SessionData,
};
pub use error::{BoxError, BuildError, CommitError, MaxAgeError};
pub use event::{Event, InvalidReason};
pub use extract::{Changed, SessionRejection, TypedSession};
pub use id::SessionHandle;
pub use layer::{
    AnyMerge, LastWriteWins, MergeAccepted, OnUndecodable, SessionBuilder, SessionFuture,
    SessionLayer, SessionService,
};
pub use seal::{Keys, KeysError};
pub use session_derive::Session;
pub use time::{Clock, SystemClock, days, hours, minutes, seconds};

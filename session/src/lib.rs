//! Typed sessions for axum: derive [`Session`] on a struct, wrap the app in a [`SessionLayer`], take
//! [`TypedSession`] in handlers. What handlers change is committed when the response is ready, and
//! only if the content changed.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use session::{Keys, Session, SessionLayer, TypedSession, days};
//!
//! #[derive(Session)]
//! struct Visit {
//!     views: u64,
//!     #[session(rotate)]
//!     user: Option<String>,
//! }
//!
//! async fn index(mut session: TypedSession<Visit>) -> String {
//!     session.views += 1;
//!     format!("{} views", session.views)
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = Keys::from_env("SESSION_KEYS")?;
//! let sessions = SessionLayer::<Visit>::signed(keys).max_age(days(1)).build()?;
//! let app = Router::new().route("/", get(index)).layer(sessions);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(()) }
//! ```
//!
//! # Where to look
//!
//! - The state: [`derive@Session`] explains every attribute; [`Field`] says what a field needs.
//! - The layer: [`SessionLayer`], its options in [`SessionBuilder`], its [`Keys`].
//! - In handlers: [`TypedSession`], and [`SessionRejection`] when there is none.
//! - On the server: [`store`] has the stores and their contract, [`Sessions`] lists and ends the
//!   sessions of a user, [`DetachedSession`] outlives its request.
//! - Behind it: [`Carrier`]s bring tokens, [`Codec`]s encode states, [`Event`]s tell what happens,
//!   a [`Clock`] tells the time.
//!
//! # Features
//!
//! - `memory` (default), `redis`, `redis-cluster`, `postgres`, `mysql`, `sqlite`, `memcached`: a store
//!   each; `redis-tls` and `sql-tls` add TLS by rustls.
//! - `cache`: a read-through cache over any store. `encrypted`: rows encrypted, in any store.
//! - `tower-sessions`: an adapter for the stores of `tower_sessions_core`.
//! - `koa`: `compat::koa`, sessions of koa-session, koa-generic-session and egg.
//! - `metrics`: counters of events, and a histogram of how long stores take, by the facade `metrics`.
//! - `testing`: the module `testing`, with a clock that is set by hand, request headers made from
//!   a value, and `conformance`, the suite that a store of your own should pass.

// The derive's paths begin with `::session`, also in this crate's own tests.
#[cfg(test)]
extern crate self as session;

mod base64url;
mod carrier;
pub mod compat;
mod data;
mod detached;
mod error;
mod event;
mod extract;
mod id;
mod layer;
mod life;
mod random;
mod rejection;
mod seal;
mod sessions;
pub mod store;
mod time;

#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod __private;

pub use carrier::{Carrier, CookieError, HeaderCarrier, Priority, SameSite, Token};
pub use data::{
    Codec, DecodeError, Deserializable, EncodeError, Extend, Field, Json, MaxAge, MergeError,
    MergesByLastOnly, NoIndexes, NoSecrets, Payload, PayloadWriter, Serializable, SessionData,
};
pub use detached::{DetachError, DetachedSession};
pub use error::{BoxError, BuildError, CommitError, MaxAgeError};
pub use event::{Event, EventContext, InvalidReason};
pub use extract::{Changed, TypedSession};
pub use id::{HandleError, SessionHandle};
pub use layer::{
    AnyMerge, Keeps, MergeAccepted, MergeOf, OnUndecodable, SessionBuilder, SessionFuture,
    SessionLayer, SessionService,
};
pub use life::{OnEnded, OnOutage};
pub use rejection::SessionRejection;
pub use seal::{Keys, KeysError};
pub use session_derive::Session;
pub use sessions::{Sessions, SessionsBy, SessionsError, StoredSession};
pub use time::{Clock, Millis, SystemClock, days, hours, minutes, seconds};

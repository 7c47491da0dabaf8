//! Sessions of koa-session, koa-generic-session and egg-session: moving over from them without logging
//! anybody out, or sharing them with a Node application that stays.
//!
//! `docs/coming-from-koa.md` says what corresponds to what. Byte by byte, theirs is in
//! `docs/koa-wire-format.md`.
//!
//! # Moving over
//!
//! Theirs is read when a request has no cookie of ours; ours is written with the response, and theirs
//! is removed. It says until when: [`accept_until`](KoaCookies::accept_until).
//!
//! ```
//! use session::compat::koa::{KoaCookies, KoaKeys};
//! use session::{Keys, Session, SessionLayer, days};
//! use std::time::SystemTime;
//!
//! #[derive(Session)]
//! struct Visit {
//!     views: u64,
//!     user: Option<String>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let theirs = KoaCookies::new(KoaKeys::sha1(["what app.keys was"])?);
//! let sessions = SessionLayer::<Visit>::signed(Keys::random()?)
//!     .moving_from(theirs.accept_until(SystemTime::now() + days(14)))
//!     .build()?;
//! # Ok(()) }
//! ```
//!
//! A cookie of ours that is bad or expired never falls back to one of theirs. A session goes on with the
//! lifetimes of the layer: its absolute lifetime counts from when Node last wrote it (`_expire` less
//! `_maxAge`), its idle lifetime from now. A browser session of koa's (`_session`) says no time: it counts
//! as begun now. One that says neither, or no number, is none.
//!
//! # Side by side
//!
//! [`SessionLayer::koa`](crate::SessionLayer::koa) reads and writes theirs, so that a Node application
//! and this one work on the same sessions, on one domain.
//!
//! # What stays weak while it is on
//!
//! Their tokens are bound to a cookie's name and to nothing else, can be read by whoever holds them,
//! and count until they end: a copied cookie outlives its logout, and can be moved over again until
//! `accept_until`, also one with the id of a row, for moving leaves rows to their own end. Side by side,
//! the last write wins, also in Redis; there is no absolute lifetime beyond what koa writes; a browser session's cookie has no end at all; a row is found under the id itself.
//! The keys may be short, and SHA-1 is what koa uses (as HMAC it is not broken). So: turn it off when
//! it is no longer needed.
//!
//! A token of theirs is never taken for one of ours, nor the other way round, whatever the keys are.

mod builder;
mod cookies;
mod keys;
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
mod payload;
#[cfg(feature = "redis")]
mod rows;
mod text;

pub use cookies::{KoaCookies, Moving, WithDate};
pub use keys::{KoaKeys, KoaKeysError};
#[cfg(feature = "redis")]
pub use rows::KoaRows;

//! Keys and tokens: what makes a state that travels through the client trustworthy.
//!
//! Pure and synchronous; knows no HTTP. Byte by byte in `docs/wire-format.md`.

#[cfg(feature = "encrypted")]
mod encrypted;
mod envelope;
mod keys;
mod signed;

#[cfg(feature = "encrypted")]
pub(crate) use encrypted::Encrypted;
pub(crate) use envelope::{Envelope, FieldExpiry, put_u48, u48};
pub use keys::{Keys, KeysError};
pub(crate) use signed::{Refused, Signed};

//! What the derive fills in: the trait, its static tables, and what runs over them.
//!
//! Everything here is pure and synchronous: no HTTP, no cookies, no stores.

pub(crate) mod codec;
mod codec_error;
pub(crate) mod diff;
mod field;
pub(crate) mod hook;
pub(crate) mod index;
pub(crate) mod json;
pub(crate) mod merge;
mod option;
mod same;
mod serde_form;
mod spec;
mod stored;
pub(crate) mod with;

pub use codec::{Codec, Payload, PayloadWriter};
pub use codec_error::{DecodeError, EncodeError};
pub use field::Field;
pub use json::Json;
pub use merge::MergeError;
pub use option::OptionField;
pub use same::{Same, SameByEncoding, SameByEq, SameByNothing, SameWith};
pub use serde_form::{Deserializable, Serializable};
pub use spec::{Extend, FieldSpec, MaxAge, Merge, Options};
pub use stored::{NotStored, Stored};
pub use with::WithField;

use crate::BoxError;
use http::request::Parts;
use serde::Deserializer;

/// A type that can be the state of a session. Implemented by `#[derive(Session)]`, not by hand:
/// its items are a private contract between the derive and this crate, and change without notice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session type",
    label = "missing `#[derive(Session)]`"
)]
pub trait SessionData: Sized + Send + Sync + 'static {
    /// The name that tokens are bound to: the struct's identifier, or `schema = ".."`.
    const SCHEMA: &'static str;

    /// One row a field, in the order of declaration, skipped fields included.
    const FIELDS: &'static [FieldSpec];

    /// What the struct's own `#[session(..)]` attributes say.
    const OPTIONS: Options = Options::NEW;

    /// The state of a session that has just begun.
    fn initial() -> Self;

    /// Builds the state from the stored fields; a field that is not there takes its initial value.
    ///
    /// # Errors
    /// What the reader says of a field that can't be decoded.
    fn read<R: ReadFields>(from: &mut R) -> Result<Self, R::Error>;

    /// Hands every stored field to `to`, in the order of declaration.
    ///
    /// # Errors
    /// What the writer says of a field that can't be encoded.
    fn write<W: WriteFields>(&self, to: &mut W) -> Result<(), W::Error>;

    /// Replaces one stored field by what `from` holds.
    ///
    /// # Errors
    /// What the deserializer says.
    fn read_field<'de, D: Deserializer<'de>>(
        &mut self,
        index: usize,
        from: D,
    ) -> Result<(), D::Error>;

    /// Whether a stored field has the same content as what `from` holds.
    ///
    /// # Errors
    /// What the deserializer says.
    fn same_as_stored<'de, D: Deserializer<'de>>(
        &self,
        index: usize,
        from: D,
    ) -> Result<bool, D::Error>;

    /// Whether a field has the same content in both.
    fn same_field(&self, other: &Self, index: usize) -> bool;

    /// Exchanges one field with `other`'s.
    fn swap_field(&mut self, other: &mut Self, index: usize);

    /// Merges a field that changed on both sides since `base`, by its policy. Called only for
    /// `sum`, `max`, `min`, `union` and functions.
    ///
    /// # Errors
    /// A sum that overflows.
    fn merge_field(
        &mut self,
        base: &Self,
        theirs: &mut Self,
        index: usize,
    ) -> Result<(), MergeError> {
        let _ = (base, theirs, index);
        Ok(())
    }

    /// The `valid` attributes of the fields and of the struct.
    ///
    /// # Errors
    /// Names what was refused.
    fn valid(&self, request: &Parts) -> Result<(), Invalid> {
        let _ = request;
        Ok(())
    }

    /// The `before_save` attribute.
    ///
    /// # Errors
    /// What the user's hook says.
    fn before_save(&mut self, request: &Parts) -> Result<(), BoxError> {
        let _ = request;
        Ok(())
    }

    /// The `migrate` attribute: changes the stored members of an older `version` into today's.
    ///
    /// # Errors
    /// What the user's function says.
    fn migrate(
        from: u32,
        members: &mut serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), BoxError> {
        let _ = (from, members);
        Ok(())
    }
}

/// Where [`SessionData::read`] takes its fields from.
pub trait ReadFields {
    /// Why a field could not be read.
    type Error;

    /// The field at `index` of the table, or `initial()` when it is not stored.
    ///
    /// # Errors
    /// When it is stored and can't be decoded.
    fn field<F: Field>(
        &mut self,
        index: usize,
        initial: impl FnOnce() -> F,
    ) -> Result<F, Self::Error>;
}

/// Where [`SessionData::write`] puts its fields.
pub trait WriteFields {
    /// Why a field could not be written.
    type Error;

    /// Writes the field at `index` of the table.
    ///
    /// # Errors
    /// When it can't be encoded.
    fn field<F: serde::Serialize + ?Sized>(
        &mut self,
        index: usize,
        value: &F,
    ) -> Result<(), Self::Error>;
}

/// A `valid` hook refused the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// The field whose `valid` refused, or `None` when it was the struct's own.
    pub field: Option<&'static str>,
}

/// Marks types without `secret` fields: those may live in a signed, hence readable, cookie.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has a `secret` field, and a signed cookie can be read by whoever holds it",
    label = "this session would show its secret",
    note = "keep the value out of this session and on the server, or, if its holder may read it, drop `#[session(secret)]`"
)]
pub trait NoSecrets {}

/// Marks types without `index` fields: any store keeps those.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has an `index` field, and no index is kept here",
    label = "the sessions of a user could not be listed or ended",
    note = "keep these sessions in a store that is an `IndexedStore`, or drop `#[session(index)]`"
)]
pub trait NoIndexes {}

/// Marks types whose every field has `merge = last`.
pub trait MergesByLastOnly {}

/// Puts one field of `value` back to its initial value.
pub(crate) fn reset_field<T: SessionData>(value: &mut T, index: usize) {
    value.swap_field(&mut T::initial(), index);
}

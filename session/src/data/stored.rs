//! One stored field of a session, as the derive describes it to the compiler.
//!
//! The field's type is named in one place, the `impl Stored<I>`, and reached through it everywhere
//! else. So a type that can't be stored is one error, on that type, and not one for each use.

use super::{Field, ReadFields, WriteFields};
use serde::{Deserialize, Deserializer};

/// The field at index `I`. Implemented by the derive, once for each stored field without `with`,
/// for a private type of its own: so the field's type may be as private as the field is.
pub trait Stored<const I: usize> {
    /// The field's type.
    type Type: Field;

    /// Its value in a new session.
    fn initial() -> Self::Type;
}

/// Reads the field at index `I`.
///
/// # Errors
/// Those of the reader.
pub fn read<T: Stored<I>, const I: usize, R: ReadFields>(
    from: &mut R,
) -> Result<T::Type, R::Error> {
    from.field(I, T::initial)
}

/// Writes the field at index `I`.
///
/// # Errors
/// Those of the writer.
pub fn write<T: Stored<I>, const I: usize, W: WriteFields>(
    value: &T::Type,
    to: &mut W,
) -> Result<(), W::Error> {
    to.field(I, value)
}

/// Decodes the field at index `I` alone.
///
/// # Errors
/// Those of the deserializer.
pub fn decode<'de, T: Stored<I>, const I: usize, D: Deserializer<'de>>(
    from: D,
) -> Result<T::Type, D::Error> {
    Deserialize::deserialize(from)
}

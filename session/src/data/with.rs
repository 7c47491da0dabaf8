//! `with = MODULE`: a field encoded by functions of the user's.

use super::{ReadFields, WriteFields};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How the field at index `I` of a session is encoded. Implemented by the derive, once for each
/// field with `with = MODULE`, by calling `MODULE::serialize` and `MODULE::deserialize`.
pub trait WithField<const I: usize> {
    /// The field's type.
    type Type: Send + Sync + 'static;

    /// Its value in a new session.
    fn initial() -> Self::Type;

    /// Calls `MODULE::serialize`.
    ///
    /// # Errors
    /// Those of the serializer.
    fn serialize<S: Serializer>(value: &Self::Type, to: S) -> Result<S::Ok, S::Error>;

    /// Calls `MODULE::deserialize`.
    ///
    /// # Errors
    /// Those of the deserializer.
    fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Type, D::Error>;
}

/// A value on its way in, through [`WithField`].
#[expect(missing_debug_implementations, reason = "holds a field's value")]
pub struct With<T: WithField<I>, const I: usize>(pub T::Type);

impl<'de, T: WithField<I>, const I: usize> Deserialize<'de> for With<T, I> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self)
    }
}

impl<T: WithField<I>, const I: usize> Serialize for With<T, I> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        T::serialize(&self.0, to)
    }
}

/// A value on its way out, through [`WithField`].
#[expect(missing_debug_implementations, reason = "holds a field's value")]
pub struct WithRef<'a, T: WithField<I>, const I: usize>(pub &'a T::Type);

impl<T: WithField<I>, const I: usize> Serialize for WithRef<'_, T, I> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        T::serialize(self.0, to)
    }
}

/// Reads the field at index `I`.
///
/// # Errors
/// Those of the reader.
pub fn read_with<T: WithField<I> + 'static, const I: usize, R: ReadFields>(
    from: &mut R,
) -> Result<T::Type, R::Error> {
    from.field(I, || With::<T, I>(T::initial())).map(|with| with.0)
}

/// Writes the field at index `I`.
///
/// # Errors
/// Those of the writer.
pub fn write_with<T: WithField<I>, const I: usize, W: WriteFields>(
    value: &T::Type,
    to: &mut W,
) -> Result<(), W::Error> {
    to.field(I, &WithRef::<T, I>(value))
}

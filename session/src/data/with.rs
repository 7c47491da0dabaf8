//! `with = MODULE`: a field encoded by functions of the user's.

use super::{ReadFields, WriteFields};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How the field at index `I` of a session is encoded. Implemented by the derive, once for each
/// field with `with = MODULE`, by calling `MODULE::serialize` and `MODULE::deserialize`.
pub trait WithField<const I: usize> {
    /// The field's type.
    type Type: Send + Sync + 'static;

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
struct With<T: WithField<I>, const I: usize>(T::Type);

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
pub(super) struct WithRef<'a, T: WithField<I>, const I: usize>(pub(super) &'a T::Type);

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
    initial: impl FnOnce() -> T::Type,
) -> Result<T::Type, R::Error> {
    from.field(I, || With::<T, I>(initial())).map(|with| with.0)
}

/// Writes the field at index `I`.
///
/// # Errors
/// Those of the writer.
pub fn write_with<T: WithField<I>, const I: usize, W: WriteFields>(
    to: &mut W,
    value: &T::Type,
) -> Result<(), W::Error> {
    to.field(I, &WithRef::<T, I>(value))
}

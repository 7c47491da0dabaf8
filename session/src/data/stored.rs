//! One stored field, as the generated code reaches it.
//!
//! The generated code names [`Stored`] for every field and asks once, by `assert_field`, whether its
//! type can be stored. For a type that can't, paths such as `Stored::<Conn>::read` lead to
//! [`NotStored`] instead, which compiles and does nothing: so that the one question is the one error.

use super::{Field, ReadFields, WriteFields};
use crate::__private::InitialField;
use serde::Deserializer;
use std::marker::PhantomData;

/// Where the values of one field are stored.
#[derive(Debug)]
pub struct Stored<F>(PhantomData<F>);

impl<F: Field> Stored<F> {
    /// The initial value of a field without `default`. `G` is `F` again: as a parameter of the
    /// function's own it is what rustc underlines when there is no `Default`.
    #[must_use]
    pub fn initial<G: InitialField>() -> G {
        G::default()
    }

    /// Reads the field at `index`.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn read<R: ReadFields>(
        from: &mut R,
        index: usize,
        initial: impl FnOnce() -> F,
    ) -> Result<F, R::Error> {
        from.field(index, initial)
    }

    /// Writes the field at `index`.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write<W: WriteFields>(to: &mut W, index: usize, value: &F) -> Result<(), W::Error> {
        to.field(index, value)
    }

    /// Decodes the field alone.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<F, D::Error> {
        F::deserialize(from)
    }
}

/// What [`Stored`] does for types that can't be stored: compile.
pub trait NotStored {
    /// The field's type.
    type Type;

    /// Never called.
    #[must_use]
    fn initial<G>() -> G {
        unreachable!("this does not compile")
    }

    /// Never called.
    ///
    /// # Errors
    /// Never.
    fn read<R: ReadFields>(
        _: &mut R,
        _: usize,
        _: impl FnOnce() -> Self::Type,
    ) -> Result<Self::Type, R::Error> {
        unreachable!("this does not compile")
    }

    /// Never called.
    ///
    /// # Errors
    /// Never.
    fn write<W: WriteFields>(_: &mut W, _: usize, _: &Self::Type) -> Result<(), W::Error> {
        unreachable!("this does not compile")
    }

    /// Never called.
    ///
    /// # Errors
    /// Never.
    fn decode<'de, D: Deserializer<'de>>(_: D) -> Result<Self::Type, D::Error> {
        unreachable!("this does not compile")
    }
}

impl<F> NotStored for Stored<F> {
    type Type = F;
}

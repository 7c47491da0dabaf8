//! serde's traits for session types, for codecs other than the built-in one.

use super::{SessionData, WriteFields};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;

/// A session type seen through `serde::Serialize`: a struct with its stored fields.
#[expect(missing_debug_implementations, reason = "holds the state")]
pub struct Serializable<'a, T>(pub &'a T);

impl<T: SessionData> Serialize for Serializable<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let stored = T::FIELDS.iter().filter(|field| !field.skip).count();
        let mut fields = Fields::<S, T>(to.serialize_struct(T::SCHEMA, stored)?, PhantomData);
        self.0.write(&mut fields)?;
        fields.0.end()
    }
}

struct Fields<S: Serializer, T>(S::SerializeStruct, PhantomData<T>);

impl<S: Serializer, T: SessionData> WriteFields for Fields<S, T> {
    type Error = S::Error;

    fn field<F: Serialize + ?Sized>(&mut self, index: usize, value: &F) -> Result<(), S::Error> {
        self.0.serialize_field(T::FIELDS[index].name, value)
    }
}

/// A session type seen through `serde::Deserialize`: from a map with its stored fields in any
/// order, or from a sequence in the order of declaration. What is missing takes its initial value.
#[expect(missing_debug_implementations, reason = "holds the state")]
pub struct Deserializable<T>(pub T);

impl<'de, T: SessionData> Deserialize<'de> for Deserializable<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_struct(T::SCHEMA, &[], StateVisitor(PhantomData)).map(Self)
    }
}

struct StateVisitor<T>(PhantomData<T>);

impl<'de, T: SessionData> Visitor<'de> for StateVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the fields of session `{}`", T::SCHEMA)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut state = T::initial();
        while let Some(index) = map.next_key_seed(FieldName::<T>(PhantomData))? {
            match index {
                Some(index) => map.next_value_seed(FieldOf { state: &mut state, index })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(state)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        let mut state = T::initial();
        for (index, field) in T::FIELDS.iter().enumerate() {
            if !field.skip && seq.next_element_seed(FieldOf { state: &mut state, index })?.is_none()
            {
                break;
            }
        }
        Ok(state)
    }
}

/// Reads one field into its place.
struct FieldOf<'a, T> {
    state: &'a mut T,
    index: usize,
}

impl<'de, T: SessionData> DeserializeSeed<'de> for FieldOf<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        self.state.read_field(self.index, from)
    }
}

/// Reads a key: which field it names, if any.
struct FieldName<T>(PhantomData<T>);

impl<'de, T: SessionData> DeserializeSeed<'de> for FieldName<T> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<usize>, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl<T: SessionData> Visitor<'_> for FieldName<T> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        Ok(T::FIELDS
            .iter()
            .position(|field| !field.skip && (field.name == key || field.aliases.contains(&key))))
    }
}

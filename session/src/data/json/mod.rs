//! The default codec: one JSON object, a member a field, in the order of declaration.

pub(crate) mod members;
mod read;
mod write;

use super::{Codec, DecodeError, EncodeError, Payload, SessionData};
use members::Members;
use serde_json::{Map, Value};

/// Encodes a state as one JSON object.
///
/// - Keys are the fields' names or their `rename`; values are what the type's `Serialize` gives to
///   `serde_json`: `Option` as the value or `null`, sequences and sets as arrays, maps as objects
///   (their keys must be text, numbers, booleans or unit variants), byte arrays as arrays of
///   numbers, NaN and infinities as `null`. `u64`, `i64`, `u128` and `i128` keep every digit.
/// - Members may stand in any order and with white space; one that is missing takes the field's
///   initial value; one that no field claims survives a write (until `replace`, `destroy` or a
///   change of user). A key that stands twice is an error.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Json;

impl Codec for Json {
    const KEEPS_UNKNOWN: bool = true;

    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        write::write(state, to)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        read::read(from)
    }

    fn decode_field<T: SessionData>(
        &self,
        from: &mut Payload,
        state: &mut T,
        index: usize,
    ) -> Result<(), DecodeError> {
        if !from.has_spans() {
            drop(read::read::<T>(from)?);
        }
        match from.field(index) {
            Some(value) => {
                let mut value = serde_json::Deserializer::from_slice(value);
                state
                    .read_field(index, &mut value)
                    .map_err(|e| DecodeError::of_field(T::FIELDS[index].name, e))
            }
            None => {
                super::reset_field(state, index);
                Ok(())
            }
        }
    }

    fn same_field<T: SessionData>(
        &self,
        from: &mut Payload,
        state: &T,
        index: usize,
    ) -> Result<bool, DecodeError> {
        match from.field(index) {
            Some(value) => state
                .same_as_stored(index, &mut serde_json::Deserializer::from_slice(value))
                .map_err(|e| DecodeError::of_field(T::FIELDS[index].name, e)),
            None => {
                let mut before = T::initial();
                self.decode_field(from, &mut before, index)?;
                Ok(state.same_field(&before, index))
            }
        }
    }

    fn carry_unknown<T: SessionData>(
        &self,
        from: &Payload,
        to: &mut Payload,
    ) -> Result<(), EncodeError> {
        if !from.unknown {
            return Ok(());
        }
        let text = std::str::from_utf8(from.bytes()).map_err(EncodeError::new)?;
        let members = Members::scan(text).map_err(|e| EncodeError::new(e.to_string()))?;
        write::append(members.unclaimed(T::FIELDS), text, to);
        Ok(())
    }

    fn members(&self, from: &Payload) -> Result<Map<String, Value>, DecodeError> {
        serde_json::from_slice(from.bytes()).map_err(DecodeError::new)
    }
}

//! Writing: the fields in the order of declaration, without white space.

use super::members::Member;
use crate::data::codec::SpannedWriter;
use crate::data::{EncodeError, Payload, SessionData, WriteFields};
use serde::Serialize;
use std::marker::PhantomData;

pub(super) fn write<T: SessionData>(state: &T, to: &mut Payload) -> Result<(), EncodeError> {
    let SpannedWriter { bytes, spans } = to.start_spanned(T::FIELDS.len());
    bytes.push(b'{');
    let mut writer = Writer { bytes, spans, of: PhantomData::<T> };
    state.write(&mut writer)?;
    close(bytes);
    to.finish();
    Ok(())
}

/// Adds members, as they are written in `text`, to a finished object.
pub(super) fn append<'m>(members: impl Iterator<Item = &'m Member>, text: &str, to: &mut Payload) {
    let bytes = to.buffer_mut();
    bytes.pop();
    let empty = bytes.len() == 1;
    if !empty {
        bytes.push(b',');
    }
    for member in members {
        bytes.extend_from_slice(&text.as_bytes()[member.whole.clone()]);
        bytes.push(b',');
    }
    close(bytes);
    to.unknown = true;
    to.finish();
}

/// Turns the comma behind the last member into the end of the object.
fn close(bytes: &mut Vec<u8>) {
    match bytes.last_mut() {
        Some(last) if *last == b',' => *last = b'}',
        _ => bytes.push(b'}'),
    }
}

/// Of one type, so that the keys it writes are constants.
struct Writer<'p, T> {
    bytes: &'p mut Vec<u8>,
    spans: &'p mut Vec<(u32, u32)>,
    of: PhantomData<T>,
}

impl<T: SessionData> WriteFields for Writer<'_, T> {
    type Error = EncodeError;

    #[inline]
    fn field<F: Serialize + ?Sized>(&mut self, index: usize, value: &F) -> Result<(), EncodeError> {
        let field = &T::FIELDS[index];
        self.bytes.extend_from_slice(field.json_key.as_bytes());
        let start = self.bytes.len();
        serde_json::to_writer(&mut *self.bytes, value)
            .map_err(|e| EncodeError::of_field(field.name, e))?;
        let end = self.bytes.len();
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) {
            self.spans[index] = (start, end);
        }
        self.bytes.push(b',');
        Ok(())
    }
}

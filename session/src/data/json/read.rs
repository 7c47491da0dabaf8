//! Reading: field after field as the type would write them, which takes no look-up and no
//! intermediate value; on the first surprise by a scan of all members.

use super::members::{Members, next_value};
use crate::data::{DecodeError, Field, Payload, ReadFields, SessionData};
use std::marker::PhantomData;
use std::ops::Range;

pub(super) fn read<T: SessionData>(from: &mut Payload) -> Result<T, DecodeError> {
    let (bytes, spans) = from.parts_mut();
    // One check for the whole payload, so that no string in it is checked again.
    let text = std::str::from_utf8(bytes).map_err(DecodeError::new)?;
    spans.clear();
    spans.resize(T::FIELDS.len(), (0, 0));
    let mut reader = Reader::<T> {
        text,
        of: PhantomData,
        spans,
        order: if text.as_bytes().first() == Some(&b'{') {
            Order::Kept { at: 1 }
        } else {
            Order::Lost(Members::scan(text)?)
        },
    };
    let state = T::read(&mut reader)?;
    let unknown = reader.finish()?;
    from.unknown = unknown;
    Ok(state)
}

/// Of one type, so that the keys it expects are constants.
struct Reader<'p, T> {
    text: &'p str,
    of: PhantomData<T>,
    spans: &'p mut Vec<(u32, u32)>,
    order: Order,
}

enum Order {
    /// So far every field stood where it was expected; the next key, or the end, is at `at`.
    Kept { at: usize },
    /// Something else stood there: fields are looked up.
    Lost(Members),
}

impl<T: SessionData> ReadFields for Reader<'_, T> {
    type Error = DecodeError;

    #[inline]
    fn field<F: Field>(
        &mut self,
        index: usize,
        initial: impl FnOnce() -> F,
    ) -> Result<F, DecodeError> {
        let field = &T::FIELDS[index];
        if let Order::Kept { at } = self.order
            && let Some(rest) = self.text[at..].strip_prefix(field.json_key)
        {
            let (value, len) =
                next_value(rest).map_err(|e| DecodeError::of_field(field.name, e))?;
            let start = at + field.json_key.len();
            let end = start + len;
            self.order = match rest.as_bytes().get(len) {
                Some(b',') => Order::Kept { at: end + 1 },
                Some(b'}') => Order::Kept { at: end },
                // White space, or no JSON at all: the scan tells.
                _ => Order::Lost(Members::scan(self.text)?),
            };
            self.note(index, start..end);
            return Ok(value);
        }
        self.look_up(index, initial)
    }
}

impl<T: SessionData> Reader<'_, T> {
    #[cold]
    fn look_up<F: Field>(
        &mut self,
        index: usize,
        initial: impl FnOnce() -> F,
    ) -> Result<F, DecodeError> {
        let field = &T::FIELDS[index];
        if matches!(self.order, Order::Kept { .. }) {
            self.order = Order::Lost(Members::scan(self.text)?);
        }
        let Order::Lost(members) = &self.order else {
            unreachable!("set above");
        };
        match members.find(field) {
            Some(member) => {
                let range = member.value.clone();
                let value = serde_json::from_str(&self.text[range.clone()])
                    .map_err(|e| DecodeError::of_field(field.name, e))?;
                self.note(index, range);
                Ok(value)
            }
            None => Ok(initial()),
        }
    }

    fn note(&mut self, index: usize, range: Range<usize>) {
        // A payload of over 4 GiB has no spans, and is compared as a whole.
        if let (Ok(start), Ok(end)) = (u32::try_from(range.start), u32::try_from(range.end)) {
            self.spans[index] = (start, end);
        }
    }

    /// Checks what is behind the last field; says whether there are unknown members.
    fn finish(self) -> Result<bool, DecodeError> {
        let members = match self.order {
            Order::Kept { at } if &self.text[at..] == "}" && !self.text[..at].ends_with(',') => {
                return Ok(false);
            }
            Order::Kept { .. } => Members::scan(self.text)?,
            Order::Lost(members) => members,
        };
        Ok(members.unclaimed(T::FIELDS).next().is_some())
    }
}

//! The values of `index` fields, in the form that indexes know them by.

use super::{SessionData, WriteFields};
use serde::Serialize;

/// Hands out the JSON of each `index` field that has a value: one that is not initial, nor `null`.
///
/// JSON whatever the codec: so that an index is found by a value alone, and outlives a change of
/// codecs.
pub(crate) fn indexed_values<T: SessionData>(state: &T, each: impl FnMut(usize, &[u8])) {
    let initial = T::initial();
    let mut walk = Walk::<T, _> { state, initial: &initial, each, json: Vec::new() };
    // It has no errors.
    let Ok(()) = state.write(&mut walk);
}

struct Walk<'s, T, E> {
    state: &'s T,
    initial: &'s T,
    each: E,
    json: Vec<u8>,
}

impl<T: SessionData, E: FnMut(usize, &[u8])> WriteFields for Walk<'_, T, E> {
    type Error = std::convert::Infallible;

    fn field<F: Serialize + ?Sized>(&mut self, index: usize, value: &F) -> Result<(), Self::Error> {
        if !T::FIELDS[index].index || self.state.same_field(self.initial, index) {
            return Ok(());
        }
        self.json.clear();
        // What JSON can't show has no index: the codec reports it.
        if serde_json::to_writer(&mut self.json, value).is_ok() && self.json != b"null" {
            (self.each)(index, &self.json);
        }
        Ok(())
    }
}

//! Which fields changed, decided by content (DESIGN rule 9).
//!
//! Cheap first: equal bytes are an equal state. A field whose bytes differ is decoded and compared
//! as its type compares, so that maps of random order, aliases and new defaults are no change.

use super::codec::Coder;
use super::{Payload, SessionData};

/// What a state is compared with.
pub(crate) enum Base<'a> {
    /// The initial state.
    Initial,
    /// An encoded state.
    Encoded(&'a mut Payload),
}

/// Compares `state`, encoded as `now`, with `base`.
pub(crate) struct Diff<'a, T> {
    coder: &'a dyn Coder<T>,
    base: Base<'a>,
    state: &'a T,
    now: &'a Payload,
    /// Made when it is first needed.
    initial: Option<T>,
}

impl<'a, T: SessionData> Diff<'a, T> {
    pub(crate) fn new(
        coder: &'a dyn Coder<T>,
        base: Base<'a>,
        state: &'a T,
        now: &'a Payload,
    ) -> Self {
        Self { coder, base, state, now, initial: None }
    }

    /// Whether any stored field changed. Stops at the first.
    pub(crate) fn any(&mut self) -> bool {
        if let Base::Encoded(base) = &self.base
            && base.bytes() == self.now.bytes()
        {
            return false;
        }
        (0..T::FIELDS.len()).any(|index| self.changed(index))
    }

    /// Whether one field changed. Skipped fields never do.
    pub(crate) fn changed(&mut self, index: usize) -> bool {
        if T::FIELDS[index].skip {
            return false;
        }
        if let Base::Encoded(base) = &self.base
            && let (Some(before), Some(now)) = (base.field(index), self.now.field(index))
            && before == now
        {
            return false;
        }
        match &mut self.base {
            Base::Initial => {
                let initial = self.initial.get_or_insert_with(T::initial);
                !self.state.same_field(initial, index)
            }
            // What can't be decoded any more is not what is there now.
            Base::Encoded(base) => !self.coder.same_field(base, self.state, index).unwrap_or(false),
        }
    }

    /// Whether a field has its initial value in the base.
    pub(crate) fn was_initial(&mut self, index: usize) -> bool {
        match &mut self.base {
            Base::Initial => true,
            Base::Encoded(base) => {
                let initial = self.initial.get_or_insert_with(T::initial);
                self.coder.same_field(base, initial, index).unwrap_or(false)
            }
        }
    }
}

/// The largest stored field of an encoded state.
pub(crate) fn largest_field<T: SessionData>(
    coder: &dyn Coder<T>,
    state: &T,
    payload: &Payload,
) -> Option<(&'static str, usize)> {
    let size = |index: usize| match payload.field(index) {
        Some(value) => value.len(),
        None => size_without(coder, state, payload, index),
    };
    (0..T::FIELDS.len())
        .filter(|&index| !T::FIELDS[index].skip)
        .map(|index| (T::FIELDS[index].name, size(index)))
        .max_by_key(|&(_, size)| size)
}

/// For codecs that can't tell where fields lie: by how much the payload shrinks when the field has
/// its initial value.
fn size_without<T: SessionData>(
    coder: &dyn Coder<T>,
    state: &T,
    payload: &Payload,
    index: usize,
) -> usize {
    let mut without = Payload::default();
    let mut copy = Payload::default();
    let shrunk =
        coder.encode(state, &mut copy).ok().and_then(|()| coder.decode(&mut copy).ok()).and_then(
            |mut copied| {
                super::reset_field(&mut copied, index);
                coder.encode(&copied, &mut without).ok()
            },
        );
    match shrunk {
        Some(()) => payload.bytes().len().saturating_sub(without.bytes().len()),
        None => 0,
    }
}

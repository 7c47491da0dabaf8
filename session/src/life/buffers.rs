//! What requests need for a while, used again: so most of them allocate none of it.

use super::stored::HeldRow;
use crate::data::Payload;
use std::cell::RefCell;

/// Larger ones are not kept: one request is not to be paid for by all that follow.
const KEPT_BYTES: usize = 16 * 1024;
/// More than one is needed only while requests of one thread overlap.
const KEPT: usize = 32;

/// What a life encodes and decodes in, and what it knows of a row. Empty between requests.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) loaded: Payload,
    pub(super) payload: Payload,
    pub(super) token: Vec<u8>,
    /// For what is written to a store.
    pub(super) row: Vec<u8>,
    pub(super) held: HeldRow,
}

thread_local! {
    /// Taken on the thread that opens a session, given back on the one that closes it. Not a place
    /// to find a request's session in: that is in its extensions, wherever it runs.
    static SPARE: RefCell<Vec<Buffers>> = const { RefCell::new(Vec::new()) };
}

impl Buffers {
    pub(super) fn take() -> Self {
        // A thread that is about to end has none.
        let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        spare.ok().flatten().unwrap_or_default()
    }

    pub(super) fn give_back(mut self) {
        self.loaded.clear();
        self.payload.clear();
        self.token.clear();
        self.row.clear();
        self.held.clear();
        let largest = self.loaded.capacity().max(self.payload.capacity());
        if largest.max(self.token.capacity()).max(self.row.capacity()) > KEPT_BYTES {
            return;
        }
        let _ = SPARE.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < KEPT
            {
                spare.push(self);
            }
        });
    }
}

//! What this process saw last of some rows, so that a change right after a load is one command.
//!
//! Memcached gives every version of an item a number and stores `cas` only on that version. Who still
//! has the number from the load need not read again: if the row is another by now, or gone, the
//! server says so. A forgotten or outdated number costs a command, never a change.

use crate::store::{Record, Revision, RowKey, Times};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many rows are remembered: about as many as a process has requests between load and commit.
const SLOTS: usize = 1024;

/// One version of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) token: u64,
    pub(super) revision: Revision,
    pub(super) times: Times,
}

impl Head {
    pub(super) fn of(record: &Record, token: u64) -> Self {
        Self { token, revision: record.revision, times: record.times }
    }
}

/// The last row that was put in.
type Slot = Option<(RowKey, Head)>;

/// A row has one slot, by its key.
pub(super) struct Seen {
    slots: Box<[Mutex<Slot>]>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::new(None)).collect() }
    }

    pub(super) fn remember(&self, key: &RowKey, head: Head) {
        *self.slot(key) = Some((*key, head));
    }

    /// What was seen of the row, once: a write makes another version of it.
    pub(super) fn take(&self, key: &RowKey) -> Option<Head> {
        self.slot(key).take_if(|(seen, _)| seen == key).map(|(_, head)| head)
    }

    fn slot(&self, key: &RowKey) -> MutexGuard<'_, Slot> {
        // Keys are digests, so that any of their bytes spread them evenly.
        let [.., high, low] = *key.as_bytes();
        let slot = usize::from(u16::from_be_bytes([high, low])) % SLOTS;
        // Nothing that holds the lock can panic half-way.
        self.slots[slot].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Millis;

    fn key(first: u8, last: u8) -> RowKey {
        let mut bytes = [7; 32];
        bytes[0] = first;
        bytes[31] = last;
        RowKey::from_bytes(bytes)
    }

    fn head(token: u64) -> Head {
        let at = Millis::from_ms(5);
        Head { token, revision: Revision::FIRST, times: Times::new(at, 1, at) }
    }

    #[test]
    fn a_version_is_given_out_once() {
        let seen = Seen::new();
        seen.remember(&key(1, 1), head(10));
        assert_eq!(seen.take(&key(1, 1)).map(|head| head.token), Some(10));
        assert!(seen.take(&key(1, 1)).is_none());
    }

    #[test]
    fn a_row_never_gets_the_version_of_another_in_its_slot() {
        let seen = Seen::new();
        seen.remember(&key(1, 1), head(10));
        assert!(seen.take(&key(2, 1)).is_none(), "same slot, another key");
        assert!(seen.take(&key(1, 1)).is_some(), "asking for another takes nothing");
        seen.remember(&key(1, 1), head(10));
        seen.remember(&key(2, 1), head(11));
        assert!(seen.take(&key(1, 1)).is_none(), "the last one stays");
        assert_eq!(seen.take(&key(2, 1)).map(|head| head.token), Some(11));
    }
}

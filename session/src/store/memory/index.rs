//! The sets of row keys.

use crate::store::shards::{Kept, Shards, Until, hash};
use crate::store::{IndexKey, RowKey, StoreError, StoreErrorKind};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 64;

/// About what an entry takes: nodes of eleven entries are two thirds full on the average.
pub(super) const ENTRY_BYTES: usize =
    (size_of::<(IndexKey, RowKey)>() + size_of::<Until>()) * 3 / 2;

/// Each so many writes to a shard look for what is over among so many entries of one shard, each
/// shard in its turn.
const COLLECT_EACH: usize = 4;
const COLLECT_ENTRIES: usize = 64;

/// All sets, spread by the keys of the sets.
///
/// One sorted map holds many sets: a set of one member, which is what most are, costs no allocation
/// of its own, and in a set of a million every step is still a short one.
pub(super) struct Sets {
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Default)]
struct Shard {
    entries: BTreeMap<(IndexKey, RowKey), Until>,
    /// Collecting goes on after this one.
    cursor: Option<(IndexKey, RowKey)>,
    writes: usize,
}

impl Sets {
    pub(super) fn new() -> Self {
        Self { shards: std::iter::repeat_with(Mutex::default).take(SHARDS).collect() }
    }

    /// Puts an entry, or keeps it there for longer. The caller makes room for it afterwards.
    pub(super) fn insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        until: Until,
        rows: &Shards<Kept>,
    ) -> Result<(), StoreError> {
        let mut shard = self.lock(number(index));
        match shard.entries.entry((*index, *member)) {
            Entry::Occupied(mut there) => {
                let longer = until.max(*there.get());
                there.insert(longer);
            }
            Entry::Vacant(_) if !rows.has_room_for(ENTRY_BYTES) => {
                return Err(StoreError::of(StoreErrorKind::Busy));
            }
            Entry::Vacant(place) => {
                rows.add_other(ENTRY_BYTES);
                place.insert(until);
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, index: &IndexKey, member: &RowKey, rows: &Shards<Kept>) {
        if self.lock(number(index)).entries.remove(&(*index, *member)).is_some() {
            rows.subtract_other(ENTRY_BYTES);
        }
    }

    pub(super) fn members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
        now: u64,
    ) -> Vec<RowKey> {
        let from = match after {
            Some(after) => Excluded((*index, *after)),
            None => Included((*index, RowKey::from_bytes([0; 32]))),
        };
        let to = Included((*index, RowKey::from_bytes([255; 32])));
        let shard = self.lock(number(index));
        let members = shard.entries.range((from, to)).filter(|(_, until)| !until.is_over(now));
        members.map(|((_, member), _)| *member).take(limit).collect()
    }

    /// Takes out some of what is over: what each write pays beside its own work.
    pub(super) fn collect(&self, index: &IndexKey, rows: &Shards<Kept>, now: u64) {
        let number = number(index);
        let mut shard = self.lock(number);
        shard.writes = shard.writes.wrapping_add(1);
        let (turn, due) = (shard.writes / COLLECT_EACH, shard.writes.is_multiple_of(COLLECT_EACH));
        drop(shard);
        if due {
            self.lock((number + turn) % SHARDS).collect(rows, now);
        }
    }

    fn lock(&self, number: usize) -> MutexGuard<'_, Shard> {
        // The map is whole between any two calls.
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn collect(&mut self, rows: &Shards<Kept>, now: u64) {
        let from = self.cursor.take().map_or(Unbounded, Excluded);
        let mut over = Vec::new();
        for (nth, (entry, until)) in
            self.entries.range((from, Unbounded)).take(COLLECT_ENTRIES).enumerate()
        {
            if until.is_over(now) {
                over.push(*entry);
            }
            if nth + 1 == COLLECT_ENTRIES {
                self.cursor = Some(*entry);
            }
        }
        for entry in &over {
            self.entries.remove(entry);
            rows.subtract_other(ENTRY_BYTES);
        }
    }
}

fn number(index: &IndexKey) -> usize {
    (hash(&RowKey::from_bytes(*index.as_bytes())) >> 48) as usize % SHARDS
}

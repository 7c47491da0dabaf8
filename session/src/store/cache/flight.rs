//! Calls that are on their way to the store, and what their answers change.
//!
//! An answer tells what was true at some moment since its call began. It may be old when it arrives:
//! another call for the same row may have told more meanwhile. So each call notes on the others for
//! its row what it learned, and an answer that falls behind what was noted on its own call is not
//! kept. What was learned before a call began needs no note: its answer is newer.

use super::Rows;
use crate::store::shards::{Kept, Locked, Shards, Until};
use crate::store::{Record, Revision, RowKey, Times};
use crate::time::Millis;

/// The calls that are on their way for the rows of one table.
#[derive(Default)]
pub(super) struct Flights {
    pub(super) calls: Vec<Call>,
    next: u64,
}

pub(super) struct Call {
    id: u64,
    key: RowKey,
    may_write: bool,
    noted: Noted,
}

/// What other calls learned about the row since this one began. The greatest holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Noted {
    Nothing,
    /// It is at least that version, and of that one it has at least this end.
    AtLeast(Revision, Millis),
    /// It is gone, or something happened to it of which nobody knows what.
    Gone,
}

/// One call. When it is dropped without an answer, a write may have done anything to its row.
pub(super) struct Flight<'a> {
    rows: &'a Rows,
    key: RowKey,
    id: u64,
    began: u64,
    may_write: bool,
    landed: bool,
}

impl<'a> Flight<'a> {
    pub(super) fn of_a_load(rows: &'a Rows, key: &RowKey) -> Self {
        Self::begin(rows, key, false)
    }

    pub(super) fn of_a_write(rows: &'a Rows, key: &RowKey) -> Self {
        Self::begin(rows, key, true)
    }

    fn begin(rows: &'a Rows, key: &RowKey, may_write: bool) -> Self {
        let began = rows.shards.now();
        let mut shard = rows.shards.read(key);
        let flights = shard.beside();
        let id = flights.next;
        flights.next += 1;
        flights.calls.push(Call { id, key: *key, may_write, noted: Noted::Nothing });
        drop(shard);
        Self { rows, key: *key, id, began, may_write, landed: false }
    }

    /// The row was this one.
    pub(super) fn learned(mut self, record: &Record) {
        let until = self.fresh_until();
        let (shard, noted) = self.land();
        self.put(shard, noted, Kept::new(record), until);
    }

    /// The row was made, so that what others bring from before is of another one.
    pub(super) fn learned_it_is_new(mut self, record: &Record) {
        let until = self.fresh_until();
        let (mut shard, noted) = self.land();
        shard.beside().note(&self.key, Noted::Gone);
        self.put(shard, noted, Kept::new(record), until);
    }

    /// The row was replaced by this one, which has the later end of both. What the end was is known
    /// only if the old row is kept, and only since that one was seen; and not while a touch may have
    /// moved it that is not answered yet.
    pub(super) fn learned_an_update(mut self, expected: Revision, record: &Record) {
        let mut row = Kept::new(record);
        let fresh = self.fresh_until();
        let (mut shard, noted) = self.land();
        let alone = !shard.beside().may_be_written(&self.key);
        let old = shard.find(&self.key).filter(|&at| shard.value(at).revision == expected);
        let until = old.filter(|_| alone).map(|at| {
            row.times = shard.value(at).times.later(row.times);
            shard.until(at)
        });
        self.put(shard, noted, row, fresh.min(until));
    }

    /// The row had this revision, and has these times now.
    pub(super) fn learned_a_touch(mut self, expected: Revision, times: Times) {
        let fresh = self.fresh_until();
        let (mut shard, _) = self.land();
        shard.beside().note(&self.key, Noted::AtLeast(expected, times.ends()));
        let Some(at) = shard.find(&self.key) else { return };
        let until = shard.until(at);
        let row = shard.value_mut(at);
        if row.revision < expected {
            shard.remove(at);
        } else if row.revision == expected {
            row.times = row.times.later(times);
            // The same revision has the same body: it was seen again.
            shard.set_until(at, fresh.map_or(until, |fresh| fresh.max(until)));
        }
    }

    /// The row has another revision, or is gone, or had such an end before.
    pub(super) fn learned_no_touch(mut self, expected: Revision, times: Times) {
        let (mut shard, _) = self.land();
        shard.beside().note(&self.key, Noted::AtLeast(expected, times.ends()));
        drop_if(shard, &self.key, |row| {
            row.revision < expected || row.revision == expected && row.times.ends() < times.ends()
        });
    }

    /// The row is gone, which is for ever, or changed to nobody knows what.
    pub(super) fn learned_all_is_old(mut self) {
        self.land();
        self.forget();
    }

    /// The answer says nothing about what the row is.
    pub(super) fn learned_nothing(mut self) {
        self.land();
    }

    /// Whatever is known about the row holds no more, nor does what other calls bring.
    pub(super) fn forget(&self) {
        let mut shard = self.rows.shards.read(&self.key);
        shard.beside().note(&self.key, Noted::Gone);
        drop_if(shard, &self.key, |_| true);
    }

    /// Keeps a row until then, if nothing newer was noted; in any case nothing older.
    fn put(
        &self,
        mut shard: Locked<'_, Kept, Flights>,
        noted: Noted,
        row: Kept,
        until: Option<Until>,
    ) {
        let now = self.rows.shards.now();
        let fits = self.rows.shards.has_room_for(Shards::<Kept, Flights>::row_bytes(&row));
        let learned = version(&row);
        shard.beside().note(&self.key, learned);
        match until.filter(|until| !until.is_over(now)) {
            Some(until) if fits && noted <= learned => match shard.find(&self.key) {
                Some(at) => drop(shard.replace(&self.key, at, until, row, now)),
                None => drop(shard.insert(&self.key, until, row, now)),
            },
            _ => drop_if(shard, &self.key, |old| version(old) < learned),
        }
    }

    /// What is learned now was true at some moment since the call began, and is too old when that
    /// moment is.
    fn fresh_until(&self) -> Option<Until> {
        // `Until` holds through its millisecond, of which this one is the last that is wholly within.
        let lifetime = self.rows.max_stale.checked_sub(1)?;
        Some(Until::ms(self.began.saturating_add(lifetime)))
    }

    /// Ends the call, and gives what was noted on it.
    fn land(&mut self) -> (Locked<'a, Kept, Flights>, Noted) {
        self.landed = true;
        let mut shard = self.rows.shards.write(&self.key, self.rows.shards.now());
        let noted = shard.beside().take(self.id);
        (shard, noted)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        self.land();
        if self.may_write {
            self.forget();
        }
    }
}

impl Flights {
    fn note(&mut self, key: &RowKey, learned: Noted) {
        for call in self.calls.iter_mut().filter(|call| call.key == *key) {
            call.noted = call.noted.max(learned);
        }
    }

    /// Whether a write of the row is on its way.
    fn may_be_written(&self, key: &RowKey) -> bool {
        self.calls.iter().any(|call| call.may_write && call.key == *key)
    }

    fn take(&mut self, id: u64) -> Noted {
        match self.calls.iter().position(|call| call.id == id) {
            Some(at) => self.calls.swap_remove(at).noted,
            None => Noted::Gone,
        }
    }
}

fn version(row: &Kept) -> Noted {
    Noted::AtLeast(row.revision, row.times.ends())
}

/// Takes what is kept of a row out if it is outdated.
fn drop_if(mut shard: Locked<'_, Kept, Flights>, key: &RowKey, outdated: impl Fn(&Kept) -> bool) {
    if let Some(at) = shard.find(key)
        && outdated(shard.value(at))
    {
        shard.remove(at);
    }
}

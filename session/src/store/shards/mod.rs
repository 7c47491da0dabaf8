//! Rows in memory, spread over tables: what [`MemoryStore`](super::MemoryStore) and
//! [`Cache`](super::Cache) share.
//!
//! Each table has a lock of its own, which is held for well under a microsecond as a rule, never
//! across an await, and for as long as it takes to build the slots of one table anew when that one
//! grows or shrinks: rows never move for others that come. What is over goes away in small steps that writes
//! take.

mod kept;
mod table;
#[cfg(test)]
mod tests;

pub(super) use kept::{Kept, Weigh};
use table::Table;
pub(super) use table::{Until, hash};

use super::RowKey;
use crate::time::in_ms;
use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// Each so many writes to a table look for what is over among so many rows of one table, each table
/// in its turn: else one that gets no writes would keep for ever what is over.
const COLLECT_EACH: u32 = 4;
const COLLECT_ROWS: usize = 64;

/// Tables for each processor: so many that two calls at once hardly ever meet in one, and so few that
/// the ends of all tables, where new rows go, stay in a processor's cache.
const TABLES_EACH: usize = 32;
/// Rows of a table when all is full: no more, so that the slots of one are built in about a
/// millisecond; and no fewer than about so many, as a small store needs no more than one table.
const MOST_ROWS: usize = 64 * 1024;
const LEAST_ROWS: usize = 2048;
const MOST_TABLES: usize = 4096;
/// What the bytes are divided by to guess how many rows they are for.
const USUAL_ROW: usize = 256;

/// The engine's clock, in milliseconds since some moment.
pub(super) type Now = Box<dyn Fn() -> u64 + Send + Sync>;

/// The system's monotonic clock.
pub(super) fn system_now() -> Now {
    let start = Instant::now();
    Box::new(move || in_ms(start.elapsed()))
}

/// `now + keep`, no moment less than `keep` from now on.
pub(super) fn until(now: u64, keep: Duration) -> Until {
    let keep = keep.saturating_add(Duration::from_nanos(999_999));
    Until::ms(now.saturating_add(in_ms(keep)))
}

/// How much there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// The tables. `X` is what the owner keeps beside each table, under the same lock.
pub(super) struct Shards<V, X = ()> {
    shards: Box<[Lonely<V, X>]>,
    limits: Limits,
    now: Now,
    count: Alone<Count>,
}

/// In cache lines of its own: two processors don't wait for one another because of neighbours. Two
/// lines, because processors fetch them in pairs.
#[repr(align(128))]
struct Alone<T>(T);

type Lonely<V, X> = Alone<Mutex<Shard<V, X>>>;

/// Only writes that change them touch these.
#[derive(Default)]
struct Count {
    rows: AtomicUsize,
    bytes: AtomicUsize,
    /// What the owner keeps elsewhere.
    other_bytes: AtomicUsize,
    /// Where room is looked for when a row's own table has none to give.
    hand: AtomicUsize,
}

struct Shard<V, X> {
    table: Table<V>,
    writes: u32,
    beside: X,
}

/// One table, locked.
pub(super) struct Locked<'a, V, X> {
    shards: &'a Shards<V, X>,
    shard: MutexGuard<'a, Shard<V, X>>,
}

impl<V: Weigh, X: Default> Shards<V, X> {
    pub(super) fn new(limits: Limits, now: Now) -> Self {
        let rows = limits.rows.min(limits.bytes / USUAL_ROW);
        let tables = tables(rows, available_parallelism().map_or(1, NonZero::get));
        let shard = |n: usize| {
            // Any odd numbers that differ.
            let table = Table::new((n as u32).wrapping_mul(0x9e37_79b9) | 1);
            Alone(Mutex::new(Shard { table, writes: n as u32, beside: X::default() }))
        };
        // More would not fit into the tables' slots; it would be terabytes of rows.
        let limits = Limits { rows: limits.rows.min(tables << 22), ..limits };
        Self {
            shards: (0..tables).map(shard).collect(),
            limits,
            now,
            count: Alone(Count::default()),
        }
    }
}

/// How many tables for so many rows, a power of two.
fn tables(rows: usize, processors: usize) -> usize {
    let tables = (processors * TABLES_EACH).clamp(rows / MOST_ROWS, rows / LEAST_ROWS);
    tables.clamp(1, MOST_TABLES).next_power_of_two()
}

impl<V: Weigh, X> Shards<V, X> {
    /// The engine's clock.
    pub(super) fn now(&self) -> u64 {
        (self.now)()
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn len(&self) -> usize {
        self.count.0.rows.load(Relaxed)
    }

    /// About what is taken, with what the owner keeps elsewhere.
    pub(super) fn bytes(&self) -> usize {
        self.count.0.bytes.load(Relaxed) + self.count.0.other_bytes.load(Relaxed)
    }

    /// About what a row with this value takes.
    pub(super) fn row_bytes(value: &V) -> usize {
        Table::<V>::ROW_BYTES + value.heap_bytes()
    }

    /// Whether so many bytes are within the limits when all rows give way that can.
    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        bytes.saturating_add(self.count.0.other_bytes.load(Relaxed)) <= self.limits.bytes
    }

    /// The table of a key.
    pub(super) fn read(&self, key: &RowKey) -> Locked<'_, V, X> {
        self.lock(self.index(key))
    }

    /// The table of a key, for a call that pays with a little collecting.
    pub(super) fn write(&self, key: &RowKey, now: u64) -> Locked<'_, V, X> {
        let index = self.index(key);
        let mut locked = self.lock(index);
        let writes = &mut locked.shard.writes;
        *writes = writes.wrapping_add(1);
        let (turn, due) = ((*writes / COLLECT_EACH) as usize, writes.is_multiple_of(COLLECT_EACH));
        if !due {
            return locked;
        }
        drop(locked);
        // Who holds it now writes or reads there; its turn comes again.
        if let Ok(shard) = self.shards[(index + turn) % self.shards.len()].0.try_lock() {
            Locked { shards: self, shard }.collect(now);
        }
        self.lock(index)
    }

    /// Counts bytes that the owner keeps elsewhere; before they are there, so that whoever takes
    /// them away again never subtracts first. [`make_room`](Self::make_room) comes after.
    pub(super) fn add_other(&self, bytes: usize) {
        self.count.0.other_bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn subtract_other(&self, bytes: usize) {
        self.count.0.other_bytes.fetch_sub(bytes, Relaxed);
    }

    /// Takes rows out of one table after the other until all is within the limits. Gives the number
    /// of those that had to go before their time.
    pub(super) fn make_room(&self, spared: Option<&RowKey>, now: u64) -> usize {
        let mut evicted = 0;
        for _ in 0..self.shards.len() {
            if !self.is_over() {
                break;
            }
            let index = self.count.0.hand.fetch_add(1, Relaxed) & (self.shards.len() - 1);
            evicted += self.lock(index).give_room(spared, now);
        }
        evicted
    }

    fn is_over(&self) -> bool {
        self.len() > self.limits.rows || self.bytes() > self.limits.bytes
    }

    fn index(&self, key: &RowKey) -> usize {
        // The uppermost bits; of one table none.
        (hash(key) >> 48) as usize & (self.shards.len() - 1)
    }

    fn lock(&self, index: usize) -> Locked<'_, V, X> {
        // Nothing panics under the lock but a bug, and a table is whole between any two calls.
        let shard = self.shards[index].0.lock().unwrap_or_else(PoisonError::into_inner);
        Locked { shards: self, shard }
    }
}

impl<V: Weigh, X> Locked<'_, V, X> {
    /// What the owner keeps beside the table.
    pub(super) fn beside(&mut self) -> &mut X {
        &mut self.shard.beside
    }

    /// The position of a row, until the next one comes or goes.
    pub(super) fn find(&self, key: &RowKey) -> Option<usize> {
        self.shard.table.find(key)
    }

    pub(super) fn value(&self, at: usize) -> &V {
        self.shard.table.value(at)
    }

    /// To change it without changing what it has on the heap.
    pub(super) fn value_mut(&mut self, at: usize) -> &mut V {
        self.shard.table.value_mut(at)
    }

    pub(super) fn until(&self, at: usize) -> Until {
        self.shard.table.until(at)
    }

    pub(super) fn set_until(&mut self, at: usize, until: Until) {
        self.shard.table.set_until(at, until);
    }

    pub(super) fn mark_used(&mut self, at: usize) {
        self.shard.table.mark_used(at);
    }

    pub(super) fn remove(&mut self, at: usize) -> V {
        let value = self.shard.table.remove(at);
        self.subtract_row(&value);
        value
    }

    /// Puts a row whose key is not there, and makes room for it. Gives the number of rows that had
    /// to go before their time.
    pub(super) fn insert(mut self, key: &RowKey, until: Until, value: V, now: u64) -> usize {
        let count = &self.shards.count.0;
        count.rows.fetch_add(1, Relaxed);
        count.bytes.fetch_add(Shards::<V, X>::row_bytes(&value), Relaxed);
        self.shard.table.insert(*key, until, value);
        self.settle(key, now)
    }

    /// Replaces what a row has, and makes room for it. Gives what it had, and the number of rows
    /// that had to go before their time.
    pub(super) fn replace(
        mut self,
        key: &RowKey,
        at: usize,
        until: Until,
        value: V,
        now: u64,
    ) -> (V, usize) {
        let to = Shards::<V, X>::row_bytes(&value);
        self.shard.table.mark_used(at);
        self.shard.table.set_until(at, until);
        let old = std::mem::replace(self.shard.table.value_mut(at), value);
        let from = Shards::<V, X>::row_bytes(&old);
        // Not needed by most updates, and every processor would wait for the others here.
        if to > from {
            self.shards.count.0.bytes.fetch_add(to - from, Relaxed);
        } else if from > to {
            self.shards.count.0.bytes.fetch_sub(from - to, Relaxed);
        }
        let evicted = if to > from { self.settle(key, now) } else { 0 };
        (old, evicted)
    }

    fn settle(mut self, spared: &RowKey, now: u64) -> usize {
        if !self.shards.is_over() {
            return 0;
        }
        let evicted = self.give_room(Some(spared), now);
        let shards = self.shards;
        drop(self);
        evicted + shards.make_room(Some(spared), now)
    }

    /// Takes rows out of this table until all is within the limits.
    fn give_room(&mut self, spared: Option<&RowKey>, now: u64) -> usize {
        let mut evicted = 0;
        while self.shards.is_over() {
            let spared = spared.and_then(|key| self.find(key));
            let Some(at) = self.shard.table.victim(now, spared) else { break };
            let until = self.until(at);
            evicted += usize::from(!until.is_over(now) && !until.is_lesser());
            self.remove(at);
        }
        evicted
    }

    fn collect(&mut self, now: u64) {
        let count = &self.shards.count.0;
        let gone = |value| subtract_row(count, Shards::<V, X>::row_bytes(&value));
        self.shard.table.collect(now, COLLECT_ROWS, gone);
    }

    fn subtract_row(&self, value: &V) {
        subtract_row(&self.shards.count.0, Shards::<V, X>::row_bytes(value));
    }
}

fn subtract_row(count: &Count, bytes: usize) {
    count.rows.fetch_sub(1, Relaxed);
    count.bytes.fetch_sub(bytes, Relaxed);
}

impl<V: Weigh, X> fmt::Debug for Shards<V, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards")
            .field("tables", &self.shards.len())
            .field("len", &self.len())
            .field("bytes", &self.bytes())
            .field("limits", &self.limits)
            .finish()
    }
}

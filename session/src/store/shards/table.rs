//! A hash table whose rows lie side by side: every row can be reached by its position, which is what
//! collecting in small steps and looking at a random sample need.

mod blocks;
#[cfg(test)]
mod tests;

use crate::store::RowKey;
use blocks::Blocks;
use std::mem::size_of;

/// How many rows a search for a victim looks at, so that it takes microseconds in any table. Where
/// it found none the next one goes on.
const LOOK: usize = 1024;

/// How many rows compete for being the least recently used one.
const SAMPLE: usize = 16;

/// A slot holds the position of a row above eight bits of its hash, which save most comparisons
/// with rows that another key brought to the same place.
const TAG_BITS: u32 = 8;
const EMPTY: u32 = u32::MAX;

/// Rows by key, each with the moment until which it must be kept.
#[derive(Debug)]
pub(in crate::store) struct Table<V> {
    /// Open addressing, linear probing. A power of two, at least a quarter of it empty.
    slots: Box<[u32]>,
    rows: Blocks<Row<V>>,
    /// Of the row at the same position. Apart, so that collecting reads nothing else.
    until: Blocks<Until>,
    /// Where collecting goes on.
    cursor: usize,
    /// Counts uses, so that no use has to ask for the time.
    tick: u32,
    random: u32,
}

#[derive(Debug)]
struct Row<V> {
    key: RowKey,
    used: u32,
    value: V,
}

/// Until when a row must be kept, in milliseconds of the engine's clock, and whether it is of the
/// lesser kind that goes first when room is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Until(u64);

impl Until {
    /// Shortens what is longer than 292 million years.
    pub(in crate::store) fn ms(ms: u64) -> Self {
        Self(ms.min(u64::MAX >> 1) << 1)
    }

    pub(in crate::store) fn lesser(self) -> Self {
        Self(self.0 | 1)
    }

    pub(in crate::store) fn is_lesser(self) -> bool {
        self.0 & 1 == 1
    }

    /// Not yet in the very millisecond: it may have begun after the call that counted from it.
    pub(in crate::store) fn is_over(self, now: u64) -> bool {
        self.0 >> 1 < now
    }
}

/// The keys are digests, which are random already; folding them keeps other keys from being slow.
/// The upper bits are the best ones.
#[inline]
pub(in crate::store) fn hash(key: &RowKey) -> u64 {
    let (words, _) = key.as_bytes().as_chunks::<8>();
    let folded =
        words.iter().fold(0_u64, |all, word| all.rotate_left(17) ^ u64::from_le_bytes(*word));
    folded.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl<V> Table<V> {
    /// What a row takes beside what its value has on the heap, all in all and on the average.
    pub(in crate::store) const ROW_BYTES: usize =
        size_of::<Row<V>>() + size_of::<Until>() + 2 * size_of::<u32>();

    pub(in crate::store) fn new(seed: u32) -> Self {
        Self {
            slots: Box::default(),
            rows: Blocks::new(),
            until: Blocks::new(),
            cursor: 0,
            tick: 0,
            // Zero would stay zero.
            random: seed | 1,
        }
    }

    pub(in crate::store) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The position of a row: good until the next row comes or goes.
    pub(in crate::store) fn find(&self, key: &RowKey) -> Option<usize> {
        let hash = hash(key);
        let mut slot = self.home(hash)?;
        loop {
            let entry = self.slots[slot];
            if entry == EMPTY {
                return None;
            }
            let at = position(entry);
            if entry & tag(u32::MAX) == tag(hash as u32) && self.rows[at].key == *key {
                return Some(at);
            }
            slot = self.after(slot);
        }
    }

    pub(in crate::store) fn value(&self, at: usize) -> &V {
        &self.rows[at].value
    }

    pub(in crate::store) fn value_mut(&mut self, at: usize) -> &mut V {
        &mut self.rows[at].value
    }

    pub(in crate::store) fn until(&self, at: usize) -> Until {
        self.until[at]
    }

    pub(in crate::store) fn set_until(&mut self, at: usize, until: Until) {
        self.until[at] = until;
    }

    /// Makes the row the most recently used one.
    pub(in crate::store) fn mark_used(&mut self, at: usize) {
        self.tick = self.tick.wrapping_add(1);
        self.rows[at].used = self.tick;
    }

    /// Puts a row whose key is not there yet.
    pub(in crate::store) fn insert(&mut self, key: RowKey, until: Until, value: V) {
        let at = self.rows.len();
        self.tick = self.tick.wrapping_add(1);
        self.rows.push(Row { key, used: self.tick, value });
        self.until.push(until);
        if (at + 1) * 4 > self.slots.len() * 3 {
            self.rebuild_slots();
        } else {
            self.link(at);
        }
    }

    /// Takes a row out. The last one moves to its position.
    pub(in crate::store) fn remove(&mut self, at: usize) -> V {
        self.unlink(at);
        let last = self.rows.len() - 1;
        if at != last
            && let Some(slot) = self.slot_of(last)
        {
            self.slots[slot] = entry(at, hash(&self.rows[last].key));
        }
        let row = self.rows.swap_remove(at);
        self.until.swap_remove(at);
        if last >= 64 && last * 4 < self.slots.len() {
            self.rebuild_slots();
        }
        row.value
    }

    /// Takes out those of the next `look` rows that are over, and goes on there the next time.
    pub(in crate::store) fn collect(&mut self, now: u64, look: usize, mut gone: impl FnMut(V)) {
        for _ in 0..look.min(self.len()) {
            if self.cursor >= self.len() {
                self.cursor = 0;
            }
            match self.until.get(self.cursor) {
                None => return,
                Some(until) if until.is_over(now) => gone(self.remove(self.cursor)),
                Some(_) => self.cursor += 1,
            }
        }
    }

    /// The row that goes first when room is needed: one that is over; else the lesser one that is
    /// over soonest; else the least recently used one. Looks at the next thousand rows for the first
    /// two, and at a random sample for the last if there are more than a few.
    pub(in crate::store) fn victim(&mut self, now: u64, spared: Option<usize>) -> Option<usize> {
        let len = self.len();
        let around = (self.cursor.min(len)..len).chain(0..self.cursor.min(len));
        let mut lesser = None;
        for at in around.take(LOOK).filter(|&at| Some(at) != spared) {
            let until = self.until[at];
            if until.is_over(now) {
                return Some(at);
            }
            if until.is_lesser() && lesser.is_none_or(|(soonest, _)| until < soonest) {
                lesser = Some((until, at));
            }
        }
        if let Some((_, at)) = lesser {
            return Some(at);
        }
        if len > LOOK {
            self.cursor = (self.cursor.min(len) + LOOK) % len;
        }
        let idle = |at: &usize| self.tick.wrapping_sub(self.rows[*at].used);
        let fit = |at: &usize| Some(*at) != spared;
        if len <= 2 * SAMPLE {
            return (0..len).filter(fit).max_by_key(idle);
        }
        let mut random = self.random;
        let sample = std::iter::repeat_with(|| below(&mut random, len)).take(SAMPLE);
        let victim = sample.filter(fit).max_by_key(idle);
        self.random = random;
        victim
    }

    /// Where the search for a key begins. `None`: there is no slot.
    fn home(&self, hash: u64) -> Option<usize> {
        // Tables that stand side by side share the uppermost bits.
        let middle = (hash >> 20) as usize;
        (!self.slots.is_empty()).then(|| middle & (self.slots.len() - 1))
    }

    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }

    /// The slot that leads to the row at `at`.
    fn slot_of(&self, at: usize) -> Option<usize> {
        let mut slot = self.home(hash(&self.rows[at].key))?;
        while position(self.slots[slot]) != at {
            slot = self.after(slot);
        }
        Some(slot)
    }

    fn link(&mut self, at: usize) {
        let hash = hash(&self.rows[at].key);
        let Some(mut slot) = self.home(hash) else { return };
        while self.slots[slot] != EMPTY {
            slot = self.after(slot);
        }
        self.slots[slot] = entry(at, hash);
    }

    /// Empties the slot of a row, and moves those behind it up that would not be found any more.
    fn unlink(&mut self, at: usize) {
        let Some(mut hole) = self.slot_of(at) else { return };
        let mut slot = self.after(hole);
        while self.slots[slot] != EMPTY {
            let row = &self.rows[position(self.slots[slot])];
            let Some(home) = self.home(hash(&row.key)) else { return };
            let mask = self.slots.len() - 1;
            let (from_home, from_hole) = (slot.wrapping_sub(home), slot.wrapping_sub(hole));
            if from_home & mask >= from_hole & mask {
                self.slots[hole] = self.slots[slot];
                hole = slot;
            }
            slot = self.after(slot);
        }
        self.slots[hole] = EMPTY;
    }

    fn rebuild_slots(&mut self) {
        let len = (self.rows.len() * 3 / 2).next_power_of_two().max(8);
        self.slots = vec![EMPTY; len].into_boxed_slice();
        for at in 0..self.rows.len() {
            self.link(at);
        }
    }
}

/// 2^24 rows are more than any table gets: a store has many, and `Limits` is bounded by that.
fn entry(at: usize, hash: u64) -> u32 {
    debug_assert!(at < (1 << (32 - TAG_BITS)) - 1);
    (at as u32) << TAG_BITS | tag(hash as u32)
}

fn tag(hash: u32) -> u32 {
    hash & ((1 << TAG_BITS) - 1)
}

fn position(entry: u32) -> usize {
    (entry >> TAG_BITS) as usize
}

/// A number below `len`, by xorshift: which rows are looked at is no secret.
fn below(random: &mut u32, len: usize) -> usize {
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    *random as usize % len
}

//! The rows of the reference store: what is there by now, and what a write makes of it.

use crate::faults::Fault::{self, *};
use session::store::{IndexKey, Lease, Record, Revision, RowKey, Times};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What clients share.
#[derive(Debug, Default)]
pub struct Rows {
    fault: Option<Fault>,
    pub sets: HashMap<IndexKey, Vec<(RowKey, Instant)>>,
    slots: HashMap<RowKey, Slot>,
    /// The latest time that a caller told of a row.
    now: HashMap<RowKey, u64>,
}

#[derive(Debug, Clone)]
pub enum Slot {
    There(Row),
    Ended { until: Instant },
}

#[derive(Debug, Clone)]
pub struct Row {
    pub record: Record,
    pub kept: Instant,
    pub touched: bool,
}

impl Row {
    pub fn new(record: Record, kept: Instant) -> Self {
        Self { record, kept, touched: false }
    }

    pub fn lives(&self, lease: &Lease) -> bool {
        self.record.times.ends() >= lease.now
    }
}

impl Rows {
    pub fn new(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// What is there by now.
    pub fn slot(&self, key: &RowKey) -> Option<Slot> {
        let slot = self.slots.get(&self.name(key))?;
        let kept = match slot {
            Slot::There(row) => row.kept,
            Slot::Ended { until } => *until,
        };
        (Instant::now() < kept).then(|| slot.clone())
    }

    pub fn row(&self, key: &RowKey) -> Option<Row> {
        match self.slot(key) {
            Some(Slot::There(row)) => Some(row),
            _ => None,
        }
    }

    /// The row that an update or a touch is judged by; these are the faults of taking a missing row,
    /// or a deleted one, for the one that it is to become.
    pub fn judged(
        &self,
        key: &RowKey,
        record: &Record,
        [missing, ended]: [Fault; 2],
    ) -> Option<Row> {
        let made = || Some(Row::new(record.clone(), Instant::now()));
        match self.slot(key) {
            Some(Slot::There(row)) => Some(row),
            Some(Slot::Ended { .. }) if self.has(ended) => made(),
            None if self.has(missing) => made(),
            Some(Slot::Ended { .. }) | None => None,
        }
    }

    pub fn put(&mut self, key: &RowKey, mut row: Row) {
        row.record = self.written(row.record);
        self.slots.insert(self.name(key), Slot::There(row));
    }

    pub fn end(&mut self, key: &RowKey, remember: Duration) {
        let zero = remember.is_zero() && self.has(DeleteZeroIsForever);
        let forever = zero || self.has(DeleteIsForever);
        let remember = if forever { Duration::from_secs(3600) } else { remember };
        let mut until = Instant::now() + remember;
        if let (Some(row), true) = (self.row(key), self.has(DeleteLeavesKeep)) {
            until = until.min(row.kept);
        }
        self.slots.insert(self.name(key), Slot::Ended { until });
    }

    pub fn remove(&mut self, key: &RowKey) {
        self.slots.remove(&self.name(key));
    }

    /// Until when a row is kept that is kept until `before`, after a call with this lease.
    pub fn keep(&self, before: Instant, lease: &Lease, leaves: Fault) -> Instant {
        let asked = self.asked(lease);
        match self.fault {
            Some(fault) if fault == leaves => before,
            Some(UpdateSetsLessKeep) => asked,
            _ if lease.may_shorten => asked,
            _ => asked.max(before),
        }
    }

    pub fn asked(&self, lease: &Lease) -> Instant {
        let half = self.has(KeepIsHalf);
        Instant::now() + if half { lease.keep / 2 } else { lease.keep }
    }

    /// A call that did nothing.
    pub fn refused(&mut self, key: &RowKey, lease: &Lease) {
        let until = self.asked(lease);
        if let (Some(mut row), true) = (self.row(key), self.has(RefusedSetsKeep)) {
            row.kept = until;
            self.put(key, row);
        }
    }

    /// Hears what time it is for the library.
    pub fn told(&mut self, key: &RowKey, lease: &Lease) {
        let now = self.now.entry(*key).or_default();
        *now = lease.now.ms().max(*now);
    }

    /// Whether a row looks expired to somebody who is not told the time.
    pub fn looks_expired(&self, key: &RowKey, row: &Row) -> bool {
        self.now.get(key).is_some_and(|now| row.record.times.ends().ms() < *now)
    }

    fn name(&self, key: &RowKey) -> RowKey {
        let mut bytes = *key.as_bytes();
        match self.fault {
            Some(KeysFoldCase) => bytes.make_ascii_lowercase(),
            Some(KeysAreCut) => bytes[16..].fill(0),
            Some(KeysEndAtZero) => {
                if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
                    bytes[end..].fill(0);
                }
            }
            _ => {}
        }
        RowKey::from_bytes(bytes)
    }

    fn written(&self, mut record: Record) -> Record {
        match self.fault {
            Some(BodiesAreText) => {
                record.body = String::from_utf8_lossy(&record.body).into_owned().into_bytes();
            }
            Some(BodiesEndAtZero) => {
                let end = record.body.iter().position(|byte| *byte == 0);
                record.body.truncate(end.unwrap_or(record.body.len()));
            }
            Some(BodiesAreCut) => record.body.truncate(1 << 16),
            Some(NumbersAreFloats) => {
                let float = record.revision.number() as f64;
                record.revision = Revision::from_number(float as u64);
            }
            _ => {}
        }
        record
    }
}

/// The end of one, the rest of the other.
pub fn mixed(old: Times, new: Times) -> Times {
    let [renewed, idle, _] = new.to_numbers();
    let [.., ends] = old.later(new).to_numbers();
    Times::from_numbers([renewed, idle, ends]).expect("each was one of a Times")
}

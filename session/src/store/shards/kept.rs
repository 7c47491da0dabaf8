//! A record as it lies in memory.

use crate::store::{Lease, Record, Revision, Times};

/// What a value takes on the heap.
pub(in crate::store) trait Weigh {
    fn heap_bytes(&self) -> usize;
}

/// A record with its body in exactly its size. No body: there was a record here, and it is ended.
pub(in crate::store) struct Kept {
    pub(in crate::store) revision: Revision,
    pub(in crate::store) times: Times,
    pub(in crate::store) body: Option<Box<[u8]>>,
}

impl Kept {
    pub(in crate::store) fn new(record: &Record) -> Self {
        Self {
            revision: record.revision,
            times: record.times,
            body: Some(record.body.as_slice().into()),
        }
    }

    /// Takes a record over where this one lies, if it is as long. Nearly always it is: what changes
    /// is a number, a name.
    pub(in crate::store) fn overwrite(&mut self, record: &Record, times: Times) -> bool {
        match &mut self.body {
            Some(body) if body.len() == record.body.len() => {
                body.copy_from_slice(&record.body);
                (self.revision, self.times) = (record.revision, times);
                true
            }
            _ => false,
        }
    }

    /// What is left of it when it is ended.
    pub(in crate::store) fn ended(&self) -> Self {
        Self { body: None, ..*self }
    }

    pub(in crate::store) fn is_record(&self) -> bool {
        self.body.is_some()
    }

    /// Whether it is neither ended nor expired, by the library's clock.
    pub(in crate::store) fn is_live(&self, lease: Lease) -> bool {
        self.is_record() && self.times.ends() >= lease.now
    }

    /// `None`: it is ended.
    pub(in crate::store) fn to_record(&self) -> Option<Record> {
        let body = self.body.as_deref()?.to_vec();
        Some(Record { revision: self.revision, times: self.times, body })
    }
}

impl Weigh for Kept {
    fn heap_bytes(&self) -> usize {
        self.body.as_deref().map_or(0, heap_bytes)
    }
}

/// Allocators round up to 16 bytes and keep about 8 of their own beside.
fn heap_bytes(body: &[u8]) -> usize {
    (body.len() + 8).next_multiple_of(16)
}

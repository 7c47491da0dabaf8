//! A store for tests: rows in a map, a log of the calls, and faults on demand.

use session::store::{
    CompareAndSet, Created, Deleted, IndexKey, Indexed, IndexedStore, Lease, Loaded, Record,
    Revision, RowKey, Store, StoreError, StoreErrorKind, Times, Touched, Updated,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Keeps rows as the contract says, and nothing longer than the test. Clones share the rows.
#[derive(Clone, Default)]
pub struct Shelf {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    rows: BTreeMap<RowKey, Option<Record>>,
    sets: BTreeMap<IndexKey, BTreeSet<RowKey>>,
    calls: Vec<&'static str>,
    fault: Option<Fault>,
    /// Called before a call takes effect, once.
    before: Option<(&'static str, Box<dyn FnOnce(&Shelf) + Send>)>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every call fails and does nothing.
    Down,
    /// Calls of this name fail and do nothing.
    Before(&'static str),
    /// Calls of this name do what they are asked, and fail nevertheless.
    After(&'static str),
}

impl Shelf {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic under the lock")
    }

    /// The calls since it was last asked.
    pub fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.inner().calls)
    }

    /// From now on this goes wrong, or nothing.
    pub fn fail(&self, fault: impl Into<Option<Fault>>) {
        self.inner().fault = fault.into();
    }

    /// Does something right before the next call of this name takes effect: somebody else's write.
    pub fn before(&self, call: &'static str, act: impl FnOnce(&Self) + Send + 'static) {
        self.inner().before = Some((call, Box::new(act)));
    }

    /// The live rows.
    pub fn rows(&self) -> Vec<(RowKey, Record)> {
        let inner = self.inner();
        let live = |(key, row): (&RowKey, &Option<Record>)| Some((*key, row.clone()?));
        inner.rows.iter().filter_map(live).collect()
    }

    /// All members of all sets.
    pub fn members(&self) -> Vec<RowKey> {
        self.inner().sets.values().flatten().copied().collect()
    }

    /// Takes a row away as if it had never been, or as an engine does that forgets.
    pub fn forget(&self, key: &RowKey) {
        self.inner().rows.remove(key);
    }

    /// Forgets which sessions ended, as engines do after a while.
    pub fn forget_the_ended(&self) {
        self.inner().rows.retain(|_, row| row.is_some());
    }

    /// Puts bytes of somebody else under a key.
    pub fn scribble(&self, key: &RowKey, change: impl FnOnce(&mut Record)) {
        if let Some(Some(record)) = self.inner().rows.get_mut(key) {
            change(record);
        }
    }

    /// Notes a call; then what is asked happens, unless it fails before.
    fn call<R>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut Inner) -> R,
    ) -> Result<R, StoreError> {
        let due = {
            let mut inner = self.inner();
            inner.calls.push(name);
            inner.before.take_if(|(call, _)| *call == name)
        };
        if let Some((_, before)) = due {
            before(self);
        }
        let mut inner = self.inner();
        let failed = || Err(StoreError::new(StoreErrorKind::Unavailable, "the shelf fell"));
        match inner.fault {
            Some(Fault::Down) => failed(),
            Some(Fault::Before(call)) if call == name => failed(),
            Some(Fault::After(call)) if call == name => {
                act(&mut inner);
                failed()
            }
            _ => Ok(act(&mut inner)),
        }
    }
}

impl Store for Shelf {
    type Writes = CompareAndSet;
    type Index = Indexed;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        self.call("load", |inner| match inner.rows.get(key) {
            Some(Some(record)) => Loaded::Record(record.clone()),
            Some(None) => Loaded::Ended,
            None => Loaded::Nothing,
        })
    }

    async fn create(&self, key: &RowKey, record: &Record, _: Lease) -> Result<Created, StoreError> {
        self.call("create", |inner| {
            if inner.rows.contains_key(key) {
                return Created::Taken;
            }
            inner.rows.insert(*key, Some(record.clone()));
            Created::Created
        })
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        self.call("update", |inner| match inner.rows.get_mut(key) {
            Some(Some(row)) if row.times.ends() >= lease.now => {
                if row.revision != expected {
                    return Updated::Conflict(Some(row.clone()));
                }
                let later = row.times.later(record.times);
                let times = if lease.may_shorten { record.times } else { later };
                *row = Record { times, ..record.clone() };
                Updated::Applied
            }
            _ => Updated::Ended,
        })
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        self.call("touch", |inner| match inner.rows.get_mut(key) {
            Some(Some(row))
                if row.revision == expected
                    && row.times.ends() >= lease.now
                    && row.times.ends() < times.ends() =>
            {
                row.times = times;
                Touched::Touched
            }
            _ => Touched::Nothing,
        })
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        self.call("delete", |inner| match inner.rows.get_mut(key) {
            Some(row @ Some(_)) => {
                *row = None;
                if remember.is_zero() {
                    inner.rows.remove(key);
                }
                Deleted::Deleted
            }
            _ => Deleted::Gone,
        })
    }
}

impl IndexedStore for Shelf {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        _: Duration,
    ) -> Result<(), StoreError> {
        self.call("index_insert", |inner| {
            inner.sets.entry(*index).or_default().insert(*member);
        })
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        self.call("index_remove", |inner| {
            inner.sets.entry(*index).or_default().remove(member);
        })
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        self.call("index_members", |inner| {
            let set = inner.sets.entry(*index).or_default();
            set.iter().filter(|member| after < Some(member)).take(limit).copied().collect()
        })
    }
}

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

type Once = Box<dyn FnOnce(&Shelf) + Send>;
type Always = Arc<dyn Fn(&Shelf) + Send + Sync>;

#[derive(Default)]
struct Inner {
    rows: BTreeMap<RowKey, Option<Record>>,
    sets: BTreeMap<IndexKey, BTreeSet<RowKey>>,
    calls: Vec<&'static str>,
    leases: Vec<(&'static str, Lease)>,
    remembered: Vec<Duration>,
    fault: Option<Fault>,
    /// Called before a call takes effect, once.
    before: Option<(&'static str, Once)>,
    /// Called before every call of this name takes effect.
    before_each: Option<(&'static str, Always)>,
    /// The next call of this name never comes to an end.
    stuck: Option<(&'static str, Stuck)>,
    /// Conflicts come without the record, as of an engine that does not give it.
    bare: bool,
    /// Every call waits once before its effect, and once after.
    slow: bool,
    taken: bool,
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
    /// Calls of this name find what is no record.
    Corrupt(&'static str),
}

/// Where a call is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stuck {
    Before,
    After,
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

    /// As [`before`](Self::before), every time until [`calm`](Self::calm).
    pub fn before_each(&self, call: &'static str, act: impl Fn(&Self) + Send + Sync + 'static) {
        self.inner().before_each = Some((call, Arc::new(act)));
    }

    /// Nothing more comes between, and nothing fails or waits.
    pub fn calm(&self) {
        let mut inner = self.inner();
        inner.taken = false;
        (inner.before, inner.before_each, inner.stuck, inner.fault) = (None, None, None, None);
        inner.slow = false;
    }

    /// The next call of this name is stuck before its effect, until whoever called gives up.
    pub fn stick_before(&self, call: &'static str) {
        self.inner().stuck = Some((call, Stuck::Before));
    }

    /// The next call of this name is stuck after its effect, until whoever called gives up.
    pub fn stick_after(&self, call: &'static str) {
        self.inner().stuck = Some((call, Stuck::After));
    }

    /// Whether the call that was to be stuck is.
    pub fn is_stuck(&self) -> bool {
        self.inner().stuck.is_none()
    }

    /// From now on conflicts come without the record.
    pub fn give_no_records(&self) {
        self.inner().bare = true;
    }

    /// From now on every call waits once before its effect, and once after.
    pub fn slow_down(&self) {
        self.inner().slow = true;
    }

    /// The leases of the calls since it was last asked.
    pub fn leases(&self) -> Vec<(&'static str, Lease)> {
        std::mem::take(&mut self.inner().leases)
    }

    /// For how long the rows that were deleted since it was last asked are remembered.
    pub fn remembered(&self) -> Vec<Duration> {
        std::mem::take(&mut self.inner().remembered)
    }

    /// Everything that was written and is still there: keys, records, sets.
    pub fn dump(&self) -> Vec<u8> {
        let inner = self.inner();
        let mut bytes = Vec::new();
        for (key, row) in &inner.rows {
            bytes.extend_from_slice(key.as_bytes());
            bytes.extend(row.iter().flat_map(Record::to_bytes));
        }
        for (index, members) in &inner.sets {
            bytes.extend_from_slice(index.as_bytes());
            bytes.extend(members.iter().flat_map(|member| *member.as_bytes()));
        }
        bytes
    }

    /// The sets that are not empty.
    pub fn sets(&self) -> Vec<(IndexKey, Vec<RowKey>)> {
        let inner = self.inner();
        let full = inner.sets.iter().filter(|(_, members)| !members.is_empty());
        full.map(|(index, members)| (*index, members.iter().copied().collect())).collect()
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

    /// From now on, whatever key `create` is given is taken.
    pub fn take_all_keys(&self) {
        self.inner().taken = true;
    }

    /// Puts a row there, as somebody else's call would.
    pub fn put(&self, key: RowKey, record: Record) {
        self.inner().rows.insert(key, Some(record));
    }

    /// Notes a call; then what is asked happens, unless it fails before.
    async fn call<R>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut Inner) -> R + Send,
    ) -> Result<R, StoreError> {
        let (due, each, stuck, slow) = {
            let mut inner = self.inner();
            inner.calls.push(name);
            let each = inner.before_each.as_ref().filter(|(call, _)| *call == name);
            let each = each.map(|(_, act)| Arc::clone(act));
            let due = inner.before.take_if(|(call, _)| *call == name);
            let stuck = inner.stuck.take_if(|(call, _)| *call == name).map(|(_, stuck)| stuck);
            (due, each, stuck, inner.slow)
        };
        if slow {
            tokio::task::yield_now().await;
        }
        if stuck == Some(Stuck::Before) {
            std::future::pending::<()>().await;
        }
        if let Some((_, before)) = due {
            before(self);
        }
        if let Some(before) = each {
            before(self);
        }
        let done = self.at_once(name, act);
        if stuck == Some(Stuck::After) {
            std::future::pending::<()>().await;
        }
        if slow {
            tokio::task::yield_now().await;
        }
        done
    }

    fn at_once<R>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut Inner) -> R,
    ) -> Result<R, StoreError> {
        let mut inner = self.inner();
        let failed = || Err(StoreError::new(StoreErrorKind::Unavailable, "the shelf fell"));
        match inner.fault {
            Some(Fault::Down) => failed(),
            Some(Fault::Before(call)) if call == name => failed(),
            Some(Fault::Corrupt(call)) if call == name => Err(StoreError::corrupt()),
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
        .await
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        self.call("create", |inner| {
            inner.leases.push(("create", lease));
            if inner.taken || inner.rows.contains_key(key) {
                return Created::Taken;
            }
            inner.rows.insert(*key, Some(record.clone()));
            Created::Created
        })
        .await
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        self.call("update", |inner| {
            inner.leases.push(("update", lease));
            match inner.rows.get_mut(key) {
                Some(Some(row)) if row.times.ends() >= lease.now => {
                    if row.revision != expected {
                        return Updated::Conflict((!inner.bare).then(|| row.clone()));
                    }
                    let later = row.times.later(record.times);
                    let times = if lease.may_shorten { record.times } else { later };
                    *row = Record { times, ..record.clone() };
                    Updated::Applied
                }
                _ => Updated::Ended,
            }
        })
        .await
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        self.call("touch", |inner| {
            inner.leases.push(("touch", lease));
            match inner.rows.get_mut(key) {
                Some(Some(row))
                    if row.revision == expected
                        && row.times.ends() >= lease.now
                        && row.times.ends() < times.ends() =>
                {
                    row.times = times;
                    Touched::Touched
                }
                _ => Touched::Nothing,
            }
        })
        .await
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        self.call("delete", |inner| {
            inner.remembered.push(remember);
            match inner.rows.get_mut(key) {
                Some(row @ Some(_)) => {
                    *row = None;
                    if remember.is_zero() {
                        inner.rows.remove(key);
                    }
                    Deleted::Deleted
                }
                _ => Deleted::Gone,
            }
        })
        .await
    }
}

/// The same rows, by a store that says to answer at once, and does unless something is stuck or slow.
#[derive(Clone)]
pub struct Prompt(pub Shelf);

impl Store for Prompt {
    type Writes = CompareAndSet;
    type Index = Indexed;

    const AT_ONCE: bool = true;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        self.0.load(key).await
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        self.0.create(key, record, lease).await
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        self.0.update(key, expected, record, lease).await
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        self.0.touch(key, expected, times, lease).await
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        self.0.delete(key, remember).await
    }
}

impl IndexedStore for Prompt {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.0.index_insert(index, member, keep).await
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        self.0.index_remove(index, member).await
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        self.0.index_members(index, after, limit).await
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
        .await
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        self.call("index_remove", |inner| {
            inner.sets.entry(*index).or_default().remove(member);
        })
        .await
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
        .await
    }
}

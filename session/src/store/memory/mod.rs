//! Sessions in this process's memory.

mod builder;
mod index;
#[cfg(test)]
mod tests;

pub use builder::MemoryStoreBuilder;

use super::shards::{Kept, Shards, until};
use super::{
    CompareAndSet, Created, Deleted, IndexKey, Indexed, IndexedStore, Lease, Loaded, Record,
    Revision, RowKey, Store, StoreError, StoreErrorKind, Times, Touched, Updated,
};
use index::Sets;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Keeps sessions in this process's memory: for tests, for development, and for services of one
/// process whose users may be logged out by a restart.
///
/// ```
/// use session::store::MemoryStore;
///
/// let store = MemoryStore::new();
/// let small = MemoryStore::builder().max_rows(10_000).max_bytes(16 << 20).build();
/// # assert!(store.is_empty() && small.is_empty());
/// ```
///
/// Clones share their rows. A layer over it warns once, in a build without debug assertions, unless
/// [`for_production`](MemoryStoreBuilder::for_production) says that this is meant.
///
/// # How calls take effect
///
/// The rows are spread over tables by their keys, each with a lock of its own. A call
/// takes effect while it holds the lock of its row's table. It never waits for anything else, so
/// that its future is ready at its first poll, and no two calls wait for one another but those that
/// meet in one table.
///
/// # What goes away, and when
///
/// A row whose [`keep`](Lease::keep) is over, and the memory of one that was deleted, goes away when
/// a later write looks at it: each fourth write looks at 64 rows of one table, each table in its
/// turn. When as many sessions end as begin, this leaves less than an eighth beside what is alive,
/// and some hundreds of rows for each processor in a store that is nearly empty. A store that nobody writes to keeps
/// what it has. Nothing runs in the background.
///
/// # At the bound
///
/// There are at most [`max_rows`](MemoryStoreBuilder::max_rows) rows in at most
/// [`max_bytes`](MemoryStoreBuilder::max_bytes) bytes; each call at work may hold one row more for a
/// moment. A write that needs room takes it, from its own table if that has any to give:
///
/// 1. from rows whose time is over,
/// 2. from the memories of deleted sessions: whoever comes back with such an id finds nothing then,
///    where it would have found [`Loaded::Ended`],
/// 3. from the row that was not used for the longest time, a load, an update or a touch being a use.
///    Tables of more than 32 rows are not searched for it: the one of 16 random rows goes that was
///    used least recently.
///
/// For the first two 1024 rows of the table are looked at; where there was none of them, the next write
/// that needs room looks at the 1024 behind.
///
/// The third is an eviction: its user is logged out. It is [counted](Self::evictions) and
/// [told](MemoryStoreBuilder::on_evict). The least recently used row goes, and not the one that ends
/// first, because who is at work should not notice that a store is full, however long sessions live.
/// Whoever can make sessions at will can evict those of others: bound what a client can create, or
/// make the store large.
///
/// A row that does not fit into the whole store is an error of the kind
/// [`TooLarge`](StoreErrorKind::TooLarge). Entries of indexes are counted too and are never evicted.
/// If they leave no room for a row or for one more entry, that is an error of the kind
/// [`Busy`](StoreErrorKind::Busy).
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    rows: Shards<Kept>,
    sets: Sets,
    evictions: AtomicU64,
    hooks: RwLock<Arc<[Hook]>>,
    /// Somebody said that sessions are to end with the process.
    meant: bool,
}

type Hook = Arc<dyn Fn() + Send + Sync>;

impl MemoryStore {
    /// An empty store with the default limits, see [`MemoryStoreBuilder`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To choose the limits.
    #[must_use]
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder::new()
    }

    /// How many rows there are: sessions, expired ones that did not go yet, and memories of deleted
    /// ones.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes of memory the rows and the entries of indexes take, with what the tables
    /// and the allocator need for them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shared.rows.bytes()
    }

    /// How many sessions had to go before their time, because the store was full.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.shared.evictions.load(Relaxed)
    }

    fn tell(&self, evicted: usize) {
        if evicted == 0 {
            return;
        }
        self.shared.evictions.fetch_add(evicted as u64, Relaxed);
        let hooks = self.shared.hooks.read().unwrap_or_else(PoisonError::into_inner).clone();
        for _ in 0..evicted {
            hooks.iter().for_each(|hook| hook());
        }
    }

    fn check_room(&self, bytes: usize) -> Result<(), StoreError> {
        if bytes > self.shared.rows.limits().bytes {
            return Err(StoreError::of(StoreErrorKind::TooLarge));
        }
        if !self.shared.rows.has_room_for(bytes) {
            return Err(StoreError::of(StoreErrorKind::Busy));
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    type Writes = CompareAndSet;
    type Index = Indexed;

    const AT_ONCE: bool = true;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        let mut rows = self.shared.rows.read(key);
        let Some(at) = rows.find(key) else { return Ok(Loaded::Nothing) };
        if let Some(record) = rows.value(at).to_record() {
            rows.mark_used(at);
            return Ok(Loaded::Record(record));
        }
        let is_over = rows.until(at).is_over(self.shared.rows.now());
        Ok(if is_over { Loaded::Nothing } else { Loaded::Ended })
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        let new = Kept::new(record);
        self.check_room(Shards::<Kept>::row_bytes(&new))?;
        let now = self.shared.rows.now();
        let mut rows = self.shared.rows.write(key, now);
        if let Some(at) = rows.find(key) {
            if rows.value(at).is_record() || !rows.until(at).is_over(now) {
                return Ok(Created::Taken);
            }
            rows.remove(at);
        }
        let evicted = rows.insert(key, until(now, lease.keep), new, now);
        self.tell(evicted);
        Ok(Created::Created)
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let now = self.shared.rows.now();
        let mut rows = self.shared.rows.write(key, now);
        let Some(at) = rows.find(key) else { return Ok(Updated::Ended) };
        let row = rows.value(at);
        if !row.is_live(lease) {
            return Ok(Updated::Ended);
        }
        if row.revision != expected {
            return Ok(Updated::Conflict(row.to_record()));
        }
        let (mut times, mut keep) = (record.times, until(now, lease.keep));
        if !lease.may_shorten {
            times = row.times.later(times);
            keep = keep.max(rows.until(at));
        }
        if rows.value_mut(at).overwrite(record, times) {
            rows.set_until(at, keep);
            rows.mark_used(at);
            return Ok(Updated::Applied);
        }
        let new = Kept { times, ..Kept::new(record) };
        self.check_room(Shards::<Kept>::row_bytes(&new))?;
        let (_old, evicted) = rows.replace(key, at, keep, new, now);
        self.tell(evicted);
        Ok(Updated::Applied)
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        let now = self.shared.rows.now();
        let mut rows = self.shared.rows.write(key, now);
        let Some(at) = rows.find(key) else { return Ok(Touched::Nothing) };
        let keep = until(now, lease.keep).max(rows.until(at));
        let row = rows.value_mut(at);
        if !row.is_live(lease) || row.revision != expected || row.times.ends() >= times.ends() {
            return Ok(Touched::Nothing);
        }
        row.times = times;
        rows.set_until(at, keep);
        rows.mark_used(at);
        Ok(Touched::Touched)
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        let now = self.shared.rows.now();
        let mut rows = self.shared.rows.write(key, now);
        let Some(at) = rows.find(key) else { return Ok(Deleted::Gone) };
        if !rows.value(at).is_record() {
            return Ok(Deleted::Gone);
        }
        if remember.is_zero() {
            rows.remove(at);
            return Ok(Deleted::Deleted);
        }
        let ended = rows.value(at).ended();
        // Smaller than what was there: nobody has to go.
        rows.replace(key, at, until(now, remember).lesser(), ended, now);
        Ok(Deleted::Deleted)
    }

    /// Told without any lock of the store held, for as long as there is the store.
    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        let mut hooks = self.shared.hooks.write().unwrap_or_else(PoisonError::into_inner);
        *hooks = hooks.iter().cloned().chain([tell]).collect();
    }

    fn is_volatile(&self) -> bool {
        !self.shared.meant
    }
}

impl IndexedStore for MemoryStore {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let rows = &self.shared.rows;
        let now = rows.now();
        self.shared.sets.collect(index, rows, now);
        self.shared.sets.insert(index, member, until(now, keep), rows)?;
        self.tell(rows.make_room(None, now));
        Ok(())
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        let rows = &self.shared.rows;
        self.shared.sets.collect(index, rows, rows.now());
        self.shared.sets.remove(index, member, rows);
        Ok(())
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        Ok(self.shared.sets.members(index, after, limit, self.shared.rows.now()))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("rows", &self.len())
            .field("bytes", &self.bytes())
            .field("evictions", &self.evictions())
            .finish_non_exhaustive()
    }
}

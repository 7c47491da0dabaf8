//! A read-through cache over any store.

mod builder;
mod clock;
mod flight;
#[cfg(test)]
mod tests;

pub use builder::CacheBuilder;

use super::shards::{Kept, Shards};
use super::{
    Created, Deleted, IndexKey, IndexKind, IndexedStore, Lease, Loaded, Record, Revision, RowKey,
    Store, StoreError, Times, Touched, Updated,
};
use clock::LibraryClock;
use flight::{Flight, Flights};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Keeps what it read from a store for a short time in this process's memory: a load within
/// `max_stale` of the last one costs no call of the store.
///
/// ```
/// use session::store::{Cache, MemoryStore};
/// use std::time::Duration;
///
/// # let slow_store = MemoryStore::new();
/// let store = Cache::new(slow_store, Duration::from_secs(2));
/// # let _: &MemoryStore = store.store();
/// ```
///
/// It makes the promises of the store under it: [`Writes`](Store::Writes) and
/// [`Index`](Store::Index) are those. Clones share what is kept.
///
/// # What a load may miss
///
/// - **What this process did** (through this cache and its clones): nothing. No load that begins
///   after a `delete` or an `update` was answered gives what was before; when one failed, or its
///   future was dropped, the next load asks the store.
/// - **What another process did:** it is seen at most `max_stale` after it happened. So a **logout**
///   that another process carried out ends the session here within `max_stale`, not at once: choose
///   it by how long a stolen session may be usable after its owner ended it. The same holds for
///   "log out everywhere", and for a session that was evicted or expired away.
/// - **Writes lose nothing:** an `update` goes to the store and is compared there. One that began
///   with an old row is a [conflict](Updated::Conflict), or [ended](Updated::Ended) if the session is
///   over, and the cache moves forward to what the store says.
///
/// For one row, loads never go back to an older revision: neither does a slow load put an old row
/// over a newer one, nor does it put back one that was deleted meanwhile. Only rows are kept; that
/// there is none is asked each time. The entries of indexes are not kept at all.
///
/// A row may be extended by another process: its end here may be up to `max_stale` too early, so
/// that `max_stale` should be a small part of the idle lifetime. A kept row that is past its end by
/// the library's clock, as far as writes through this cache told it, is asked for again. A row that
/// was updated is kept only as long as its end is known: until `max_stale` after the load before.
///
/// # When the store fails
///
/// Errors are given as they are. What is kept is not used beyond `max_stale` because of one; up to
/// then loads don't notice that the store is down.
///
/// # Its size
///
/// At most [`max_rows`](CacheBuilder::max_rows) rows in [`max_bytes`](CacheBuilder::max_bytes) bytes.
/// Rows that are too old go first, then the least recently used of a sample. A row that does not fit
/// is not kept.
pub struct Cache<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    store: S,
    kept: Rows,
    clock: LibraryClock,
}

/// What is kept, and which calls are on their way.
struct Rows {
    shards: Shards<Kept, Flights>,
    max_stale: u64,
}

impl<S> Cache<S> {
    /// A cache over `store` with the default size, see [`CacheBuilder`]. With a `max_stale` under a
    /// millisecond nothing is kept.
    #[must_use]
    pub fn new(store: S, max_stale: Duration) -> Self {
        Self::builder(store, max_stale).build()
    }

    /// To choose the size.
    #[must_use]
    pub fn builder(store: S, max_stale: Duration) -> CacheBuilder<S> {
        CacheBuilder::new(store, max_stale)
    }

    /// The store under the cache.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.shared.store
    }

    /// How many rows are kept, those among them that are too old to be given.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.kept.shards.len()
    }

    /// Whether no rows are kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes of memory they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shared.kept.shards.bytes()
    }

    /// What is kept under a key, if it may be given.
    fn fresh(&self, key: &RowKey, now: u64) -> Option<Record> {
        let mut shard = self.shared.kept.shards.read(key);
        let at = shard.find(key)?;
        let row = shard.value(at);
        if shard.until(at).is_over(now) || self.shared.clock.is_past(row.times.ends(), now) {
            return None;
        }
        let record = row.to_record();
        shard.mark_used(at);
        record
    }
}

impl<S: Store> Store for Cache<S>
where
    S::Index: IndexKind<Self>,
{
    type Writes = S::Writes;
    type Index = S::Index;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        let Shared { store, kept, .. } = &*self.shared;
        if let Some(record) = self.fresh(key, kept.shards.now()) {
            return Ok(Loaded::Record(record));
        }
        let flight = Flight::of_a_load(kept, key);
        let loaded = store.load(key).await?;
        match &loaded {
            Loaded::Record(record) => flight.learned(record),
            Loaded::Ended | Loaded::Nothing => flight.learned_all_is_old(),
        }
        Ok(loaded)
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        let Shared { store, kept, clock } = &*self.shared;
        clock.learn(lease.now, kept.shards.now());
        let flight = Flight::of_a_write(kept, key);
        let created = store.create(key, record, lease).await?;
        match created {
            Created::Created => flight.learned_it_is_new(record),
            Created::Taken => flight.learned_nothing(),
        }
        Ok(created)
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let Shared { store, kept, clock } = &*self.shared;
        clock.learn(lease.now, kept.shards.now());
        let flight = Flight::of_a_write(kept, key);
        let updated = store.update(key, expected, record, lease).await?;
        match &updated {
            Updated::Applied if lease.may_shorten => flight.learned(record),
            Updated::Applied => flight.learned_an_update(expected, record),
            Updated::Conflict(Some(theirs)) => flight.learned(theirs),
            Updated::Conflict(None) | Updated::Ended => flight.learned_all_is_old(),
        }
        Ok(updated)
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        let Shared { store, kept, clock } = &*self.shared;
        clock.learn(lease.now, kept.shards.now());
        let flight = Flight::of_a_write(kept, key);
        let touched = store.touch(key, expected, times, lease).await?;
        match touched {
            Touched::Touched => flight.learned_a_touch(expected, times),
            Touched::Nothing => flight.learned_no_touch(expected, times),
        }
        Ok(touched)
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        let Shared { store, kept, .. } = &*self.shared;
        // Nobody is served from here while the store is on it, and what comes in meanwhile goes when
        // it is done, or failed, or given up.
        let flight = Flight::of_a_write(kept, key);
        flight.forget();
        let deleted = store.delete(key, remember).await?;
        flight.learned_all_is_old();
        Ok(deleted)
    }

    /// The inner store's rows; what goes from here goes from nobody.
    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        self.shared.store.on_evict(tell);
    }

    fn is_volatile(&self) -> bool {
        self.shared.store.is_volatile()
    }
}

impl<S: IndexedStore> IndexedStore for Cache<S> {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.shared.store.index_insert(index, member, keep).await
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        self.shared.store.index_remove(index, member).await
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        self.shared.store.index_members(index, after, limit).await
    }
}

impl<S> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("rows", &self.len())
            .field("bytes", &self.bytes())
            .field("max_stale_ms", &self.shared.kept.max_stale)
            .finish_non_exhaustive()
    }
}

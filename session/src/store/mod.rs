//! Sessions that are kept on the server: the contract of a store, and the stores.
//!
//! A store keeps rows of opaque bytes under opaque keys. What the bytes mean, whether a session is
//! alive, how two changes become one: that is the library's business. A store's business is one
//! thing, that each of its calls happens at one moment or not at all.
//!
//! # The calls
//!
//! | call | outcomes |
//! |---|---|
//! | [`load`](Store::load) | [the record](Loaded::Record), also an expired one; [ended](Loaded::Ended): deleted a short time ago; or [nothing](Loaded::Nothing) |
//! | [`create`](Store::create) | [created](Created::Created), or [taken](Created::Taken): it never overwrites |
//! | [`update`](Store::update) | [applied](Updated::Applied), [conflict](Updated::Conflict): the row has another revision, or [ended](Updated::Ended): there is no live row |
//! | [`touch`](Store::touch) | [touched](Touched::Touched), the revision stays; or [nothing](Touched::Nothing) done |
//! | [`delete`](Store::delete) | [deleted](Deleted::Deleted), or it was [gone](Deleted::Gone) before |
//!
//! There is no call that renames a row, and none is needed. The client's id has two halves: a public
//! [handle](crate::SessionHandle), whose digest is the row's key, and a secret, whose digest is inside
//! the record. A session gets a new id by an `update` that changes the digest, which is one step on
//! every engine, on a cluster too, and can't leave two rows or none.
//!
//! # A store of your own
//!
//! ```
//! use session::store::{
//!     CompareAndSet, Created, Deleted, Lease, Loaded, NotIndexed, Record, Revision, RowKey, Store,
//!     StoreError, Times, Touched, Updated,
//! };
//! use std::collections::HashMap;
//! use std::sync::Mutex;
//! use std::time::{Duration, Instant};
//!
//! /// Keeps rows in a map. A real one would throw expired rows away.
//! #[derive(Default)]
//! struct Map {
//!     rows: Mutex<HashMap<RowKey, Row>>,
//! }
//!
//! enum Row {
//!     Live(Record),
//!     /// Deleted; remembered until then.
//!     Ended(Instant),
//! }
//!
//! impl Store for Map {
//!     type Writes = CompareAndSet;
//!     type Index = NotIndexed;
//!
//!     async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
//!         Ok(match self.rows.lock().unwrap().get(key) {
//!             Some(Row::Live(record)) => Loaded::Record(record.clone()),
//!             Some(Row::Ended(until)) if Instant::now() < *until => Loaded::Ended,
//!             _ => Loaded::Nothing,
//!         })
//!     }
//!
//!     async fn create(&self, key: &RowKey, record: &Record, _: Lease) -> Result<Created, StoreError> {
//!         let mut rows = self.rows.lock().unwrap();
//!         if rows.contains_key(key) {
//!             return Ok(Created::Taken);
//!         }
//!         rows.insert(*key, Row::Live(record.clone()));
//!         Ok(Created::Created)
//!     }
//!
//!     async fn update(
//!         &self,
//!         key: &RowKey,
//!         expected: Revision,
//!         record: &Record,
//!         lease: Lease,
//!     ) -> Result<Updated, StoreError> {
//!         match self.rows.lock().unwrap().get_mut(key) {
//!             Some(Row::Live(row)) if row.times.ends() >= lease.now => {
//!                 if row.revision != expected {
//!                     return Ok(Updated::Conflict(Some(row.clone())));
//!                 }
//!                 let times = if lease.may_shorten {
//!                     record.times
//!                 } else {
//!                     row.times.later(record.times)
//!                 };
//!                 *row = Record { times, ..record.clone() };
//!                 Ok(Updated::Applied)
//!             }
//!             _ => Ok(Updated::Ended),
//!         }
//!     }
//!
//!     async fn touch(
//!         &self,
//!         key: &RowKey,
//!         expected: Revision,
//!         times: Times,
//!         lease: Lease,
//!     ) -> Result<Touched, StoreError> {
//!         match self.rows.lock().unwrap().get_mut(key) {
//!             Some(Row::Live(row))
//!                 if row.revision == expected
//!                     && row.times.ends() >= lease.now
//!                     && row.times.ends() < times.ends() =>
//!             {
//!                 row.times = times;
//!                 Ok(Touched::Touched)
//!             }
//!             _ => Ok(Touched::Nothing),
//!         }
//!     }
//!
//!     async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
//!         let mut rows = self.rows.lock().unwrap();
//!         match rows.get_mut(key) {
//!             Some(row @ Row::Live(_)) => {
//!                 *row = Row::Ended(Instant::now() + remember);
//!                 Ok(Deleted::Deleted)
//!             }
//!             _ => Ok(Deleted::Gone),
//!         }
//!     }
//! }
//! ```
//!
//! With the feature `testing`, `session::testing::conformance` tries a store of your own as this
//! crate's are tried.

mod any;
mod at_once;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "encrypted")]
mod encrypted;
mod error;
mod index;
mod key;
#[cfg(feature = "memcached")]
mod memcached;
#[cfg(feature = "memory")]
mod memory;
mod record;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "memory", feature = "cache"))]
#[cfg_attr(not(all(feature = "memory", feature = "cache")), allow(dead_code))]
mod shards;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod sql;
mod sweep;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

pub use any::AnyStore;
pub(crate) use any::{Answer, DynStore, answered};
#[cfg(feature = "cache")]
pub use cache::{Cache, CacheBuilder};
#[cfg(feature = "encrypted")]
pub use encrypted::Encrypted;
pub use error::{StoreCall, StoreError, StoreErrorKind};
pub use index::{IndexKey, IndexKind, Indexed, IndexedStore, NotIndexed};
pub use key::RowKey;
#[cfg(feature = "memcached")]
pub use memcached::{MemcachedBuilder, MemcachedStore};
#[cfg(feature = "memory")]
pub use memory::{MemoryStore, MemoryStoreBuilder};
pub use record::{Lease, Record, Revision, Times};
#[cfg(feature = "redis-cluster")]
pub use redis::{RedisClusterStore, RedisClusterStoreBuilder};
#[cfg(feature = "redis")]
pub use redis::{RedisStore, RedisStoreBuilder};
#[cfg(feature = "mysql")]
pub use sql::MySqlStore;
#[cfg(feature = "postgres")]
pub use sql::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sql::SqliteStore;
pub use sweep::{Sweep, Sweeper};
#[cfg(feature = "tower-sessions")]
pub use tower_sessions::TowerSessionsStore;

use std::sync::Arc;
use std::time::Duration;

/// Keeps the rows of sessions. See the [module](self) for the contract as a whole.
///
/// - **One moment.** Each call takes effect at one moment between its beginning and its end, for all
///   who use the same rows, in this process or another; or it fails. After an error it may have
///   taken effect or not; a call whose future is dropped likewise.
/// - **No resurrection.** Only `create` makes rows. A row that is missing, expired by
///   [`Lease::now`], or deleted stays so whatever `update` and `touch` are asked.
/// - **No overwriting.** `create` leaves a row alone that is there, be it live, expired or
///   remembered as ended.
/// - **The library's clock decides about life and death.** The engine's own lifetimes only collect
///   garbage: a row is kept for at least [`Lease::keep`] from the call on, rounded up to what the
///   engine can count, and may stay longer.
///
/// Write the methods as `async fn`.
pub trait Store: Send + Sync + 'static {
    /// [`CompareAndSet`], or [`LastWriteWins`] if the engine can't compare before it writes.
    type Writes: Writes;

    /// [`Indexed`] if the store is an [`IndexedStore`] too, else [`NotIndexed`].
    type Index: IndexKind<Self>;

    /// Whether each call is done when it is polled for the first time, as it is in a store that
    /// waits for nobody. Requests then keep the calls' futures on their stack, where else they are
    /// boxed; and a call runs while its request's session is locked, which it can't use, then, by a hook
    /// for instance. A call that is not done is dropped, and is an error of the kind
    /// [`Other`](StoreErrorKind::Other).
    const AT_ONCE: bool = false;

    /// Reads a row. An expired row is given as it is, as long as it is there.
    ///
    /// # Errors
    /// When the engine can't be asked, or what it has is no record.
    fn load(&self, key: &RowKey) -> impl Future<Output = Result<Loaded, StoreError>> + Send;

    /// Makes a row that was not there before.
    ///
    /// # Errors
    /// When the engine can't be asked, or has no room.
    fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Replaces a live row if it has the `expected` revision. If the row ends later than `record`
    /// would, its times stay, unless [`Lease::may_shorten`].
    ///
    /// # Errors
    /// When the engine can't be asked, or has no room.
    fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> impl Future<Output = Result<Updated, StoreError>> + Send;

    /// Gives a live row that has the `expected` revision later `times`, and leaves the revision as
    /// it is. Never an earlier end.
    ///
    /// # Errors
    /// When the engine can't be asked.
    fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> impl Future<Output = Result<Touched, StoreError>> + Send;

    /// Ends a row, whatever its revision, and remembers for about `remember`, by the engine's own
    /// clock, that it was there: not at all if `remember` is zero. A row that is not there is not
    /// remembered.
    ///
    /// # Errors
    /// When the engine can't be asked.
    fn delete(
        &self,
        key: &RowKey,
        remember: Duration,
    ) -> impl Future<Output = Result<Deleted, StoreError>> + Send;

    /// Whom to tell when a bounded store lets a live session go to make room. Called by each layer
    /// that is built over the store; by default nobody is told, as engines of their own don't tell
    /// either.
    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        drop(tell);
    }

    /// Whether its rows are in this process alone and end with it, though nobody said that this is meant.
    /// A layer that is built over such a store, by a build without debug assertions, warns once. Not by
    /// default; a store over another one asks that.
    fn is_volatile(&self) -> bool {
        false
    }
}

/// What [`Store::load`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// The row, live or expired.
    Record(Record),
    /// The row was deleted a short time ago.
    Ended,
    /// There is no row.
    Nothing,
}

/// What [`Store::create`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The row is made.
    Created,
    /// Something is there already, and was left as it is.
    Taken,
}

/// What [`Store::update`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// The row is replaced.
    Applied,
    /// The row has another revision. The row as it is, where the engine gives it: it saves a load.
    Conflict(Option<Record>),
    /// There is no live row: it was deleted, it expired, or it never was.
    Ended,
}

/// What [`Store::touch`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// The row has the new times.
    Touched,
    /// There is no such live row, or it has another revision, or its end is as late already.
    Nothing,
}

/// What [`Store::delete`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// The row, live or expired, was there and is ended.
    Deleted,
    /// There was no row.
    Gone,
}

/// What a store's `update` promises: [`CompareAndSet`] or [`LastWriteWins`].
pub trait Writes: sealed::Sealed + 'static {}

/// `update` compares the revision and writes in one step: no change of anybody's is lost, and ended
/// sessions stay ended.
#[derive(Debug, Clone, Copy)]
pub struct CompareAndSet;

/// `update` may overwrite what somebody wrote a moment before, and may bring back what somebody
/// deleted a moment before: the engine can't compare and write in one step.
#[derive(Debug, Clone, Copy)]
pub struct LastWriteWins;

impl Writes for CompareAndSet {}
impl Writes for LastWriteWins {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::CompareAndSet {}
    impl Sealed for super::LastWriteWins {}
    impl Sealed for super::Indexed {}
    impl Sealed for super::NotIndexed {}
}

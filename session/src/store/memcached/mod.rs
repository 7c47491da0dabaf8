//! Memcached.

mod builder;
mod connection;
mod lifetime;
mod pool;
mod seen;
#[cfg(test)]
mod tests;

pub use builder::MemcachedBuilder;

use super::{
    CompareAndSet, Created, Deleted, Lease, Loaded, NotIndexed, Record, Revision, RowKey, Store,
    StoreError, StoreErrorKind, Times, Touched, Updated,
};
use connection::Swapped;
use pool::Server;
use seen::{Head, Seen};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The value of a row that was deleted. No record is so short.
const ENDED: u8 = 0xd0;

/// How often a swap is tried again because somebody else's came first. Each time somebody else got
/// on: who loses so often meets the call's timeout before.
const ATTEMPTS: usize = 100;

/// Keeps sessions in memcached.
///
/// ```no_run
/// use session::store::MemcachedStore;
///
/// # async fn example() -> Result<(), session::store::StoreError> {
/// let store = MemcachedStore::connect("memcached://127.0.0.1:11211").await?;
/// # Ok(()) }
/// ```
///
/// Memcached 1.4 or later; it is tried with 1.6. Not supported: TLS, authentication, UNIX sockets, `-C` (it turns
/// versions off), proxies between this and memcached.
///
/// # What is promised
///
/// Changes are not lost and ended sessions stay ended, by memcached's own compare-and-swap:
///
/// | call | takes effect at | commands |
/// |---|---|---|
/// | `load` | `gets` | 1 |
/// | `create` | `add` | 1 |
/// | `update` | `cas`; where nothing is written, the last `gets` or `cas` | 1 after a load by this process, else 2 |
/// | `touch` | `cas`; where nothing is written, the last `gets` or `cas` | 2 |
/// | `delete` | `cas`; where nothing is written, the last `gets` or `cas` | 1 after a load by this process, else 2 |
///
/// Two more each time that somebody else's swap came first: one if it was known from a load. A write
/// that must last for more than 30 days asks the server for its time, once an hour and connection.
///
/// To make `update` one command, a process remembers the versions (not the contents) of up to 1024
/// rows that it loaded. Memcached compares them, so that an old one can't do harm.
///
/// # What is not
///
/// Memcached is a cache. **Nothing survives its restart**, and when its memory is full it forgets the
/// rows that were not used for longest, also live ones: give it memory for all sessions that live at
/// once, start it with `-M` to get errors ([`Busy`](StoreErrorKind::Busy)) instead, and watch its
/// count of `evictions`. Who owns a forgotten session is logged out. A session that was ended does
/// not come back by it, though its mark is forgotten as well: no change ever makes a row.
///
/// Rows have at most 1 MiB, memcached's limit for items (`-I`), else
/// [`TooLarge`](StoreErrorKind::TooLarge).
///
/// # Several servers
///
/// `memcached://a,b,c:11212` spreads rows by rendezvous hashing of their keys and the servers'
/// names as they stand in the URL: write the same names in every process. When a server is added,
/// the sessions that it takes over are lost; when one is taken away, its own are. When one is down,
/// its sessions are unavailable: others don't take them over, because its old rows, ended ones
/// among them, would be back with it.
///
/// # Lifetimes
///
/// Whole seconds, rounded up, and one to two more. More than 30 days become a point in time by the
/// server's own clock, and an hour later; after the year 2037, for ever.
#[derive(Clone)]
pub struct MemcachedStore {
    shared: Arc<Shared>,
}

struct Shared {
    /// At least one.
    servers: Vec<Server>,
    prefix: String,
    timeout: Duration,
    seen: Seen,
}

/// What is under a key.
enum Row {
    Live(Record, u64),
    Ended,
    Nothing,
}

/// What [`MemcachedStore::swap`] did.
enum Swap {
    Done,
    /// The row is there, and was not to be replaced.
    Declined(Record, u64),
    /// There is no row: nothing, or the mark of an ended one.
    Missing,
}

/// The value that replaces a row.
struct Write {
    value: Vec<u8>,
    keep: Duration,
}

impl MemcachedStore {
    /// Connects with the default options to `memcached://host[:port][,host[:port]..]`.
    ///
    /// # Errors
    /// As [`MemcachedBuilder::connect`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// The options; [`connect`](MemcachedBuilder::connect) ends them.
    ///
    /// ```no_run
    /// use session::store::MemcachedStore;
    ///
    /// # async fn example() -> Result<(), session::store::StoreError> {
    /// let store = MemcachedStore::builder("memcached://cache-a,cache-b")
    ///     .prefix("shop:")
    ///     .max_connections(64)
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn builder(url: impl Into<String>) -> MemcachedBuilder {
        MemcachedBuilder::new(url.into())
    }

    /// The server that has the row.
    fn server(&self, key: &RowKey) -> &Server {
        let servers = &self.shared.servers;
        servers.iter().max_by_key(|server| server.score(key)).unwrap_or(&servers[0])
    }

    /// The name of a row's item.
    fn item(&self, key: &RowKey) -> Vec<u8> {
        [self.shared.prefix.as_bytes(), &key.to_hex()].concat()
    }

    async fn in_time<T>(
        &self,
        server: &Server,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.shared.timeout, call).await {
            Ok(result) => result,
            Err(elapsed) => {
                server.close_idle();
                Err(server.error(StoreErrorKind::Timeout, elapsed))
            }
        }
    }

    async fn read(&self, server: &Server, item: &[u8]) -> Result<Row, StoreError> {
        let Some((value, token)) = server.gets(item).await? else { return Ok(Row::Nothing) };
        if value == [ENDED] {
            return Ok(Row::Ended);
        }
        let record = Record::from_bytes(value).ok_or_else(StoreError::corrupt)?;
        Ok(Row::Live(record, token))
    }

    /// Replaces the row by what `replace` makes of it, if it makes anything.
    ///
    /// A version that is `known` from a load saves reading, but is good for nothing else than a
    /// swap, which memcached refuses if the row is another. Its body is not known: it is empty.
    async fn swap(
        &self,
        key: &RowKey,
        mut known: Option<Head>,
        replace: impl Fn(&Head, &[u8]) -> Option<Write>,
    ) -> Result<Swap, StoreError> {
        let server = self.server(key);
        let item = self.item(key);
        for _ in 0..ATTEMPTS {
            let at_once = known.take().and_then(|head| Some((head.token, replace(&head, &[])?)));
            let (token, write) = if let Some(at_once) = at_once {
                at_once
            } else {
                let Row::Live(record, token) = self.read(server, &item).await? else {
                    return Ok(Swap::Missing);
                };
                match replace(&Head::of(&record, token), &record.body) {
                    Some(write) => (token, write),
                    None => return Ok(Swap::Declined(record, token)),
                }
            };
            match server.cas(&item, token, &write.value, write.keep).await? {
                Swapped::Stored => return Ok(Swap::Done),
                Swapped::NotFound => return Ok(Swap::Missing),
                Swapped::Exists => {}
            }
        }
        Err(server.error(StoreErrorKind::Busy, "others kept changing the row"))
    }
}

impl Store for MemcachedStore {
    type Writes = CompareAndSet;
    type Index = NotIndexed;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        let server = self.server(key);
        Ok(match self.in_time(server, self.read(server, &self.item(key))).await? {
            Row::Live(record, token) => {
                self.shared.seen.remember(key, Head::of(&record, token));
                Loaded::Record(record)
            }
            Row::Ended => Loaded::Ended,
            Row::Nothing => Loaded::Nothing,
        })
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        let server = self.server(key);
        let write = Write::of(record, lease.keep);
        let item = self.item(key);
        let add = server.add(&item, &write.value, write.keep);
        Ok(if self.in_time(server, add).await? { Created::Created } else { Created::Taken })
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let seen = &self.shared.seen;
        let swap = self.swap(key, seen.take(key), |row, _| {
            if row.revision != expected || row.times.ends() < lease.now {
                return None;
            }
            let times =
                if lease.may_shorten { record.times } else { row.times.later(record.times) };
            // The lease is for the record's own times: later ones need the item for longer.
            let longer = times.ends().since(record.times.ends());
            let keep = lease.keep.saturating_add(Duration::from_millis(longer));
            Some(Write::of(&Record { times, ..record.clone() }, keep))
        });
        Ok(match self.in_time(self.server(key), swap).await? {
            Swap::Done => Updated::Applied,
            Swap::Declined(row, token) if row.times.ends() >= lease.now => {
                seen.remember(key, Head::of(&row, token));
                Updated::Conflict(Some(row))
            }
            Swap::Declined(..) | Swap::Missing => Updated::Ended,
        })
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        // A value is written as a whole, so that the body must be read.
        let swap = self.swap(key, None, |row, body| {
            let due = row.revision == expected
                && row.times.ends() >= lease.now
                && row.times.ends() < times.ends();
            due.then(|| {
                let body = body.to_vec();
                Write::of(&Record { revision: row.revision, times, body }, lease.keep)
            })
        });
        Ok(match self.in_time(self.server(key), swap).await? {
            Swap::Done => Touched::Touched,
            Swap::Declined(..) | Swap::Missing => Touched::Nothing,
        })
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        let swap = self.swap(key, self.shared.seen.take(key), |_, _| {
            Some(Write { value: vec![ENDED], keep: remember })
        });
        Ok(match self.in_time(self.server(key), swap).await? {
            Swap::Done => Deleted::Deleted,
            Swap::Declined(..) | Swap::Missing => Deleted::Gone,
        })
    }
}

impl Write {
    /// A record. To keep it for no time at all is to keep it for the least that there is.
    fn of(record: &Record, keep: Duration) -> Self {
        Self { value: record.to_bytes(), keep: keep.max(Duration::from_millis(1)) }
    }
}

impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore")
            .field("servers", &self.shared.servers)
            .field("prefix", &self.shared.prefix)
            .finish_non_exhaustive()
    }
}

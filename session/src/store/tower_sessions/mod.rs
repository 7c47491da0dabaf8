//! The stores of the tower-sessions ecosystem.

#[cfg(test)]
mod tests;

use super::{
    Created, Deleted, LastWriteWins, Lease, Loaded, NotIndexed, Record, Revision, RowKey, Store,
    StoreError, StoreErrorKind, Times, Touched, Updated,
};
use crate::base64url;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex, MutexGuard};
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record as Foreign};
use tower_sessions_core::session_store::Error;

/// The one entry of the data that is written: base64url of the row's key and its value.
const ENTRY: &str = "session";

/// Before the key in the digest that is the id.
const ID_DOMAIN: &[u8] = b"session/tower-sessions id\0";

/// The value of a row that was deleted. No record is so short.
const ENDED: u8 = 0xd0;

/// Their stores can't write every date, and fail in their own ways at the last ones.
const KEEP_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How many rows can be changed at once, at least nearly.
const LOCKS: usize = 1024;

/// Keeps sessions in any store that is made for [tower-sessions] 0.15, such as those for MongoDB,
/// DynamoDB or Firestore.
///
/// ```
/// use session::store::TowerSessionsStore;
/// use tower_sessions_core::SessionStore;
///
/// fn of(theirs: impl SessionStore) -> TowerSessionsStore<impl SessionStore> {
///     TowerSessionsStore::new(theirs)
/// }
/// ```
///
/// # What is promised
///
/// Such a store can load, save and delete, but not compare before it writes. So this one's
/// [`Writes`](Store::Writes) are [`LastWriteWins`], and `update`, `touch`, `create` and `delete` are a
/// load and a write with a gap between them.
///
/// - **In one process** (one `TowerSessionsStore` and its clones) calls on the same row wait for one
///   another, so that nothing falls into the gap: no change is lost, ended sessions stay ended. Not
///   so when a call's future is dropped or fails: what it had begun to write may come later.
/// - **Between processes** what falls into the gap is overwritten: another's `update` or `touch` is
///   lost, and a session that another deleted is back, with all that it held. So a logout is not
///   final there. If that matters, use a store that can compare.
///
/// | call | takes effect at | their calls |
/// |---|---|---|
/// | `load` | their load | 1 |
/// | `create` | their create; where something is there, their load | 2 |
/// | `update`, `touch` | their save; where nothing is written, their load | 2 |
/// | `delete` | their save of a mark; where nothing is there, their load | 2 |
///
/// `create` doesn't overwrite, but between processes: stores that have no `create` of their own
/// save, and if the same row were created twice within the gap the second would stay. Rows' keys are
/// random, so that it does not happen. A store that gives a row another id because its own is taken is
/// noticed, and what it made is deleted.
///
/// Don't wrap a `CachingSessionStore` if there are several processes: its cache does not learn of what
/// the others write.
///
/// How durable a row is, how long a call may take, and when expired rows are thrown away is up to
/// the store. Theirs throw away, and don't show, what has expired by their own clock: they are told
/// the end by the system's clock.
///
/// # Its table
///
/// Give it a table, collection or prefix of its own. The ids in it are digests of what is no secret
/// to who knows a session's handle: an app that uses tower-sessions itself on the same table would
/// take such an id for one of its own. Its rows in turn are [`Corrupt`](StoreErrorKind::Corrupt)
/// here, and left alone.
///
/// # Errors
///
/// The wrapped store's `Backend` errors are [`Unavailable`](StoreErrorKind::Unavailable), with what it
/// says as the source: what stands in that is up to it.
///
/// [tower-sessions]: https://docs.rs/tower-sessions
pub struct TowerSessionsStore<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    store: S,
    /// A row has one by its key.
    locks: Box<[Mutex<()>]>,
}

/// What is under a key.
enum Row {
    Live(Record),
    Ended,
    Nothing,
}

impl<S: SessionStore> TowerSessionsStore<S> {
    /// Keeps sessions in `store`.
    #[must_use]
    pub fn new(store: S) -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::new(())).collect();
        Self { shared: Arc::new(Shared { store, locks }) }
    }

    /// Waits until nobody else in this process changes the row.
    async fn lock(&self, key: &RowKey) -> MutexGuard<'_, ()> {
        let [.., high, low] = *key.as_bytes();
        let lock = usize::from(u16::from_be_bytes([high, low])) % LOCKS;
        self.shared.locks[lock].lock().await
    }

    async fn read(&self, key: &RowKey) -> Result<Row, StoreError> {
        match self.shared.store.load(&id(key)).await {
            Ok(Some(found)) => decode(key, &found),
            Ok(None) => Ok(Row::Nothing),
            Err(error) => Err(failed(error)),
        }
    }

    async fn save(&self, key: &RowKey, value: &[u8], keep: Duration) -> Result<(), StoreError> {
        self.shared.store.save(&encode(key, value, keep)).await.map_err(failed)
    }
}

impl<S: SessionStore> Store for TowerSessionsStore<S> {
    type Writes = LastWriteWins;
    type Index = NotIndexed;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        Ok(match self.read(key).await? {
            Row::Live(record) => Loaded::Record(record),
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
        let store = &self.shared.store;
        let _alone = self.lock(key).await;
        for _ in 0..2 {
            if store.load(&id(key)).await.map_err(failed)?.is_some() {
                return Ok(Created::Taken);
            }
            let mut made = encode(key, &record.to_bytes(), lease.keep);
            store.create(&mut made).await.map_err(failed)?;
            if made.id == id(key) {
                return Ok(Created::Created);
            }
            // Something is there after all, and the store chose another id.
            store.delete(&made.id).await.map_err(failed)?;
            if store.load(&id(key)).await.map_err(failed)?.is_some() {
                return Ok(Created::Taken);
            }
            // It has expired, and is only there because nobody threw it away yet.
            store.delete(&id(key)).await.map_err(failed)?;
        }
        Ok(Created::Taken)
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let _alone = self.lock(key).await;
        let row = match self.read(key).await? {
            Row::Live(row) if row.times.ends() >= lease.now => row,
            Row::Live(_) | Row::Ended | Row::Nothing => return Ok(Updated::Ended),
        };
        if row.revision != expected {
            return Ok(Updated::Conflict(Some(row)));
        }
        let times = if lease.may_shorten { record.times } else { row.times.later(record.times) };
        // The lease is for the record's own times: later ones need the row for longer.
        let longer = times.ends().since(record.times.ends());
        let keep = lease.keep.saturating_add(Duration::from_millis(longer));
        self.save(key, &Record { times, ..record.clone() }.to_bytes(), keep).await?;
        Ok(Updated::Applied)
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        let _alone = self.lock(key).await;
        match self.read(key).await? {
            Row::Live(row)
                if row.revision == expected
                    && row.times.ends() >= lease.now
                    && row.times.ends() < times.ends() =>
            {
                self.save(key, &Record { times, ..row }.to_bytes(), lease.keep).await?;
                Ok(Touched::Touched)
            }
            Row::Live(_) | Row::Ended | Row::Nothing => Ok(Touched::Nothing),
        }
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        let _alone = self.lock(key).await;
        match self.read(key).await? {
            Row::Live(_) if remember.is_zero() => {
                self.shared.store.delete(&id(key)).await.map_err(failed)?;
            }
            Row::Live(_) => self.save(key, &[ENDED], remember).await?,
            Row::Ended | Row::Nothing => return Ok(Deleted::Gone),
        }
        Ok(Deleted::Deleted)
    }
}

impl<S> Clone for TowerSessionsStore<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S> fmt::Debug for TowerSessionsStore<S> {
    /// Does not show the store: some show the rows they hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerSessionsStore").finish_non_exhaustive()
    }
}

/// Their ids have half of a key's bytes: a digest of the key. The data has the key as a whole.
fn id(key: &RowKey) -> Id {
    let digest = Sha256::new().chain_update(ID_DOMAIN).chain_update(key.as_bytes()).finalize();
    let (halves, _) = digest.as_chunks::<16>();
    Id(i128::from_le_bytes(halves[0]))
}

fn encode(key: &RowKey, value: &[u8], keep: Duration) -> Foreign {
    let mut text = Vec::new();
    base64url::encode(&[key.as_bytes(), value].concat(), &mut text);
    // Base64 is ASCII: nothing is lost.
    let text = String::from_utf8_lossy(&text).into_owned();
    // Rounded up, for some stores keep whole seconds and cut off the rest.
    let keep = keep.min(KEEP_MAX) + Duration::from_secs(1);
    Foreign {
        id: id(key),
        data: [(ENTRY.to_owned(), Value::String(text))].into(),
        expiry_date: (SystemTime::now() + keep).into(),
    }
}

fn decode(key: &RowKey, found: &Foreign) -> Result<Row, StoreError> {
    if found.id != id(key) {
        return Err(StoreError::of(StoreErrorKind::MixedUp));
    }
    let text = found.data.get(ENTRY).and_then(Value::as_str).ok_or_else(StoreError::corrupt)?;
    let mut bytes = Vec::new();
    base64url::decode(text.as_bytes(), &mut bytes).ok_or_else(StoreError::corrupt)?;
    // Another row's key: somebody put it there.
    let value = bytes.strip_prefix(key.as_bytes()).ok_or_else(StoreError::corrupt)?;
    if value == [ENDED] {
        return Ok(Row::Ended);
    }
    Record::from_bytes(value.to_vec()).map(Row::Live).ok_or_else(StoreError::corrupt)
}

fn failed(error: Error) -> StoreError {
    match error {
        // What a codec says may have a part of the value in it.
        Error::Encode(_) => {
            StoreError::new(StoreErrorKind::Other, "the wrapped store can't encode")
        }
        Error::Decode(_) => StoreError::new(
            StoreErrorKind::Corrupt,
            "the wrapped store can't decode what it has under this key",
        ),
        // All that is known is that it did not work this time.
        error @ Error::Backend(_) => StoreError::new(StoreErrorKind::Unavailable, error),
    }
}

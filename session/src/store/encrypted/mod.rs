//! Rows encrypted, in any store.

#[cfg(all(test, feature = "memory"))]
mod tests;

use super::{
    Created, Deleted, IndexKey, IndexKind, IndexedStore, Lease, Loaded, Record, Revision, RowKey,
    Store, StoreError, StoreErrorKind, Times, Touched, Updated,
};
use crate::seal::{self, Keys, Refused};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What an encrypted body begins with. A plain one begins with a small number, the version of its layout.
const FORMAT: u8 = 0xe1;

/// Encrypts what a store keeps: whoever reads the database, its backups or its replicas reads no session.
///
/// ```
/// use session::Keys;
/// use session::store::{Encrypted, MemoryStore};
///
/// # fn main() -> Result<(), session::KeysError> {
/// # let keys = Keys::random()?;
/// # /*
/// let keys = Keys::from_env("SESSION_ROW_KEYS")?;
/// # */
/// let store = Encrypted::new(MemoryStore::new(), &keys);
/// # let _: &MemoryStore = store.store();
/// # Ok(()) }
/// ```
///
/// By XChaCha20-Poly1305, with a key derived from the ring for this alone and a random nonce for each
/// write. A row's body is bound to the row's key: in another row's place, or changed in any bit, it is
/// [`Unreadable`](StoreErrorKind::Unreadable). It is 49 bytes longer than it would be plain.
///
/// Where several stores share a ring, of tenants say, each has a name of its own
/// ([`named`](Self::named)): else a row that somebody copies from one to the other is a session there, too.
///
/// It makes the promises of the store under it: [`Writes`](Store::Writes) and [`Index`](Store::Index) are
/// those. With a cache it goes under it: what is kept in this process's memory is plain then, and a load
/// from there decrypts nothing.
///
/// # What it does not hide
///
/// The rows' keys, revisions and times, for the store works with them; how long a state is; and
/// which rows have the same value in an `index` field, whose digest needs no key: who guesses a user's
/// name finds the sessions of that user, though nothing in them.
///
/// Nor does it keep who may write to the store from all harm: they can put back a row that was there
/// before, under the same key; move a session's end, as far as its absolute lifetime; remove rows; and
/// remove entries of indexes, so that "log out everywhere" misses a session.
///
/// # Keys
///
/// The first of the ring encrypts, all decrypt: to change one roll out `[old, new]`, then `[new, old]`, and
/// after the longest absolute lifetime `[new]`. A row is encrypted anew when its session changes, not by
/// a renewal. A row under a key that is not in the ring is [`Unreadable`](StoreErrorKind::Unreadable): the
/// session counts as undecodable and is blank. Its row is left as it is, for an instance that has the key,
/// and so is the client's cookie until the blank session is written or destroyed. That ends the other
/// one for the client, not in the store, as nobody can tell here whose it is. "Log out everywhere" ends it
/// in the store, too; `max_sessions` does not count it. A write that meets such a row is refused with 503.
///
/// # Where there are sessions already
///
/// [`accept_plain_rows`](Self::accept_plain_rows) reads those that were written before; a change
/// encrypts them. An instance that still runs without encryption finds an encrypted session undecodable, and
/// a write there gives the client a new one: let such instances go before the first that encrypts.
#[derive(Clone)]
pub struct Encrypted<S> {
    store: S,
    seal: Arc<seal::Encrypted>,
    plain: bool,
}

impl<S> Encrypted<S> {
    /// Encrypts what is put into `store`, and takes nothing else out of it.
    #[must_use]
    pub fn new(store: S, keys: &Keys) -> Self {
        Self::named(store, keys, "")
    }

    /// As [`new`](Self::new), with a name that other stores with this ring have not: their rows are nobody's
    /// here. Under another name no row can be read any more.
    #[must_use]
    pub fn named(store: S, keys: &Keys, name: &str) -> Self {
        let seal = seal::Encrypted::new(keys, &["rows", "XChaCha20-Poly1305", name]);
        Self { store, seal: Arc::new(seal), plain: false }
    }

    /// Takes rows that are not encrypted for what they are. Who may write to the store can make such
    /// ones; so this is for the time until those from before are over.
    #[must_use]
    pub fn accept_plain_rows(self) -> Self {
        Self { plain: true, ..self }
    }

    /// The store under it.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    fn sealed(&self, key: &RowKey, record: &Record) -> Result<Record, StoreError> {
        let mut body = Vec::with_capacity(1 + seal::Encrypted::OVERHEAD + record.body.len());
        body.push(FORMAT);
        self.seal
            .seal(key.as_bytes(), &record.body, &mut body)
            .map_err(|error| StoreError::new(StoreErrorKind::Other, error))?;
        Ok(Record { revision: record.revision, times: record.times, body })
    }

    fn opened(&self, key: &RowKey, record: Record) -> Result<Record, StoreError> {
        let why = match record.body.split_first() {
            Some((&FORMAT, sealed)) => match self.seal.open(key.as_bytes(), sealed) {
                Ok(body) => return Ok(Record { body, ..record }),
                Err(Refused::Unknown) => {
                    "the row is encrypted under a key that is not in the ring; list old keys behind \
                     the first"
                }
                Err(Refused::Forged) => "the row was changed, or is in the place of another one",
            },
            _ if self.plain => return Ok(record),
            _ => "the row is not encrypted; `accept_plain_rows` takes those from before",
        };
        Err(StoreError::new(StoreErrorKind::Unreadable, why))
    }
}

impl<S: Store> Store for Encrypted<S>
where
    S::Index: IndexKind<Self>,
{
    type Writes = S::Writes;
    type Index = S::Index;

    const AT_ONCE: bool = S::AT_ONCE;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        Ok(match self.store.load(key).await? {
            Loaded::Record(record) => Loaded::Record(self.opened(key, record)?),
            other => other,
        })
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        self.store.create(key, &self.sealed(key, record)?, lease).await
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let sealed = self.sealed(key, record)?;
        Ok(match self.store.update(key, expected, &sealed, lease).await? {
            Updated::Conflict(Some(theirs)) => Updated::Conflict(Some(self.opened(key, theirs)?)),
            other => other,
        })
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        self.store.touch(key, expected, times, lease).await
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        self.store.delete(key, remember).await
    }

    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        self.store.on_evict(tell);
    }

    fn is_volatile(&self) -> bool {
        self.store.is_volatile()
    }
}

impl<S: IndexedStore> IndexedStore for Encrypted<S> {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.store.index_insert(index, member, keep).await
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        self.store.index_remove(index, member).await
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        self.store.index_members(index, after, limit).await
    }
}

impl<S: fmt::Debug> fmt::Debug for Encrypted<S> {
    /// Shows no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted")
            .field("store", &self.store)
            .field("keys", &self.seal.keys())
            .finish_non_exhaustive()
    }
}

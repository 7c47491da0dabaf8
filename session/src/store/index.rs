//! Which sessions belong to a user: the entries of `index` fields.

use super::{RowKey, Store, StoreError, sealed::Sealed};
use std::time::Duration;

/// The key of an index: a digest of the session type, the field and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexKey(RowKey);

impl IndexKey {
    /// From its bytes: for tests.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(RowKey::from_bytes(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// As lowercase hexadecimal ASCII.
    #[must_use]
    pub fn to_hex(&self) -> [u8; 64] {
        self.0.to_hex()
    }
}

impl std::fmt::Display for IndexKey {
    /// Lowercase hexadecimal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A store that also keeps sets of row keys.
///
/// The library makes an entry before the row it names, and removes it after: so a set may name rows
/// that are not there, and never misses one that is. It loads what a set names before it believes
/// it. Entries and rows share nothing: neither call looks at rows.
pub trait IndexedStore: Store<Index = Indexed> {
    /// Puts a member into a set, or keeps it there, for at least `keep` from now on.
    ///
    /// # Errors
    /// When the engine can't be asked.
    fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes a member out of a set, if it is there.
    ///
    /// # Errors
    /// When the engine can't be asked.
    fn index_remove(
        &self,
        index: &IndexKey,
        member: &RowKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Up to `limit` members of a set that come after `after`, in ascending order of their bytes.
    /// Members whose time is over may be missing or not.
    ///
    /// # Errors
    /// When the engine can't be asked.
    fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RowKey>, StoreError>> + Send;
}

/// Whether a store keeps indexes: [`Indexed`] or [`NotIndexed`].
pub trait IndexKind<S: ?Sized>: Sealed + 'static {
    #[doc(hidden)]
    fn insert(
        store: &S,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    #[doc(hidden)]
    fn remove(
        store: &S,
        index: &IndexKey,
        member: &RowKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    #[doc(hidden)]
    fn members(
        store: &S,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RowKey>, StoreError>> + Send;
}

/// The store is an [`IndexedStore`].
#[derive(Debug, Clone, Copy)]
pub struct Indexed;

/// The store keeps no indexes: session types with `index` fields don't compile with it.
#[derive(Debug, Clone, Copy)]
pub struct NotIndexed;

impl<S: IndexedStore> IndexKind<S> for Indexed {
    async fn insert(
        store: &S,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        store.index_insert(index, member, keep).await
    }

    async fn remove(store: &S, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        store.index_remove(index, member).await
    }

    async fn members(
        store: &S,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        store.index_members(index, after, limit).await
    }
}

/// The types keep these from being called; what they do is nothing.
impl<S: ?Sized + Sync> IndexKind<S> for NotIndexed {
    async fn insert(_: &S, _: &IndexKey, _: &RowKey, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove(_: &S, _: &IndexKey, _: &RowKey) -> Result<(), StoreError> {
        Ok(())
    }

    async fn members(
        _: &S,
        _: &IndexKey,
        _: Option<&RowKey>,
        _: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        Ok(Vec::new())
    }
}

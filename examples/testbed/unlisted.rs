//! A store of the app's own: rows in another store, and no index.

use session::store::{
    Created, Deleted, IndexKey, Indexed, IndexedStore, Lease, Loaded, Record, Revision, RowKey,
    Store, StoreError, StoreErrorKind, Times, Touched, Updated,
};
use std::time::Duration;

/// A store that can't list the sessions of a user, for a type that has an `index` field.
///
/// In most apps that is a mistake, and it does not compile: who needs no lists drops the `index`, and
/// who needs them takes another store. Here one type lives in whatever home the command line names,
/// so that it is found out when the program runs: nothing is noted, and who asks for a list gets
/// an error.
#[derive(Debug)]
pub(crate) struct Unlisted<S>(pub(crate) S);

impl<S: Store> Store for Unlisted<S> {
    type Writes = S::Writes;
    type Index = Indexed;

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

impl<S: Store> IndexedStore for Unlisted<S> {
    async fn index_insert(&self, _: &IndexKey, _: &RowKey, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn index_remove(&self, _: &IndexKey, _: &RowKey) -> Result<(), StoreError> {
        Ok(())
    }

    async fn index_members(
        &self,
        _: &IndexKey,
        _: Option<&RowKey>,
        _: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        Err(StoreError::new(StoreErrorKind::Other, "this store keeps no index"))
    }
}

//! Stores as objects.

use super::{
    CompareAndSet, Created, Deleted, IndexKey, IndexKind, Indexed, IndexedStore, Lease, Loaded,
    Record, Revision, RowKey, Store, StoreError, Times, Touched, Updated, Writes,
};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub(crate) type BoxFuture<'a, R> = Pin<Box<dyn Future<Output = Result<R, StoreError>> + Send + 'a>>;

/// [`Store`] and [`IndexedStore`] in a form that can be an object.
pub(crate) trait DynStore: Send + Sync {
    fn load<'a>(&'a self, key: &'a RowKey) -> BoxFuture<'a, Loaded>;
    fn create<'a>(
        &'a self,
        key: &'a RowKey,
        record: &'a Record,
        lease: Lease,
    ) -> BoxFuture<'a, Created>;
    fn update<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        record: &'a Record,
        lease: Lease,
    ) -> BoxFuture<'a, Updated>;
    fn touch<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> BoxFuture<'a, Touched>;
    fn delete<'a>(&'a self, key: &'a RowKey, remember: Duration) -> BoxFuture<'a, Deleted>;
    fn index_insert<'a>(
        &'a self,
        index: &'a IndexKey,
        member: &'a RowKey,
        keep: Duration,
    ) -> BoxFuture<'a, ()>;
    fn index_remove<'a>(&'a self, index: &'a IndexKey, member: &'a RowKey) -> BoxFuture<'a, ()>;
    fn index_members<'a>(
        &'a self,
        index: &'a IndexKey,
        after: Option<&'a RowKey>,
        limit: usize,
    ) -> BoxFuture<'a, Vec<RowKey>>;
    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>);
}

impl<S: Store> DynStore for S {
    fn load<'a>(&'a self, key: &'a RowKey) -> BoxFuture<'a, Loaded> {
        Box::pin(Store::load(self, key))
    }

    fn create<'a>(
        &'a self,
        key: &'a RowKey,
        record: &'a Record,
        lease: Lease,
    ) -> BoxFuture<'a, Created> {
        Box::pin(Store::create(self, key, record, lease))
    }

    fn update<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        record: &'a Record,
        lease: Lease,
    ) -> BoxFuture<'a, Updated> {
        Box::pin(Store::update(self, key, expected, record, lease))
    }

    fn touch<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> BoxFuture<'a, Touched> {
        Box::pin(Store::touch(self, key, expected, times, lease))
    }

    fn delete<'a>(&'a self, key: &'a RowKey, remember: Duration) -> BoxFuture<'a, Deleted> {
        Box::pin(Store::delete(self, key, remember))
    }

    fn index_insert<'a>(
        &'a self,
        index: &'a IndexKey,
        member: &'a RowKey,
        keep: Duration,
    ) -> BoxFuture<'a, ()> {
        Box::pin(S::Index::insert(self, index, member, keep))
    }

    fn index_remove<'a>(&'a self, index: &'a IndexKey, member: &'a RowKey) -> BoxFuture<'a, ()> {
        Box::pin(S::Index::remove(self, index, member))
    }

    fn index_members<'a>(
        &'a self,
        index: &'a IndexKey,
        after: Option<&'a RowKey>,
        limit: usize,
    ) -> BoxFuture<'a, Vec<RowKey>> {
        Box::pin(S::Index::members(self, index, after, limit))
    }

    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        Store::on_evict(self, tell);
    }
}

/// Any store, as one type: for a choice that is made when the program runs, such as
/// [`stored_with`](crate::SessionLayer::stored_with) between engines of different kinds. It keeps the
/// promises of the store it was made from: `I` and `W` are those of its type.
pub struct AnyStore<I = Indexed, W = CompareAndSet> {
    store: Arc<dyn DynStore>,
    promises: PhantomData<fn() -> (I, W)>,
}

impl<I, W> AnyStore<I, W> {
    /// Forgets which store it is.
    pub fn new<S: Store<Index = I, Writes = W>>(store: S) -> Self {
        Self { store: Arc::new(store), promises: PhantomData }
    }
}

impl<I, W> Clone for AnyStore<I, W> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), promises: PhantomData }
    }
}

impl<I, W> fmt::Debug for AnyStore<I, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStore").finish_non_exhaustive()
    }
}

impl<I: IndexKind<Self>, W: Writes> Store for AnyStore<I, W> {
    type Writes = W;
    type Index = I;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        self.store.load(key).await
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        self.store.create(key, record, lease).await
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        self.store.update(key, expected, record, lease).await
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
}

impl<W: Writes> IndexedStore for AnyStore<Indexed, W> {
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

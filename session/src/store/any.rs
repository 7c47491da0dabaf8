//! Stores as objects.

use super::at_once::at_once;
use super::{
    CompareAndSet, Created, Deleted, IndexKey, IndexKind, Indexed, IndexedStore, Lease, Loaded,
    Record, Revision, RowKey, Store, StoreError, StoreErrorKind, Times, Touched, Updated, Writes,
};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What a call comes to.
pub(crate) enum Answer<'a, R> {
    /// It is there: the store [answers at once](Store::AT_ONCE), and nothing had to be boxed.
    Now(Result<R, StoreError>),
    Later(BoxFuture<'a, R>),
}

type BoxFuture<'a, R> = Pin<Box<dyn Future<Output = Result<R, StoreError>> + Send + 'a>>;

impl<'a, R> Answer<'a, R> {
    #[inline]
    fn of<S: Store>(call: impl Future<Output = Result<R, StoreError>> + Send + 'a) -> Self {
        if !S::AT_ONCE {
            return Self::Later(Box::pin(call));
        }
        Self::Now(answered(|| call))
    }

    /// For whoever awaits it without a timer.
    pub(crate) async fn wait(self) -> Result<R, StoreError> {
        match self {
            Self::Now(answer) => answer,
            Self::Later(call) => call.await,
        }
    }
}

/// What calls of a store that [answers at once](Store::AT_ONCE) come to.
#[inline(always)]
pub(crate) fn answered<R, F>(calls: impl FnOnce() -> F) -> Result<R, StoreError>
where
    F: Future<Output = Result<R, StoreError>>,
{
    at_once(calls).unwrap_or_else(|| {
        let broken = "the store says that it answers at once, and did not";
        Err(StoreError::new(StoreErrorKind::Other, broken))
    })
}

/// [`Store`] and [`IndexedStore`] in a form that can be an object.
pub(crate) trait DynStore: Send + Sync {
    fn load<'a>(&'a self, key: &'a RowKey) -> Answer<'a, Loaded>;
    fn create<'a>(
        &'a self,
        key: &'a RowKey,
        record: &'a Record,
        lease: Lease,
    ) -> Answer<'a, Created>;
    fn update<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        record: &'a Record,
        lease: Lease,
    ) -> Answer<'a, Updated>;
    fn touch<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Answer<'a, Touched>;
    fn delete<'a>(&'a self, key: &'a RowKey, remember: Duration) -> Answer<'a, Deleted>;
    fn index_insert<'a>(
        &'a self,
        index: &'a IndexKey,
        member: &'a RowKey,
        keep: Duration,
    ) -> Answer<'a, ()>;
    fn index_remove<'a>(&'a self, index: &'a IndexKey, member: &'a RowKey) -> Answer<'a, ()>;
    fn index_members<'a>(
        &'a self,
        index: &'a IndexKey,
        after: Option<&'a RowKey>,
        limit: usize,
    ) -> Answer<'a, Vec<RowKey>>;
    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>);
    /// [`Store::is_volatile`].
    fn is_volatile(&self) -> bool;
    /// [`Store::AT_ONCE`].
    fn answers_at_once(&self) -> bool;
}

impl<S: Store> DynStore for S {
    fn load<'a>(&'a self, key: &'a RowKey) -> Answer<'a, Loaded> {
        Answer::of::<S>(Store::load(self, key))
    }

    fn create<'a>(
        &'a self,
        key: &'a RowKey,
        record: &'a Record,
        lease: Lease,
    ) -> Answer<'a, Created> {
        Answer::of::<S>(Store::create(self, key, record, lease))
    }

    fn update<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        record: &'a Record,
        lease: Lease,
    ) -> Answer<'a, Updated> {
        Answer::of::<S>(Store::update(self, key, expected, record, lease))
    }

    fn touch<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Answer<'a, Touched> {
        Answer::of::<S>(Store::touch(self, key, expected, times, lease))
    }

    fn delete<'a>(&'a self, key: &'a RowKey, remember: Duration) -> Answer<'a, Deleted> {
        Answer::of::<S>(Store::delete(self, key, remember))
    }

    fn index_insert<'a>(
        &'a self,
        index: &'a IndexKey,
        member: &'a RowKey,
        keep: Duration,
    ) -> Answer<'a, ()> {
        Answer::of::<S>(S::Index::insert(self, index, member, keep))
    }

    fn index_remove<'a>(&'a self, index: &'a IndexKey, member: &'a RowKey) -> Answer<'a, ()> {
        Answer::of::<S>(S::Index::remove(self, index, member))
    }

    fn index_members<'a>(
        &'a self,
        index: &'a IndexKey,
        after: Option<&'a RowKey>,
        limit: usize,
    ) -> Answer<'a, Vec<RowKey>> {
        Answer::of::<S>(S::Index::members(self, index, after, limit))
    }

    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        Store::on_evict(self, tell);
    }

    fn is_volatile(&self) -> bool {
        Store::is_volatile(self)
    }

    fn answers_at_once(&self) -> bool {
        S::AT_ONCE
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
        self.store.load(key).wait().await
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        self.store.create(key, record, lease).wait().await
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        self.store.update(key, expected, record, lease).wait().await
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        self.store.touch(key, expected, times, lease).wait().await
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        self.store.delete(key, remember).wait().await
    }

    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        self.store.on_evict(tell);
    }

    fn is_volatile(&self) -> bool {
        self.store.is_volatile()
    }
}

impl<W: Writes> IndexedStore for AnyStore<Indexed, W> {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.store.index_insert(index, member, keep).wait().await
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        self.store.index_remove(index, member).wait().await
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        self.store.index_members(index, after, limit).wait().await
    }
}

#[cfg(all(test, feature = "memory"))]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[test]
    fn who_says_to_answer_at_once_and_waits_is_told() {
        let answer = Answer::<()>::of::<MemoryStore>(std::future::pending());
        let Answer::Now(Err(error)) = answer else { panic!("no error") };
        assert_eq!(error.kind(), StoreErrorKind::Other);
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("the store says that it answers at once, and did not"));
    }
}

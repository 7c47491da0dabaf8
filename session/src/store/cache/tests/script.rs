//! A store that answers what the test says, when the test says so.

use crate::store::{
    CompareAndSet, Created, Deleted, IndexKey, Indexed, IndexedStore, Lease, Loaded, Record,
    Revision, RowKey, Store, StoreError, StoreErrorKind, Times, Touched, Updated,
};
use std::any::Any;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Calls in the order in which they came. Clones share them.
#[derive(Default, Clone)]
pub(super) struct Scripted(Arc<Mutex<Vec<Call>>>, Arc<OnceLock<Arc<dyn Fn() + Send + Sync>>>);

struct Call {
    name: &'static str,
    answer: Option<Box<dyn Any + Send>>,
}

impl Scripted {
    pub(super) fn calls(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|call| call.name).collect()
    }

    /// What the call with this number gives at its next poll.
    pub(super) fn answer<R: Send + 'static>(&self, call: usize, answer: Result<R, StoreErrorKind>) {
        self.0.lock().unwrap()[call].answer = Some(Box::new(answer));
    }

    pub(super) fn answer_the_last<R: Send + 'static>(&self, answer: Result<R, StoreErrorKind>) {
        self.answer(self.calls() - 1, answer);
    }

    pub(super) fn evict(&self) {
        self.1.get().expect("somebody asked to be told")();
    }

    async fn call<R: 'static>(&self, name: &'static str) -> Result<R, StoreError> {
        let number = {
            let mut calls = self.0.lock().unwrap();
            calls.push(Call { name, answer: None });
            calls.len() - 1
        };
        let answer = poll_fn(|_| match self.0.lock().unwrap()[number].answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        });
        let answer = answer.await.downcast::<Result<R, StoreErrorKind>>();
        answer.unwrap_or_else(|_| panic!("no answer for `{name}`")).map_err(StoreError::of)
    }
}

impl Store for Scripted {
    type Writes = CompareAndSet;
    type Index = Indexed;

    async fn load(&self, _: &RowKey) -> Result<Loaded, StoreError> {
        self.call("load").await
    }

    async fn create(&self, _: &RowKey, _: &Record, _: Lease) -> Result<Created, StoreError> {
        self.call("create").await
    }

    async fn update(
        &self,
        _: &RowKey,
        _: Revision,
        _: &Record,
        _: Lease,
    ) -> Result<Updated, StoreError> {
        self.call("update").await
    }

    async fn touch(
        &self,
        _: &RowKey,
        _: Revision,
        _: Times,
        _: Lease,
    ) -> Result<Touched, StoreError> {
        self.call("touch").await
    }

    async fn delete(&self, _: &RowKey, _: Duration) -> Result<Deleted, StoreError> {
        self.call("delete").await
    }

    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        assert!(self.1.set(tell).is_ok());
    }
}

impl IndexedStore for Scripted {
    async fn index_insert(&self, _: &IndexKey, _: &RowKey, _: Duration) -> Result<(), StoreError> {
        self.call("index_insert").await
    }

    async fn index_remove(&self, _: &IndexKey, _: &RowKey) -> Result<(), StoreError> {
        self.call("index_remove").await
    }

    async fn index_members(
        &self,
        _: &IndexKey,
        _: Option<&RowKey>,
        _: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        self.call("index_members").await
    }
}

/// A call that is polled when the test says so.
pub(super) struct Started<'a, R>(Pin<Box<dyn Future<Output = R> + 'a>>);

pub(super) fn start<'a, R>(call: impl Future<Output = R> + 'a) -> Started<'a, R> {
    Started(Box::pin(call))
}

impl<R> Started<'_, R> {
    pub(super) fn poll(&mut self) -> Option<R> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }
}

//! `--flaky`: the request says how its store fares.

use crate::answer::Failure;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use session::store::{
    AnyStore, Created, Deleted, IndexKey, IndexedStore, Lease, Loaded, Record, Revision, RowKey,
    Store, StoreError, StoreErrorKind, Times, Touched, Updated,
};
use std::time::Duration;

tokio::task_local! {
    static FAULT: Fault;
}

/// What `X-Test-Store` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// No call works.
    Down,
    /// No call that writes works.
    DownWrite,
    /// No call is ever answered.
    Slow,
}

/// Stands outside the session layers, so that the fault lasts until they have committed.
pub(crate) async fn set(request: Request, next: Next) -> Result<Response, Failure> {
    let fault = match request.headers().get("x-test-store").map(|value| value.as_bytes()) {
        None => return Ok(next.run(request).await),
        Some(b"down") => Fault::Down,
        Some(b"down-write") => Fault::DownWrite,
        Some(b"slow") => Fault::Slow,
        Some(_) => {
            let expected = "`X-Test-Store` takes `down`, `down-write` or `slow`";
            return Err(Failure::bad("bad_header", expected));
        }
    };
    Ok(FAULT.scope(fault, next.run(request)).await)
}

/// A store that fails when the request says so. It is the app's own, like any other.
#[derive(Debug)]
pub(crate) struct Flaky(pub(crate) AnyStore);

/// Passes, fails or waits before a call; `write` if the call would change something.
async fn before(write: bool) -> Result<(), StoreError> {
    match FAULT.try_with(|fault| *fault) {
        Ok(Fault::Slow) => std::future::pending().await,
        Ok(Fault::DownWrite) if !write => Ok(()),
        Ok(Fault::Down | Fault::DownWrite) => {
            Err(StoreError::new(StoreErrorKind::Unavailable, "as asked"))
        }
        // Nothing was asked, or the call is no part of a request.
        Err(_) => Ok(()),
    }
}

impl Store for Flaky {
    type Writes = <AnyStore as Store>::Writes;
    type Index = <AnyStore as Store>::Index;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        before(false).await?;
        self.0.load(key).await
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        before(true).await?;
        self.0.create(key, record, lease).await
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        before(true).await?;
        self.0.update(key, expected, record, lease).await
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        before(true).await?;
        self.0.touch(key, expected, times, lease).await
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        before(true).await?;
        self.0.delete(key, remember).await
    }
}

impl IndexedStore for Flaky {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        before(true).await?;
        self.0.index_insert(index, member, keep).await
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        before(true).await?;
        self.0.index_remove(index, member).await
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        before(false).await?;
        self.0.index_members(index, after, limit).await
    }
}

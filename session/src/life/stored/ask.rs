//! Asking a store, with bounded patience.

use crate::store::{BoxFuture, StoreError, StoreErrorKind};
use std::task::Poll;
use std::time::Duration;

/// The answer of a store, or an error when it takes longer than `patience`.
///
/// A store that answers at once costs no timer.
pub(crate) async fn ask<R>(
    patience: Duration,
    mut call: BoxFuture<'_, R>,
) -> Result<R, StoreError> {
    let at_once = std::future::poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => Poll::Ready(None),
    });
    if let Some(answer) = at_once.await {
        return answer;
    }
    match tokio::time::timeout(patience, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(StoreError::new(StoreErrorKind::Timeout, elapsed)),
    }
}

/// Waits before the next try: twice as long at most with every one, and at random, so that those
/// who met once don't meet again.
pub(super) async fn back_off(tries: u32) {
    const LONGEST_US: u64 = 20_000;
    if tries < 2 {
        return tokio::task::yield_now().await;
    }
    let most = LONGEST_US.min(250 << tries.min(16));
    // Without randomness the wait is merely the same for all.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    tokio::time::sleep(Duration::from_micros(most * u64::from(random) / u64::from(u32::MAX))).await;
}

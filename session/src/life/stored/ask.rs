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
    // Boxed, so that who never waits does not carry the timer's size about.
    match Box::pin(tokio::time::timeout(patience, call)).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(StoreError::new(StoreErrorKind::Timeout, elapsed)),
    }
}

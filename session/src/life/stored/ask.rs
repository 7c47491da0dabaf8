//! Asking a store, with bounded patience.

use crate::store::{Answer, StoreCall, StoreError, StoreErrorKind};
use std::task::Poll;
use std::time::Duration;

/// The answer of a store, or an error when it takes longer than `patience`; an error says which call it
/// was.
///
/// One that is there at once costs no timer.
#[inline]
pub(crate) async fn ask<R>(
    patience: Duration,
    call: StoreCall,
    answer: Answer<'_, R>,
) -> Result<R, StoreError> {
    asked(patience, answer).await.map_err(|error| error.in_call(call))
}

#[inline]
async fn asked<R>(patience: Duration, answer: Answer<'_, R>) -> Result<R, StoreError> {
    let mut call = match answer {
        Answer::Now(answer) => return answer,
        Answer::Later(call) => call,
    };
    let first = std::future::poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => Poll::Ready(None),
    });
    if let Some(answer) = first.await {
        return answer;
    }
    // Boxed, so that who never waits does not carry the timer's size about.
    match Box::pin(tokio::time::timeout(patience, call)).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(StoreError::new(StoreErrorKind::Timeout, elapsed)),
    }
}

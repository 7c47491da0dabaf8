//! Futures that need not wait.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What a future comes to that is ready at its first poll. It stays where it is made, on the stack.
/// `None`: it is not ready, and is dropped.
#[inline(always)]
pub(crate) fn at_once<F: Future>(make: impl FnOnce() -> F) -> Option<F::Output> {
    match pin!(make()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

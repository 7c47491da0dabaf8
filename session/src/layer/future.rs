//! The future: waits for the response, then commits.

use super::headers;
use crate::data::SessionData;
use crate::error::CommitError;
use crate::life::{Closing, Engine, Life, Slot};
use axum_core::body::Body;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING, VARY};
use http::{HeaderValue, Response, StatusCode};
use pin_project_lite::pin_project;
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A store is asked, and the answer waits for it.
struct Committing<A> {
    future: Pin<Box<dyn Future<Output = Result<(), CommitError>> + Send>>,
    answer: A,
}

pin_project! {
    /// Commits the session when the inner service has answered.
    ///
    /// Dropped before, it commits nothing: what the client and the store hold stays as it was. A
    /// session that was ended in a store ends all the same, by a task of its own.
    pub struct SessionFuture<F: Future, T: SessionData> {
        // `None` only while the future is dropped.
        #[pin]
        inner: Option<F>,
        // `None` once the response is out.
        slot: Option<Arc<Slot<T>>>,
        // Boxed, so that nobody who does not wait carries its size about.
        committing: Option<Box<Committing<F::Output>>>,
    }

    impl<F: Future, T: SessionData> PinnedDrop for SessionFuture<F, T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(slot) = this.slot.take() {
                // What handlers hold comes back first.
                this.inner.set(None);
                *this.committing = None;
                slot.abandon();
            }
        }
    }
}

impl<F: Future, T: SessionData> SessionFuture<F, T> {
    #[inline]
    pub(super) fn new(inner: F, slot: Arc<Slot<T>>) -> Self {
        Self { inner: Some(inner), slot: Some(slot), committing: None }
    }
}

impl<F, T, ResBody, E> Future for SessionFuture<F, T>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    T: SessionData,
    ResBody: Default + 'static,
{
    type Output = Result<Response<ResBody>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.committing.is_none() {
            let Some(inner) = this.inner.as_pin_mut() else {
                return Poll::Pending;
            };
            let mut answer = ready!(inner.poll(context));
            let Ok(response) = &mut answer else {
                // There is no response to commit with.
                if let Some(slot) = this.slot.take() {
                    slot.abandon();
                }
                return Poll::Ready(answer);
            };
            // It stays where it is: should what follows panic, the session is abandoned.
            let Some(slot) = this.slot else {
                return Poll::Ready(answer);
            };
            let server_error = response.status().is_server_error();
            let asked =
                slot.finish_or_ask(|life, engine| match life.begin_close(engine, server_error) {
                    Closing::Done(closed) => {
                        deliver(life, engine, closed, response);
                        None
                    }
                    Closing::Ask(asking) => Some(asking),
                });
            let Some(mut asking) = asked else {
                *this.slot = None;
                return Poll::Ready(answer);
            };
            let slot = Arc::clone(slot);
            let future = Box::pin(async move { slot.close(&mut asking).await });
            *this.committing = Some(Box::new(Committing { future, answer }));
        }
        let Some(committing) = this.committing else {
            return Poll::Pending;
        };
        let committed = ready!(committing.future.as_mut().poll(context));
        let Some(Committing { mut answer, .. }) = this.committing.take().map(|done| *done) else {
            return Poll::Pending;
        };
        // Here, too, it stays until all is done.
        if let (Some(slot), Ok(response)) = (this.slot.as_mut(), &mut answer) {
            slot.finish(|life, engine| deliver(life, engine, committed, response));
        }
        *this.slot = None;
        Poll::Ready(answer)
    }
}

fn deliver<T: SessionData, B: Default + 'static>(
    life: &mut Life<T>,
    engine: &Engine<T>,
    closed: Result<(), CommitError>,
    response: &mut Response<B>,
) {
    if let Err(error) = headers::deliver(life, engine, closed, response.headers_mut()) {
        report(error, response);
    }
}

/// The client learns that its change was lost, but not why; a layer further out finds the reason
/// in the response's extensions. An error of the handler's own goes first.
fn report<B: Default + 'static>(error: CommitError, response: &mut Response<B>) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        *response.status_mut() = error.status();
        *response.body_mut() = body(match error.status() {
            StatusCode::CONFLICT => "the session changed meanwhile",
            StatusCode::SERVICE_UNAVAILABLE => "the session is not available",
            _ => "the session could not be saved",
        });
        let headers = response.headers_mut();
        // The headers of a body that is no longer there; cookies of others stay.
        let kept = [SET_COOKIE, VARY, http::header::CACHE_CONTROL];
        let described: Vec<_> =
            headers.keys().filter(|name| !kept.contains(name)).cloned().collect();
        for name in described {
            headers.remove(name);
        }
        debug_assert!(!headers.contains_key(CONTENT_LENGTH));
        debug_assert!(!headers.contains_key(TRANSFER_ENCODING));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response.extensions_mut().insert(Arc::new(error));
}

/// Text where the body is axum's, else an empty one.
fn body<B: Default + 'static>(text: &'static str) -> B {
    let mut made = B::default();
    if let Some(body) = (&mut made as &mut dyn Any).downcast_mut::<Body>() {
        *body = Body::from(text);
    }
    made
}

impl<F: Future + fmt::Debug, T: SessionData> fmt::Debug for SessionFuture<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}

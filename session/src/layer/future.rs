//! The future: waits for the response, then commits.

use super::headers;
use crate::data::SessionData;
use crate::error::CommitError;
use crate::life::{Engine, Life, Slot};
use axum_core::body::Body;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING, VARY};
use http::{HeaderValue, Response, StatusCode};
use pin_project_lite::pin_project;
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Commits the session when the inner service has answered.
    ///
    /// Dropped before, it commits nothing: what the client holds stays as it was.
    pub struct SessionFuture<F, T: SessionData> {
        #[pin]
        inner: F,
        // `None` once the response is out.
        slot: Option<Arc<Slot<T>>>,
    }

    impl<F, T: SessionData> PinnedDrop for SessionFuture<F, T> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(slot) = this.project().slot.take() {
                slot.finish(|life, _| life.abandon());
            }
        }
    }
}

impl<F, T: SessionData> SessionFuture<F, T> {
    #[inline]
    pub(super) fn new(inner: F, slot: Arc<Slot<T>>) -> Self {
        Self { inner, slot: Some(slot) }
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
        let mut answer = ready!(this.inner.poll(context));
        if let Some(slot) = this.slot.take() {
            slot.finish(|life, engine| match &mut answer {
                Ok(response) => close(life, engine, response),
                // There is no response to commit with.
                Err(_) => life.abandon(),
            });
        }
        Poll::Ready(answer)
    }
}

fn close<T: SessionData, B: Default + 'static>(
    life: &mut Life<T>,
    engine: &Engine<T>,
    response: &mut Response<B>,
) {
    let server_error = response.status().is_server_error();
    if let Err(error) = headers::close(life, engine, server_error, response.headers_mut()) {
        report(error, response);
    }
}

/// The client learns that its change was lost, but not why; a layer further out finds the reason
/// in the response's extensions. An error of the handler's own goes first.
fn report<B: Default + 'static>(error: CommitError, response: &mut Response<B>) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        *response.body_mut() = body("the session could not be saved");
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

impl<F: fmt::Debug, T: SessionData> fmt::Debug for SessionFuture<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}

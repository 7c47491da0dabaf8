//! A layer that passes everything on: what `Router::layer` costs whatever the layer does.

use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::bare;
use crate::app::{Contender, without_session};

pub(crate) fn build(name: &'static str) -> Box<dyn Contender> {
    without_session(name, bare::router().layer(Nothing))
}

#[derive(Clone)]
struct Nothing;

impl<S> Layer<S> for Nothing {
    type Service = PassOn<S>;

    fn layer(&self, inner: S) -> PassOn<S> {
        PassOn(inner)
    }
}

#[derive(Clone)]
struct PassOn<S>(S);

impl<S: Service<R>, R> Service<R> for PassOn<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

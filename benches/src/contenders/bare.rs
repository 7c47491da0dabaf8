//! axum with the same handlers and no session: what the others are measured against.

use std::hint::black_box;

use axum::Router;
use axum::routing::get;

use crate::app::{Contender, without_session};
use crate::loads::{OK, route};
use crate::state::initial;

pub(crate) fn build(name: &'static str) -> Box<dyn Contender> {
    without_session(name, router())
}

pub(crate) fn router() -> Router {
    Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(async || OK))
        .route(route::IDLE, get(async || OK))
}

/// The same text as the others answer, from a number that the compiler can't know either.
async fn read() -> String {
    black_box(initial::VIEWS + 1).to_string()
}

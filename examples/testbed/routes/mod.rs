//! The routes, by what they show.

mod admin;
mod content;
mod failing;
mod late;
mod operations;
mod sessions;
mod twice;
mod ws;

use crate::answer::Failure;
use crate::home::Home;
use crate::input::Open;
use crate::metrics;
use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, post};

pub(crate) fn router(home: &Home) -> Router {
    Router::new()
        .route("/untouched", get(async || Json("ok")))
        .route("/other-cookies", post(other_cookies))
        .route("/metrics", get(metrics::show))
        .merge(admin::router())
        .merge(content::router())
        .merge(failing::router())
        .merge(late::router())
        .merge(operations::router())
        .merge(sessions::router(home))
        .merge(twice::router())
        .merge(ws::router(home))
        .fallback(async || Failure::new(StatusCode::NOT_FOUND, "not_found", "no such route"))
        .method_not_allowed_fallback(async || {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            Failure::new(status, "method", "the route does not take this method")
        })
}

/// Sets what a response may hold beside the session: all of it survives, but that it may be cached.
async fn other_cookies(Open(mut session): Open) -> impl IntoResponse {
    session.views += 1;
    let headers = AppendHeaders([
        (SET_COOKIE, "first=1; Path=/"),
        (SET_COOKIE, "second=2; Path=/; HttpOnly"),
        (CACHE_CONTROL, "public, max-age=60"),
        (VARY, "Accept"),
    ]);
    (headers, crate::answer::show(&session))
}

async fn needs_store() -> Failure {
    Failure::not_here("needs_store", "sessions in cookies can't do this; it needs a store")
}

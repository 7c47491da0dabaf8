//! A change that comes too late: the head of the response has gone.

use crate::input::Open;
use crate::state::StateFields;
use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt, stream};
use std::convert::Infallible;

pub(super) fn router() -> Router {
    Router::new().route("/late", post(late))
}

async fn late(Open(mut session): Open) -> Response {
    let answer = stream::once(async { Ok::<_, Infallible>("\"ok\"") });
    let change = stream::once(async move {
        session.set_note(Some("late".to_owned()));
        Ok("")
    });
    let body = Body::from_stream(answer.chain(change));
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

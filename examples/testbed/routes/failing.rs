//! Handlers that fail after they changed the session.

use crate::answer::{self, Failure};
use crate::input::{Asked, Open};
use crate::state::StateFields;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;

pub(super) fn router() -> Router {
    Router::new().route("/fail", post(fail)).route("/panic", post(panic))
}

#[derive(Deserialize)]
struct Fail {
    status: u16,
    then: Option<Then>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Then {
    /// Nothing more.
    Set,
    Rotate,
    Destroy,
}

async fn fail(
    Open(mut session): Open,
    Asked(Fail { status, then }): Asked<Fail>,
) -> Result<Response, Failure> {
    let status = match StatusCode::from_u16(status) {
        Ok(status) if status.as_u16() >= 200 => status,
        _ => return Err(Failure::bad("bad_query", "`status` takes a number from 200 to 999")),
    };
    session.set_note(Some("failed".to_owned()));
    match then {
        None | Some(Then::Set) => {}
        Some(Then::Rotate) => session.rotate(),
        Some(Then::Destroy) => session.destroy(),
    }
    if status.is_client_error() || status.is_server_error() {
        return Err(Failure::new(status, "failed", "as asked"));
    }
    Ok((status, answer::show(&session)).into_response())
}

async fn panic(Open(mut session): Open) -> Failure {
    session.set_note(Some("panicked".to_owned()));
    panic!("as asked")
}

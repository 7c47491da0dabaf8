//! Answers: a session as JSON, and errors as `{"error": "..", "kind": ".."}`.
//!
//! | status | kinds |
//! |---|---|
//! | 400 | `bad_query`, `bad_body`, `bad_json`, `bad_value`, `bad_header`, `bad_max_age`, `bad_message`, `unknown_field`, `no_websocket` (also 405 and 426): the client's mistake |
//! | 401 | `not_logged_in` |
//! | 404, 405 | `not_found`, `method` |
//! | 409 | `ended`: the session was over; `rejected`, `invalid`: another request was first; `no_row`: nothing to detach |
//! | 500 | `layer_missing`, `held`, `undecodable`: there is no session to give; `too_large`, `encode`, `before_save`, `conflict`, `late`, `detached`, `id`: it can't be committed; `panic` |
//! | 501 | `needs_store`, `needs_index`: not with this home |
//! | 503 | `store`: it failed; `unavailable`: nobody knows whether there is a session; `contended`: other requests were first, time and again |
//! | as asked | `failed`: by `/fail` |

use axum::Json;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use session::{
    CommitError, DetachError, MaxAge, Serializable, SessionData, SessionRejection, SessionsError,
    TypedSession,
};
use std::any::Any;
use std::sync::Arc;

/// What `/state` shows.
pub(crate) fn show<T: SessionData>(session: &TypedSession<T>) -> Json<Value> {
    let max_age_ms = match session.max_age() {
        MaxAge::Idle(idle) => json!(idle.as_millis()),
        _ => Value::Null,
    };
    Json(json!({
        "new": session.is_new(),
        "id": session.id().map(|id| id.to_string()),
        "max_age_ms": max_age_ms,
        "changed": session.changed().iter().collect::<Vec<_>>(),
        "state": serde_json::to_value(Serializable(&**session)).unwrap_or_default(),
    }))
}

/// An error that a handler answers with.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    kind: &'static str,
    error: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, kind: &'static str, error: impl Into<String>) -> Self {
        Self { status, kind, error: error.into() }
    }

    /// The client's mistake.
    pub(crate) fn bad(kind: &'static str, error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind, error)
    }

    /// What this home can't do, or what comes with a later release.
    pub(crate) fn not_here(kind: &'static str, error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, kind, error)
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "error": self.error, "kind": self.kind })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.json())).into_response()
    }
}

impl From<SessionRejection> for Failure {
    fn from(rejection: SessionRejection) -> Self {
        let kind = match rejection {
            SessionRejection::LayerMissing { .. } => "layer_missing",
            SessionRejection::Held { .. } => "held",
            SessionRejection::Undecodable { .. } => "undecodable",
            SessionRejection::Unencodable { .. } => "encode",
            SessionRejection::Store { .. } => "store",
            SessionRejection::Unavailable { .. } => "unavailable",
            _ => "rejected",
        };
        Self::new(rejection.status(), kind, rejection.to_string())
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        Self::new(error.status(), kind(&error), error.to_string())
    }
}

impl From<DetachError> for Failure {
    fn from(error: DetachError) -> Self {
        match error {
            DetachError::Commit(error) => error.into(),
            error => Self::new(StatusCode::CONFLICT, "no_row", error.to_string()),
        }
    }
}

impl From<SessionsError> for Failure {
    fn from(error: SessionsError) -> Self {
        match error {
            SessionsError::Store(error) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", error.to_string())
            }
            error => Self::not_here("needs_store", error.to_string()),
        }
    }
}

fn kind(error: &CommitError) -> &'static str {
    match error {
        CommitError::TooLarge { .. } => "too_large",
        CommitError::Encode(_) => "encode",
        CommitError::BeforeSave(_) => "before_save",
        CommitError::Conflict { .. } => "conflict",
        CommitError::Late => "late",
        CommitError::Ended => "ended",
        CommitError::Rejected { .. } => "rejected",
        CommitError::Invalid { .. } => "invalid",
        CommitError::Contended => "contended",
        CommitError::Store(_) => "store",
        CommitError::Detached => "detached",
        CommitError::Id(_) => "id",
        _ => "commit",
    }
}

/// The library's own answer to a failed commit says no reason to the client. Here the client is a
/// tester: outside the session layer, the reason is put into the body.
pub(crate) async fn explain(mut response: Response) -> Response {
    let Some(error) = response.extensions().get::<Arc<CommitError>>() else {
        return response;
    };
    let is_text = |value: &axum::http::HeaderValue| value.as_bytes().starts_with(b"text/plain");
    if response.headers().get(CONTENT_TYPE).is_some_and(is_text) {
        let explained = json!({ "error": error.to_string(), "kind": kind(error) }).to_string();
        *response.body_mut() = Body::from(explained);
        let json = axum::http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
    }
    response
}

/// What the panic-catching layer answers.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "panic", "the handler panicked").into_response()
}

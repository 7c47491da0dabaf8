//! A second session type in the same app, under the same keys.

use crate::answer;
use crate::input::{AdminChanges, Open, Sent};
use crate::state::{Admin, AdminFields};
use axum::Json;
use axum::Router;
use axum::routing::{get, post};
use serde_json::Value;

pub(super) fn router() -> Router {
    Router::new().route("/admin/state", get(state)).route("/admin/set", post(set))
}

async fn state(Open(session): Open<Admin>) -> Json<Value> {
    answer::show(&session)
}

async fn set(Open(mut session): Open<Admin>, Sent(changes): Sent<AdminChanges>) -> Json<Value> {
    if let Some(note) = changes.note {
        session.set_note(note);
    }
    answer::show(&session)
}

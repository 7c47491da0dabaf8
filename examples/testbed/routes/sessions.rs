//! "Your sessions": the user sees them, and ends them.

use super::needs_store;
use crate::answer::Failure;
use crate::home::{Home, Stored};
use crate::input::{Asked, Open};
use crate::state::{State, StateIndexes};
use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use session::{SessionHandle, SessionRejection, Sessions, StoredSession, TypedSession};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn router(home: &Home) -> Router {
    let methods = match home {
        Home::Store(Stored { lists: true, .. }) => get(list).delete(end),
        Home::Store(_) => get(needs_index).delete(needs_index),
        Home::Cookie => get(needs_store).delete(needs_store),
    };
    Router::new().route("/sessions", methods)
}

/// The sessions of the request's store, or why there are none.
type All = Result<Sessions<State>, SessionRejection>;

async fn list(Open(session): Open, sessions: All) -> Result<Json<Value>, Failure> {
    let user = user(&session)?;
    let found = sessions?.by_user(user).list().await?;
    let current = session.id();
    Ok(Json(found.iter().map(|found| show(found, current)).collect()))
}

fn show(found: &StoredSession<State>, current: Option<SessionHandle>) -> Value {
    json!({
        "handle": found.handle.to_string(),
        "current": Some(found.handle) == current,
        "started_ms": ms(found.started),
        "renewed_ms": ms(found.renewed),
        "ends_ms": ms(found.ends),
    })
}

#[derive(Deserialize)]
struct Which {
    which: String,
}

async fn end(
    Open(mut session): Open,
    sessions: All,
    Asked(Which { which }): Asked<Which>,
) -> Result<Json<Value>, Failure> {
    let sessions = sessions?;
    let of_user = sessions.by_user(user(&session)?);
    let ended = match which.as_str() {
        "all" => {
            let ended = of_user.end_all().await?;
            // Its row is gone; now the client forgets it, too.
            session.destroy();
            ended
        }
        "others" => of_user.end_others(&session).await?,
        handle => {
            let handle: SessionHandle = handle.parse().map_err(|error| {
                Failure::bad("bad_query", format!("`which`: `all`, `others` or a handle: {error}"))
            })?;
            let ended = of_user.end(handle).await?;
            if session.id() == Some(handle) {
                session.destroy();
            }
            usize::from(ended)
        }
    };
    Ok(Json(json!({ "ended": ended })))
}

fn user(session: &TypedSession<State>) -> Result<&str, Failure> {
    session.user.as_deref().ok_or_else(|| {
        Failure::new(StatusCode::UNAUTHORIZED, "not_logged_in", "this session has no `user`")
    })
}

fn ms(time: SystemTime) -> Value {
    time.duration_since(UNIX_EPOCH).map_or(Value::Null, |since| json!(since.as_millis()))
}

async fn needs_index() -> Failure {
    Failure::not_here("needs_index", "this store can't list the sessions of a user")
}

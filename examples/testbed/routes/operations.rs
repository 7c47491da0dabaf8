//! The operations of a session, each under its own name.

use super::content::assign;
use crate::answer::{self, Failure};
use crate::input::{Asked, Changes, Open, Sent, Whole};
use crate::options::max_age;
use axum::Json;
use axum::Router;
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;

pub(super) fn router() -> Router {
    Router::new()
        .route("/destroy", post(destroy))
        .route("/rotate", post(rotate))
        .route("/save", post(save))
        .route("/commit", post(commit))
        .route("/replace", post(replace))
        .route("/max-age", post(set_max_age))
        .route("/discard", post(discard))
}

#[derive(Deserialize)]
struct Destroy {
    then: Option<Afterwards>,
}

/// What else is done to a session that was ended.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Afterwards {
    Set,
    Save,
    Discard,
    Rotate,
}

/// Ends the session, and does what is asked to the new one that there is then. What it is sent is
/// assigned by `set`.
async fn destroy(
    Open(mut session): Open,
    Asked(Destroy { then }): Asked<Destroy>,
    Sent(changes): Sent<Changes>,
) -> Json<Value> {
    session.destroy();
    match then {
        None => {}
        Some(Afterwards::Set) => assign(&mut session, changes),
        Some(Afterwards::Save) => session.save(),
        Some(Afterwards::Discard) => session.discard(),
        Some(Afterwards::Rotate) => session.rotate(),
    }
    answer::show(&session)
}

async fn rotate(Open(mut session): Open) -> Json<Value> {
    session.rotate();
    answer::show(&session)
}

async fn save(Open(mut session): Open) -> Json<Value> {
    session.save();
    answer::show(&session)
}

/// Sets what it is sent, and commits it before the answer.
async fn commit(
    Open(mut session): Open,
    Sent(changes): Sent<Changes>,
) -> Result<Json<Value>, Failure> {
    assign(&mut session, changes);
    let answer = answer::show(&session);
    session.commit().await?;
    Ok(answer)
}

async fn replace(Open(mut session): Open, Sent(Whole(state)): Sent<Whole>) -> Json<Value> {
    session.replace(state);
    answer::show(&session)
}

#[derive(Deserialize)]
struct NewMaxAge {
    ms: String,
}

async fn set_max_age(
    Open(mut session): Open,
    Asked(NewMaxAge { ms }): Asked<NewMaxAge>,
) -> Result<Json<Value>, Failure> {
    let max_age = max_age("ms", &ms).map_err(|e| Failure::bad("bad_query", e))?;
    session.set_max_age(max_age).map_err(|e| Failure::bad("bad_max_age", e.to_string()))?;
    Ok(answer::show(&session))
}

async fn discard(Open(mut session): Open, Sent(changes): Sent<Changes>) -> Json<Value> {
    assign(&mut session, changes);
    session.discard();
    answer::show(&session)
}

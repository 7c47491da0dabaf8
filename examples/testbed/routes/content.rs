//! Reading and changing the state, and changes that are none.

use crate::answer::{self, Failure};
use crate::input::{Asked, Changes, FromObject, Open, Sent, members};
use crate::state::{State, StateFields};
use axum::Json;
use axum::Router;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value};
use session::TypedSession;
use std::time::Duration;

pub(super) fn router() -> Router {
    Router::new()
        .route("/extract", get(async |_: Open| Json("ok")))
        .route("/state", get(async |Open(session): Open| answer::show(&session)))
        .route("/set", post(set))
        .route("/edit", post(edit))
        .route("/same", post(same))
        .route("/flip", post(flip))
        .route("/take-note", post(take_note))
        .route("/slow", post(slow))
}

async fn set(Open(mut session): Open, Sent(changes): Sent<Changes>) -> Json<Value> {
    assign(&mut session, changes);
    answer::show(&session)
}

/// Assigns by accessor.
pub(super) fn assign(session: &mut TypedSession<State>, changes: Changes) {
    if let Some(views) = changes.views {
        session.set_views(views);
    }
    if let Some(user) = changes.user {
        session.set_user(user);
    }
    if let Some(note) = changes.note {
        session.set_note(note);
    }
    if let Some(colour) = changes.colour {
        session.set_colour(colour);
    }
    if let Some(cart) = changes.cart {
        session.set_cart(cart);
    }
    if let Some(scratch) = changes.scratch {
        session.set_scratch(scratch);
    }
    if let Some(hits) = changes.hits {
        session.set_hits(hits);
    }
    if let Some(tags) = changes.tags {
        session.set_tags(tags);
    }
}

async fn edit(Open(mut session): Open, Sent(changes): Sent<Changes>) -> Json<Value> {
    if let Some(views) = changes.views {
        session.views = views;
    }
    if let Some(user) = changes.user {
        session.user = user;
    }
    if let Some(note) = changes.note {
        session.note = note;
    }
    if let Some(colour) = changes.colour {
        session.colour = colour;
    }
    if let Some(cart) = changes.cart {
        session.cart = cart;
    }
    if let Some(scratch) = changes.scratch {
        session.scratch = scratch;
    }
    if let Some(hits) = changes.hits {
        session.hits = hits;
    }
    if let Some(tags) = changes.tags {
        session.tags = tags;
    }
    answer::show(&session)
}

async fn same(Open(mut session): Open) -> Json<Value> {
    let (views, hits) = (session.views, session.hits);
    session.views = views;
    session.user = session.user.clone();
    session.note = session.note.clone();
    session.colour = session.colour.clone();
    session.cart = session.cart.clone();
    session.scratch = session.scratch.clone();
    session.hits = hits;
    session.tags = session.tags.clone();
    answer::show(&session)
}

async fn flip(Open(mut session): Open) -> Json<Value> {
    let before = session.note.replace("flipped".to_owned());
    session.note = before;
    let key = "inserted by flip";
    let before = session.scratch.insert(key.to_owned(), "and removed again".to_owned());
    match before {
        Some(before) => session.scratch.insert(key.to_owned(), before),
        None => session.scratch.remove(key),
    };
    answer::show(&session)
}

async fn take_note(Open(mut session): Open) -> Json<Option<String>> {
    Json(session.take_note())
}

#[derive(Deserialize)]
struct Wait {
    #[serde(default)]
    wait: u64,
}

/// What `/slow` does after it has slept.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Slow {
    set: Map<String, Value>,
    add: Map<String, Value>,
    tag: Option<String>,
}

impl FromObject for Slow {
    fn from_object(object: Map<String, Value>) -> Result<Self, Failure> {
        members(object, &["set", "add", "tag"])
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Add {
    views: u64,
    hits: u64,
}

async fn slow(
    Open(mut session): Open,
    Asked(Wait { wait }): Asked<Wait>,
    Sent(slow): Sent<Slow>,
) -> Result<Json<Value>, Failure> {
    let changes = Changes::from_object(slow.set)?;
    let add: Add = members(slow.add, &["views", "hits"])?;
    tokio::time::sleep(Duration::from_millis(wait)).await;
    let sums = (session.views.checked_add(add.views), session.hits.checked_add(add.hits));
    let (Some(views), Some(hits)) = sums else {
        return Err(Failure::bad("bad_value", "`add`: the sum is too large"));
    };
    session.views = views;
    session.hits = hits;
    assign(&mut session, changes);
    session.tags.extend(slow.tag);
    Ok(answer::show(&session))
}

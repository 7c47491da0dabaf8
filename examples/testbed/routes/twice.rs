//! Two handles in one request: a middleware's and a handler's, or a handler's two.

use crate::answer::{self, Failure};
use crate::input::{Asked, Open};
use crate::state::StateFields;
use axum::Json;
use axum::RequestPartsExt;
use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::Value;

pub(super) fn router() -> Router {
    Router::new().route("/twice", post(inner).route_layer(from_fn(outer)))
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    Read,
    After,
    Held,
    Fields,
    Same,
}

#[derive(Deserialize)]
struct Twice {
    how: How,
}

async fn outer(
    Asked(Twice { how }): Asked<Twice>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if let How::Fields | How::Same = how {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let Open(mut session) = parts.extract::<Open>().await?;
    let _views = session.views();
    if let How::Held = how {
        session.set_colour("held".to_owned());
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    if let How::After = how {
        session.set_colour("outer".to_owned());
    }
    Ok(response)
}

async fn inner(Asked(Twice { how }): Asked<Twice>, request: Request) -> Response {
    match how {
        How::Read | How::After | How::Held => one.call(request, ()).await,
        How::Fields => fields.call(request, ()).await,
        How::Same => same.call(request, ()).await,
    }
}

async fn one(Open(mut session): Open) -> Json<Value> {
    session.set_note(Some("inner".to_owned()));
    answer::show(&session)
}

async fn fields(Open(mut first): Open, Open(mut second): Open) -> Json<Value> {
    first.set_note(Some("first".to_owned()));
    second.set_colour("second".to_owned());
    drop(first);
    answer::show(&second)
}

async fn same(Open(mut first): Open, Open(mut second): Open) -> impl IntoResponse {
    first.set_note(Some("one".to_owned()));
    second.set_note(Some("other".to_owned()));
    drop(first);
    answer::show(&second)
}

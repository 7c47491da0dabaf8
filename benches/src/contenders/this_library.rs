//! This library: a signed cookie, default options.

use axum::Router;
use axum::routing::get;
use session::{Keys, Session, SessionLayer, TypedSession};
use tower::Layer as _;

use crate::app::{Contender, contender};
use crate::loads::{OK, route};
use crate::state::initial;

/// The state of the others, as a user of this library would declare it.
#[derive(Session)]
struct Visit {
    #[session(default = initial::user())]
    user: String,
    #[session(default = initial::name())]
    name: String,
    #[session(default = initial::csrf())]
    csrf: String,
    #[session(default = initial::theme())]
    theme: String,
    #[session(default = initial::cart())]
    cart: Vec<u32>,
    #[session(default = initial::VIEWS)]
    views: u64,
}

/// The usual form: axum puts the layer round every route, and boxes there.
pub(crate) fn by_router_layer(name: &'static str) -> Box<dyn Contender> {
    contender(name, router().layer(layer()))
}

/// The fast form: the layer round the whole app.
pub(crate) fn round_the_app(name: &'static str) -> Box<dyn Contender> {
    contender(name, layer().layer(router()))
}

fn layer() -> SessionLayer<Visit> {
    let keys = Keys::random().expect("the system has random bytes");
    let layer = SessionLayer::<Visit>::signed(keys).build();
    layer.expect("the default options are valid")
}

fn router() -> Router {
    Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
}

async fn read(session: TypedSession<Visit>) -> String {
    session.views.to_string()
}

async fn change(mut session: TypedSession<Visit>) -> &'static str {
    session.views += 1;
    OK
}

//! This library: a signed cookie, and the memory store; default options.

use axum::Router;
use axum::routing::get;
use session::store::MemoryStore;
use session::{Keys, Session, SessionLayer, TypedSession};
use tower::Layer as _;

use crate::app::{Contender, contender};
use crate::loads::{OK, route};
use crate::state::initial;

/// The state of the others, as a user of this library would declare it.
#[derive(Session)]
struct Visit {
    user: String,
    name: String,
    csrf: String,
    theme: String,
    cart: Vec<u32>,
    views: u64,
}

impl Visit {
    /// What a login fills in.
    fn begin() -> Self {
        Self {
            user: initial::user(),
            name: initial::name(),
            csrf: initial::csrf(),
            theme: initial::theme(),
            cart: initial::cart(),
            views: initial::VIEWS,
        }
    }
}

/// The usual form: axum puts the layer round every route, and boxes there.
pub(crate) fn by_router_layer(name: &'static str) -> Box<dyn Contender> {
    contender(name, router().layer(layer()))
}

/// The fast form: the layer round the whole app.
pub(crate) fn round_the_app(name: &'static str) -> Box<dyn Contender> {
    contender(name, layer().layer(router()))
}

/// The memory store, in the usual form.
pub(crate) fn memory_by_router_layer(name: &'static str) -> Box<dyn Contender> {
    contender(name, router().layer(memory_layer()))
}

/// The memory store, in the fast form.
pub(crate) fn memory_round_the_app(name: &'static str) -> Box<dyn Contender> {
    contender(name, memory_layer().layer(router()))
}

fn memory_layer() -> SessionLayer<Visit> {
    let layer = SessionLayer::<Visit>::stored(MemoryStore::new()).build();
    layer.expect("the default options are valid")
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
    if session.user.is_empty() {
        *session = Visit::begin();
    }
    session.views += 1;
    OK
}

//! tower-sessions with its memory store, the state under one key of the session.

use axum::Router;
use axum::routing::get;
use tower_sessions::cookie::Key;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer};

use crate::app::{Contender, contender};
use crate::loads::{OK, route};
use crate::state::Visit;

const KEY: &str = "visit";

/// The id travels as it is: the default.
pub(crate) fn plain(name: &'static str) -> Box<dyn Contender> {
    contender(name, router().layer(layer()))
}

/// The id travels in a signed cookie.
pub(crate) fn signed(name: &'static str) -> Box<dyn Contender> {
    contender(name, router().layer(layer().with_signed(Key::generate())))
}

fn layer() -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default())
        .with_expiry(Expiry::OnInactivity(Duration::days(1)))
}

fn router() -> Router {
    Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
}

async fn read(session: Session) -> String {
    visit(&session).await.views.to_string()
}

async fn change(session: Session) -> &'static str {
    let mut visit = visit(&session).await;
    visit.views += 1;
    session.insert(KEY, visit).await.expect("the memory store takes everything");
    OK
}

async fn visit(session: &Session) -> Visit {
    let visit = session.get(KEY).await.expect("the memory store answers");
    visit.unwrap_or_default()
}

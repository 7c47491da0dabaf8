//! axum_session in memory, without a database, the state under one key of the session.

use axum::Router;
use axum::routing::get;
use axum_session::{SessionConfig, SessionLayer, SessionNullPool, SessionStore};

use crate::app::{Contender, contender, now};
use crate::loads::{OK, route};
use crate::state::Visit;

type Session = axum_session::Session<SessionNullPool>;

const KEY: &str = "visit";

pub(crate) fn build(name: &'static str) -> Box<dyn Contender> {
    let store = SessionStore::<SessionNullPool>::new(None, SessionConfig::default());
    let store = now(store).expect("there is no database to fail");
    let router = Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
        .layer(SessionLayer::new(store));
    contender(name, router)
}

async fn read(session: Session) -> String {
    visit(&session).views.to_string()
}

async fn change(session: Session) -> &'static str {
    let mut visit = visit(&session);
    visit.views += 1;
    session.set(KEY, visit);
    OK
}

fn visit(session: &Session) -> Visit {
    session.get(KEY).unwrap_or_default()
}

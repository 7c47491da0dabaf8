//! seshcookie: the state as a type, in one encrypted cookie.

use axum::Router;
use axum::routing::get;
use seshcookie::{Session, SessionConfig, SessionKeys, SessionLayer};

use crate::app::{Contender, contender};
use crate::loads::{OK, route};
use crate::state::Visit;

pub(crate) fn build(name: &'static str) -> Box<dyn Contender> {
    let keys =
        SessionKeys::new(b"a key of seshcookie's, 32 bytes.").expect("the key is long enough");
    let layer = SessionLayer::<Visit>::new(keys, SessionConfig::default());
    let router = Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
        .layer(layer.expect("the default configuration is valid"));
    contender(name, router)
}

async fn read(session: Session<Visit>) -> String {
    session.get().await.unwrap_or_default().views.to_string()
}

async fn change(session: Session<Visit>) -> &'static str {
    session.modify(|visit| visit.get_or_insert_default().views += 1).await;
    OK
}

//! ruts over moka, the state under one field of the session.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use ruts::store::Ttl;
use ruts::store::moka::{MokaStore, MokaStoreBuilder};
use ruts::{CookieOptions, SessionLayer};
use tower_cookies::CookieManagerLayer;

use crate::app::{Contender, contender};
use crate::loads::{OK, route};
use crate::state::Visit;

type Session = ruts::Session<MokaStore>;

const DAY: i64 = 24 * 60 * 60;
const FIELD: &str = "visit";

pub(crate) fn build(name: &'static str) -> Box<dyn Contender> {
    let cookie = CookieOptions::build()
        .name("session")
        .http_only(true)
        .same_site(ruts::cookie::SameSite::Lax)
        .secure(true)
        .max_age(DAY.unsigned_abs())
        .path("/");
    let store = Arc::new(MokaStoreBuilder::new().build());
    let router = Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
        .layer(SessionLayer::new(store).with_cookie_options(cookie))
        .layer(CookieManagerLayer::new());
    contender(name, router)
}

async fn read(session: Session) -> String {
    visit(&session).await.views.to_string()
}

async fn change(session: Session) -> &'static str {
    let mut visit = visit(&session).await;
    visit.views += 1;
    let day = Ttl::new(DAY).expect("a day is in range");
    let set = session.set(FIELD, &visit, day, None).await;
    set.expect("the memory store takes everything");
    OK
}

async fn visit(session: &Session) -> Visit {
    let visit = session.get(FIELD).await.expect("the memory store answers");
    visit.unwrap_or_default()
}

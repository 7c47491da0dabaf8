//! axum-extra's `SignedCookieJar`, the state as JSON in one cookie.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use axum_extra::extract::SignedCookieJar;
use axum_extra::extract::cookie::Key;

use super::jar_cookie::{FIXED_KEY, NAME, cookie, visit};
use crate::app::{Contender, contender};
use crate::loads::{OK, route};

pub(crate) fn build(name: &'static str) -> Box<dyn Contender> {
    let router = Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
        .with_state(AppState(Key::from(FIXED_KEY)));
    contender(name, router)
}

async fn read(jar: SignedCookieJar) -> String {
    visit(jar.get(NAME)).views.to_string()
}

async fn change(jar: SignedCookieJar) -> (SignedCookieJar, &'static str) {
    let mut visit = visit(jar.get(NAME));
    visit.views += 1;
    (jar.add(cookie(&visit)), OK)
}

#[derive(Clone)]
struct AppState(Key);

impl FromRef<AppState> for Key {
    fn from_ref(state: &AppState) -> Self {
        state.0.clone()
    }
}

//! What the two jars of axum-extra leave to the user: the cookie itself.

use axum_extra::extract::cookie::{Cookie, SameSite};
use tower_sessions::cookie::time::Duration;

use crate::state::Visit;

/// Not a random one: how many bytes of a tag are percent-encoded differs from key to key.
pub(super) const FIXED_KEY: &[u8] =
    b"sixty-four bytes that are the same in each run, as a jar wants..";

pub(super) const NAME: &str = "__Host-session";

pub(super) fn visit(cookie: Option<Cookie<'static>>) -> Visit {
    cookie.and_then(|cookie| serde_json::from_str(cookie.value()).ok()).unwrap_or_default()
}

pub(super) fn cookie(visit: &Visit) -> Cookie<'static> {
    let json = serde_json::to_string(visit).expect("a plain struct encodes");
    Cookie::build((NAME, json))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(1))
        .build()
}

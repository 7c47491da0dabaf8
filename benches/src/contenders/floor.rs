//! A signed cookie written by hand for this one struct: what an expert would write who had no
//! library, and the mark for one that wants to cost nothing.
//!
//! The value is base64url, without padding, of tag and JSON; the tag is HMAC-SHA256 over the JSON.
//! It sends every header that a library should. What it lacks is what libraries are for: expiry on
//! the server, key rotation, binding to the cookie's name, writing only what changed.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, IntoResponseParts};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;

use crate::app::{Contender, contender};
use crate::loads::{OK, route};
use crate::state::Visit;

const NAME: &str = "__Host-session";
const ATTRIBUTES: &str = "; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure";
const TAG: usize = 32;

pub(crate) fn build(name: &'static str) -> Box<dyn Contender> {
    let router = Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
        .with_state(Arc::new(Signer::new(b"a key of the floor's, 32 bytes..")));
    contender(name, router)
}

async fn read(Signed(visit): Signed) -> impl IntoResponse {
    let visit = visit.unwrap_or_default();
    ([(VARY, HeaderValue::from_static("cookie"))], visit.views.to_string())
}

async fn change(State(signer): State<Arc<Signer>>, Signed(visit): Signed) -> impl IntoResponse {
    let mut visit = visit.unwrap_or_default();
    visit.views += 1;
    (signer.headers(&visit), OK)
}

/// The key, hashed into its two blocks once; a request only copies the result.
struct Signer(Hmac<Sha256>);

impl Signer {
    fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of every length"))
    }

    fn open(&self, headers: &HeaderMap) -> Option<Visit> {
        let value = headers.get_all(COOKIE).iter().find_map(|header| {
            header.to_str().ok()?.split(';').find_map(|pair| {
                let (name, value) = pair.trim_start().split_once('=')?;
                (name == NAME).then_some(value)
            })
        })?;
        let token = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (tag, json) = token.split_at_checked(TAG)?;
        // Compares in constant time.
        self.0.clone().chain_update(json).verify_slice(tag).ok()?;
        serde_json::from_slice(json).ok()
    }

    fn headers(&self, visit: &Visit) -> impl IntoResponseParts + use<> {
        // Both buffers are made in a size that fits: neither grows, and nothing is copied twice.
        let mut token = Vec::with_capacity(256);
        token.resize(TAG, 0);
        serde_json::to_writer(&mut token, visit).expect("a plain struct encodes");
        let tag = self.0.clone().chain_update(&token[TAG..]).finalize();
        token[..TAG].copy_from_slice(&tag.into_bytes());

        let encoded = token.len().div_ceil(3) * 4;
        let mut cookie = String::with_capacity(NAME.len() + 1 + encoded + ATTRIBUTES.len());
        cookie.push_str(NAME);
        cookie.push('=');
        URL_SAFE_NO_PAD.encode_string(&token, &mut cookie);
        cookie.push_str(ATTRIBUTES);
        [
            (SET_COOKIE, HeaderValue::try_from(cookie).expect("the cookie is ASCII")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (VARY, HeaderValue::from_static("cookie")),
        ]
    }
}

/// The session of the request, if it brings a valid one.
struct Signed(Option<Visit>);

impl FromRequestParts<Arc<Signer>> for Signed {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        signer: &Arc<Signer>,
    ) -> Result<Self, Infallible> {
        Ok(Self(signer.open(&parts.headers)))
    }
}

//! Rule 20: other carriers than a cookie.

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use session::{BuildError, Carrier, HeaderCarrier, Session, SessionLayer, Token, TypedSession};
use session_tests::{Reply, Site, request, ring, site};

#[derive(Session)]
struct Visit {
    views: u64,
    note: String,
}

type Handle = TypedSession<Visit>;

const TOKEN: HeaderName = HeaderName::from_static("x-token");

/// Sends a request with one header.
async fn with(site: &Site<Visit>, name: &HeaderName, value: &str, does: fn(&mut Handle)) -> Reply {
    let mut request: Request = request("");
    request.headers_mut().insert(name, value.parse().expect("ASCII"));
    let handler = async move |mut s: Handle| {
        does(&mut s);
        format!("{} {}", s.is_new(), s.views)
    };
    site.send(site.app(handler), request).await
}

fn bump(s: &mut Handle) {
    s.views += 1;
}

// Fails when the token goes anywhere but into the header, or its removal does not.
#[tokio::test]
async fn rule_20_a_header_carries_the_token_both_ways() {
    let site = site::<Visit, _>(|b| b.carrier(HeaderCarrier::new(TOKEN)));
    let reply = site.run("", async |mut s: Handle| s.views = 1).await;
    assert!(reply.set_cookies().is_empty());
    let token = reply.header("x-token");
    assert_eq!(with(&site, &TOKEN, &token, bump).await.body, "false 2");
    assert_eq!(with(&site, &TOKEN, &format!("Bearer {token}"), bump).await.body, "true 1");
    assert_eq!(
        site.run(&format!("x-token={token}"), async |s: Handle| s.views.to_string()).await.body,
        "0"
    );
    let removed = with(&site, &TOKEN, &token, |s| s.destroy()).await;
    assert!(removed.headers.contains_key("x-token"));
    assert_eq!(removed.header("x-token"), "", "the client forgets it");
    assert_eq!(removed.header("cache-control"), "no-store");
    let bad = with(&site, &TOKEN, "bad", |_| {}).await;
    assert!(bad.headers.contains_key("x-token") && bad.header("x-token").is_empty());
}

// Fails when the scheme is not asked for, or heeds the case.
#[tokio::test]
async fn rule_20_bearer_in_and_a_named_header_out() {
    let site = site::<Visit, _>(|b| b.carrier(HeaderCarrier::bearer(TOKEN)));
    let reply = site.run("", async |mut s: Handle| s.views = 1).await;
    let token = reply.header("x-token");
    for scheme in ["Bearer ", "bearer ", "BEARER  "] {
        let reply = with(&site, &AUTHORIZATION, &format!("{scheme}{token}"), bump).await;
        assert_eq!(reply.body, "false 2", "{scheme:?}");
        assert!(!reply.header("x-token").is_empty());
    }
    for other in ["", "Basic ", "Bearer", "Bearer:", "Bearer \""] {
        let reply = with(&site, &AUTHORIZATION, &format!("{other}{token}"), |_| {}).await;
        assert_eq!(reply.body, "true 0", "{other:?}");
        let ours = other == "Bearer \"";
        assert_eq!(reply.headers.contains_key("x-token"), ours, "other schemes are left alone");
    }
    let removed = with(&site, &AUTHORIZATION, &format!("Bearer {token}"), |s| s.destroy()).await;
    assert!(removed.headers.contains_key("x-token") && removed.header("x-token").is_empty());
}

// Fails when a token is not bound to the carrier that it was made for.
#[tokio::test]
async fn rule_20_a_token_of_one_carrier_is_none_of_another() {
    let cookies = site::<Visit, _>(|b| b);
    let headers = site::<Visit, _>(|b| b.carrier(HeaderCarrier::new(TOKEN)));
    let cookie = cookies.cookie(Visit { views: 7, note: String::new() });
    let token = cookie.split_once('=').expect("a pair").1;
    assert_eq!(with(&headers, &TOKEN, token, |_| {}).await.body, "true 0");
}

/// A pair of headers of the user's own.
struct Own;

impl Carrier for Own {
    fn binding(&self) -> &str {
        "own"
    }

    fn request_header(&self) -> &HeaderName {
        static NAME: HeaderName = HeaderName::from_static("x-in");
        &NAME
    }

    fn capacity(&self) -> usize {
        300
    }

    fn find<'r>(&self, headers: &'r HeaderMap, each: &mut dyn FnMut(&'r [u8])) {
        for value in headers.get_all("x-in") {
            value.as_bytes().split(|&byte| byte == b' ').for_each(&mut *each);
        }
    }

    fn set(&self, headers: &mut HeaderMap, token: Token<'_>, max_age: Option<u64>) {
        let value = format!("{} {}", token.text(), max_age.unwrap_or_default());
        headers.insert("x-out", value.parse().expect("ASCII"));
    }

    fn remove(&self, headers: &mut HeaderMap) {
        headers.insert("x-out", "forget".parse().expect("ASCII"));
    }
}

// Fails when a carrier is not asked for everything: tokens, capacity, Vary, removal.
#[tokio::test]
async fn rule_20_a_carrier_of_the_users_own() {
    let name = HeaderName::from_static("x-in");
    let site = site::<Visit, _>(|b| b.carrier(Own));
    let reply = site.run("", async |mut s: Handle| s.views = 1).await;
    let out = reply.header("x-out");
    let token = out.strip_suffix(" 86400").expect("what is left of the session");
    assert_eq!(reply.header("vary"), "x-in");
    let two = format!("junk {token}");
    assert_eq!(with(&site, &name, &two, bump).await.body, "false 2");
    assert_eq!(with(&site, &name, token, |s| s.destroy()).await.header("x-out"), "forget");
    let large = with(&site, &name, token, |s| s.note = "x".repeat(300)).await;
    assert_eq!(large.status, 500);
    assert!(site.events.take().contains(&"too_large(note)".to_owned()));
}

struct NoRoom;

impl Carrier for NoRoom {
    fn binding(&self) -> &str {
        Own.binding()
    }

    fn request_header(&self) -> &HeaderName {
        &TOKEN_REF
    }

    fn capacity(&self) -> usize {
        50
    }

    fn find<'r>(&self, _: &'r HeaderMap, _: &mut dyn FnMut(&'r [u8])) {}

    fn set(&self, _: &mut HeaderMap, _: Token<'_>, _: Option<u64>) {}

    fn remove(&self, _: &mut HeaderMap) {}
}

static TOKEN_REF: HeaderName = TOKEN;

// Fails when a carrier that can hold no token at all passes.
#[test]
fn rule_20_a_carrier_without_room_is_refused_when_built() {
    let built = SessionLayer::<Visit>::signed(ring("k")).carrier(NoRoom).build();
    assert!(matches!(built, Err(BuildError::Capacity)));
}

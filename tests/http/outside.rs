//! Rule 15: sessions outside a request, and sessions for tests.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderName, SET_COOKIE};
use session::{HeaderCarrier, Session, testing};
use session_tests::at_once;
use session_tests::{request, site};

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(ttl = "1m")]
    code: Option<u32>,
}

// Fails when `close` does not commit, or commits what did not change.
#[tokio::test]
async fn rule_15_a_session_opens_from_raw_headers_and_closes_into_them() {
    let site = site::<Visit, _>(|b| b);
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, site.cookie(Visit { views: 41, code: None }).parse().expect("ASCII"));

    let session = at_once(site.layer.open(&headers)).expect("a session");
    assert!(!session.is_new());
    let mut out = HeaderMap::new();
    at_once(site.layer.close(session, &mut out)).expect("nothing to do");
    assert!(!out.contains_key(SET_COOKIE));

    let mut session = at_once(site.layer.open(&headers)).expect("a session");
    session.views += 1;
    at_once(site.layer.close(session, &mut out)).expect("fits");
    assert_eq!(out["cache-control"], "no-store");
    let line = out[SET_COOKIE].to_str().expect("ASCII");
    let cookie = line.split(';').next().expect("a pair");
    assert_eq!(site.state(cookie).views, 42);

    drop(at_once(site.layer.open(&headers)).expect("dropped, it commits nothing"));
}

#[derive(Session)]
struct Big {
    text: String,
}

// Fails when a commit that failed leaves a token behind.
#[tokio::test]
async fn rule_15_closing_fails_as_a_commit_fails() {
    let site = site::<Big, _>(|b| b);
    let mut session = at_once(site.layer.open(&HeaderMap::new())).expect("a session");
    session.text = "x".repeat(5000);
    let mut out = HeaderMap::new();
    let error = at_once(site.layer.close(session, &mut out)).expect_err("too large");
    assert!(error.to_string().contains("`text`"), "{error}");
    assert!(!out.contains_key(SET_COOKIE));
}

// Fails when a value is sealed with other times, names or ends than the layer's own.
#[tokio::test]
async fn rule_15_testing_makes_a_valid_cookie_from_a_value() {
    let site = site::<Visit, _>(|b| b.name("sid"));
    let headers = at_once(testing::headers(&site.layer, Visit { views: 41, code: Some(7) }))
        .expect("encodable");
    let mut live = request("");
    live.headers_mut().extend(headers.clone());
    let read = async |s: session::TypedSession<Visit>| format!("{} {:?}", s.views, s.code);
    let reply = site.send(site.app(read), live).await;
    assert_eq!(reply.body, "41 Some(7)");
    site.clock.advance(session::minutes(2));
    let mut later = request("");
    later.headers_mut().extend(headers);
    assert_eq!(site.send(site.app(read), later).await.body, "41 None");

    let name = HeaderName::from_static("x-out");
    let bearer = session_tests::site::<Visit, _>(|b| b.carrier(HeaderCarrier::bearer(name)));
    let headers = at_once(testing::headers(&bearer.layer, Visit { views: 1, code: None }))
        .expect("encodable");
    assert!(headers["authorization"].to_str().expect("ASCII").starts_with("Bearer "));
    assert_eq!(at_once(bearer.layer.open(&headers)).expect("a session").views, 1);
}

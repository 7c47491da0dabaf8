//! Rule 19: the headers that go with a token, and those of others.

use axum::http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE, VARY};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{AppendHeaders, Response};
use session::{HeaderCarrier, Session, TypedSession};
use session_tests::at_once;
use session_tests::{NAME, request, site};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

#[derive(Session)]
struct Visit {
    views: u64,
}

type Handle = TypedSession<Visit>;

// Fails when a token, or its removal, may be stored; or when others' caching is forbidden.
#[tokio::test]
async fn rule_19_only_responses_with_a_token_are_not_to_be_stored() {
    let site = site::<Visit, _>(|b| b);
    for (said, with_token, without) in [
        (None, "no-store", ""),
        (Some("public, max-age=60"), "no-store", "public, max-age=60"),
        (Some("private"), "no-store", "private"),
        (Some("private, No-Store"), "private, No-Store", "private, No-Store"),
        (Some("x=no-store-at-all"), "no-store", "x=no-store-at-all"),
    ] {
        for write in [true, false] {
            let handler = async move |mut s: Handle| {
                s.views += u64::from(write);
                AppendHeaders(said.map(|said| (CACHE_CONTROL, said)))
            };
            let reply = site.run("", handler).await;
            assert_eq!(reply.header("cache-control"), if write { with_token } else { without });
        }
    }
    let removed = site.run(&format!("{NAME}=bad"), async |_: Handle| {}).await;
    assert_eq!(removed.header("cache-control"), "no-store");
}

// Fails when Vary is overwritten, or left out when the session was extracted but not sent.
#[tokio::test]
async fn rule_19_vary_is_appended_when_the_session_was_extracted() {
    let site = site::<Visit, _>(|b| b);
    for (said, expected) in [
        (vec![], "Cookie"),
        (vec!["Accept"], "Accept, Cookie"),
        (vec!["Accept", "Origin"], "Accept, Origin, Cookie"),
        (vec!["*"], "*"),
        (vec!["Accept", "*"], "Accept, *"),
        (vec!["cookie"], "cookie"),
        (vec!["Accept, COOKIE"], "Accept, COOKIE"),
        (vec!["Set-Cookie"], "Set-Cookie, Cookie"),
    ] {
        let headers =
            AppendHeaders(said.clone().into_iter().map(|value| (VARY, value)).collect::<Vec<_>>());
        let handler = async move |_: Handle| headers;
        assert_eq!(site.run("", handler).await.header("vary"), expected, "{said:?}");
    }
    // By any way of taking it.
    assert_eq!(site.run("", async |_: Option<Handle>| {}).await.header("vary"), "Cookie");
    let result = async |s: Result<Handle, session::SessionRejection>| drop(s);
    assert_eq!(site.run("", result).await.header("vary"), "Cookie");
    let failing = async |_: Handle| StatusCode::BAD_GATEWAY;
    assert_eq!(site.run("", failing).await.header("vary"), "Cookie");
    assert_eq!(site.run("", async || "ok").await.header("vary"), "");
}

// Fails when the carrier's own request header is not the one that is listed.
#[tokio::test]
async fn rule_19_vary_lists_the_carriers_request_header() {
    const TOKEN: HeaderName = HeaderName::from_static("x-token");
    let header = site::<Visit, _>(|b| b.carrier(HeaderCarrier::new(TOKEN)));
    assert_eq!(header.run("", async |_: Handle| {}).await.header("vary"), "x-token");
    let bearer = site::<Visit, _>(|b| b.carrier(HeaderCarrier::bearer(TOKEN)));
    let vary = bearer.run("", async |_: Handle| {}).await.header("vary");
    assert!(vary.eq_ignore_ascii_case("authorization"), "{vary}");
}

// Fails when Set-Cookie is inserted instead of appended, or an earlier one of ours stays.
#[tokio::test]
async fn rule_19_cookies_of_others_survive_and_of_ours_there_is_one() {
    let site = site::<Visit, _>(|b| b);
    let handler = async |mut s: Handle| {
        s.views += 1;
        AppendHeaders([
            (SET_COOKIE, "first=1; Path=/"),
            (SET_COOKIE, "__Host-session=by-hand; Path=/"),
            (SET_COOKIE, "__Host-session2=another; Path=/"),
            (SET_COOKIE, "last=__Host-session=x; HttpOnly"),
        ])
    };
    let reply = site.run("", handler).await;
    let lines = reply.set_cookies();
    assert_eq!(
        lines[..3],
        ["first=1; Path=/", "__Host-session2=another; Path=/", "last=__Host-session=x; HttpOnly",]
    );
    assert_eq!(lines.len(), 4);
    assert!(lines[3].starts_with("__Host-session=A"), "{lines:?}");
    // And also when the session could not be saved.
    let failing = async |mut s: Handle| {
        s.views = 1;
        s.discard();
        AppendHeaders([(SET_COOKIE, "first=1; Path=/")])
    };
    assert_eq!(site.run("", failing).await.set_cookies(), ["first=1; Path=/"]);
}

// Fails when the handler's headers go with its lost body, or its cookies go too.
#[tokio::test]
async fn rule_19_an_answer_that_could_not_be_saved_keeps_the_cookies_of_others() {
    #[derive(Session)]
    struct Big {
        text: String,
    }
    let site = site::<Big, _>(|b| b);
    let handler = async |mut s: TypedSession<Big>| {
        s.text = "x".repeat(5000);
        let headers = [(SET_COOKIE, "first=1"), (VARY, "Accept")];
        (AppendHeaders(headers), axum::Json([1, 2]))
    };
    let reply = site.run("", handler).await;
    assert_eq!(reply.status, 500);
    assert_eq!(reply.set_cookies(), ["first=1"]);
    assert_eq!(reply.header("vary"), "Accept, Cookie");
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(reply.body, "the session could not be saved");
}

// Fails when a header of ours, in or out, could be logged by a layer that prints headers.
#[tokio::test]
async fn rule_19_token_headers_are_sensitive() {
    let site = site::<Visit, _>(|b| b);
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let see = Arc::clone(&seen);
    let handler = async move |mut s: Handle, headers: HeaderMap| {
        s.views += 1;
        *see.lock().expect("sane") = headers;
    };
    let cookie = site.cookie(Visit { views: 1 });
    let response: Response = site.app(handler).oneshot(request(&cookie)).await.expect("an answer");
    assert!(seen.lock().expect("sane")[COOKIE].is_sensitive());
    assert!(response.headers()[SET_COOKIE].is_sensitive());
    let token = cookie.split_once('=').expect("a pair").1;
    assert!(!format!("{:?}", seen.lock().expect("sane")).contains(token));

    const TOKEN: HeaderName = HeaderName::from_static("x-token");
    for carrier in [HeaderCarrier::new(TOKEN), HeaderCarrier::bearer(TOKEN)] {
        let site = session_tests::site::<Visit, _>(|b| b.carrier(carrier));
        let see = Arc::clone(&seen);
        let handler = async move |mut s: Handle, headers: HeaderMap| {
            s.views += 1;
            *see.lock().expect("sane") = headers;
        };
        let mut request = request("");
        let sent =
            at_once(session::testing::headers(&site.layer, Visit { views: 1 })).expect("encodable");
        request.headers_mut().extend(sent);
        let response: Response = site.app(handler).oneshot(request).await.expect("an answer");
        assert!(response.headers()[TOKEN].is_sensitive());
        assert!(seen.lock().expect("sane").values().all(|value| value.is_sensitive()));
    }
}

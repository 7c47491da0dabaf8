//! Rule 17: key rings, and what becomes of cookies that are no session.

use axum::http::StatusCode;
use session::{OnUndecodable, Session, TypedSession, days, hours};
use session_tests::{Sealed, Site, ring, site, site_under};

#[derive(Session)]
struct Visit {
    views: u64,
}

type Handle = TypedSession<Visit>;

fn under(keys: &str) -> Site<Visit> {
    site_under(ring(keys), |b| b.path("/app").name("__Secure-s").domain("example.com"))
        .named("__Secure-s")
}

// Fails when the last key signs, when only the first verifies, or when the ring's order is lost.
#[tokio::test]
async fn rule_17_a_new_key_is_rolled_out_without_a_logout() {
    let mut cookie = under("o").cookie(Visit { views: 1 });
    let old = Sealed::read(&cookie).key;
    for (ring, reseals) in [("on", false), ("no", true), ("no", false), ("n", false)] {
        let site = under(ring);
        let reply = site.run(&cookie, async |s: Handle| s.views.to_string()).await;
        assert_eq!(reply.body, "1", "{ring}");
        assert_eq!(reply.seals(), reseals, "{ring}");
        if let Some(token) = reply.token() {
            cookie = format!("__Secure-s={token}");
            assert_ne!(Sealed::read(&cookie).key, old);
        }
    }
    assert!(!under("o").lives(&cookie), "the old key alone does not know the new one");
    assert!(!under("x").lives(&cookie));
}

// Fails when re-sealing moves a time, encodes anew, or loses an attribute.
#[tokio::test]
async fn rule_17_a_resealed_cookie_keeps_its_times_and_attributes() {
    let (old, new) = (under("o"), under("no"));
    let cookie = old.cookie(Visit { views: 1 });
    let before = Sealed::read(&cookie);
    new.clock.advance(hours(2));
    let reply = new.run(&cookie, async |_: Handle| {}).await;
    let after = Sealed::read(reply.token().expect("sealed anew"));
    assert_eq!(after, Sealed { key: after.key, ..before });
    let line = reply.line().expect("a cookie");
    let attributes =
        "; Max-Age=79200; Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax";
    assert!(line.ends_with(attributes), "{line}");
    assert_eq!(reply.header("cache-control"), "no-store");
}

// Fails when a request that did not extract pays for a re-seal, or a failed one leaves it.
#[tokio::test]
async fn rule_17_resealing_waits_for_an_extraction_and_a_good_end() {
    let cookie = under("o").cookie(Visit { views: 1 });
    let site = under("no");
    assert!(site.run(&cookie, async || "ok").await.is_silent());
    let failing = async |_: Handle| StatusCode::BAD_GATEWAY;
    assert!(site.run(&cookie, failing).await.is_silent());
}

// Fails when `Refused::Forged` and `Refused::Unknown` are told apart wrongly, or `is_dead` is.
#[tokio::test]
async fn rule_17_which_bad_cookies_are_removed_and_which_left_alone() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(Visit { views: 1 });
    let mut forged = good.clone();
    let last = forged.pop().expect("a token");
    forged.push(if last == 'A' { 'Q' } else { 'A' });
    let unknown = site_under::<Visit, _>(ring("x"), |b| b).cookie(Visit { views: 1 });
    let later_version = good.replacen("=A", "=D", 1);
    let two = |a: &str, b: &str| format!("{a}; {b}");
    site.clock.advance(days(2));
    let expired = good.clone();
    for (cookie, removed, events) in [
        (forged.clone(), true, vec!["invalid"]),
        ("__Host-session=".to_owned(), true, vec!["invalid"]),
        ("__Host-session=not!base64".to_owned(), true, vec!["invalid"]),
        (expired.clone(), true, vec!["expired"]),
        (unknown.clone(), false, vec!["invalid"]),
        (later_version, false, vec!["invalid"]),
        (two(&forged, &expired), true, vec!["expired", "invalid"]),
        (two(&unknown, &expired), false, vec!["expired", "invalid"]),
        ("other=1".to_owned(), false, vec![]),
    ] {
        let reply = site.run(&cookie, async |s: Handle| s.is_new().to_string()).await;
        assert_eq!(reply.body, "true", "{cookie}");
        assert_eq!(reply.removes(), removed, "{cookie}");
        assert!(!reply.seals(), "{cookie}");
        assert_eq!(site.events.take(), events, "{cookie}");
        let written = site.run(&cookie, async |mut s: Handle| s.views = 5).await;
        assert!(written.seals(), "a write replaces it: {cookie}");
        site.events.take();
    }
}

#[derive(Session)]
#[session(schema = "Visit")]
struct Changed {
    views: String,
}

// Fails when an undecodable payload is removed, or is a 5xx, or is sealed again.
#[tokio::test]
async fn rule_17_an_undecodable_payload_is_left_alone_until_something_is_written() {
    let cookie = site::<Visit, _>(|b| b).cookie(Visit { views: 1 });
    let site = site::<Changed, _>(|b| b);
    type Handle = TypedSession<Changed>;
    let reply = site.run(&cookie, async |s: Handle| format!("{} {:?}", s.is_new(), s.views)).await;
    assert_eq!(reply.body, "true \"\"");
    assert!(reply.is_silent());
    assert_eq!(site.events.take(), ["undecodable(views)"]);
    let reply = site.run(&cookie, async |mut s: Handle| s.views = "x".to_owned()).await;
    assert!(reply.seals());
}

// Fails when `Fail` resets, or blocks requests that do not extract.
#[tokio::test]
async fn rule_17_on_undecodable_fail_refuses_the_extraction() {
    let cookie = site::<Visit, _>(|b| b).cookie(Visit { views: 1 });
    let site = site::<Changed, _>(|b| b.on_undecodable(OnUndecodable::Fail));
    type Handle = TypedSession<Changed>;
    let reply = site.run(&cookie, async |_: Handle| {}).await;
    assert_eq!(reply.status, 500);
    assert!(reply.is_silent());
    assert!(!reply.body.contains("views"));
    assert_eq!(site.events.take(), ["undecodable(views)"]);
    let optional = site.run(&cookie, async |_: Option<Handle>| {}).await;
    assert_eq!(optional.status, 500);
    assert_eq!(site.run(&cookie, async || "ok").await.status, 200);
}

// Fails when the refused extraction is not seen by caches.
#[tokio::test]
async fn rule_19_a_refused_extraction_depends_on_the_cookie_too() {
    let cookie = site::<Visit, _>(|b| b).cookie(Visit { views: 1 });
    let site = site::<Changed, _>(|b| b.on_undecodable(OnUndecodable::Fail));
    let reply = site.run(&cookie, async |_: TypedSession<Changed>| {}).await;
    assert_eq!(reply.header("vary"), "Cookie");
}

//! Rule 18: the cookie's attributes, its size, and options that contradict one another.

use session::{
    BuildError, CommitError, Priority, SameSite, Session, SessionBuilder, SessionLayer,
    TypedSession, days,
};
use session_tests::{NAME, Site, ring, site};
use std::time::Duration;

#[derive(Session)]
struct Visit {
    views: u64,
    cart: String,
    note: String,
}

type Handle = TypedSession<Visit>;
type Builder = SessionBuilder<Visit>;

fn visit(cart: usize) -> Visit {
    Visit { views: 1, cart: "c".repeat(cart), note: "n".repeat(10) }
}

/// What stands behind the token in the cookie that these options give, and in its removal.
async fn attributes(name: &str, with: impl FnOnce(Builder) -> Builder) -> String {
    let site = site::<Visit, _>(with).named(name);
    let set = site.run("", async |mut s: Handle| s.views += 1).await;
    let line = set.line().expect("a cookie").to_owned();
    let attributes = line.split_once("; ").expect("attributes").1;
    let removed = site.run(&format!("{name}=junk"), async |_: Handle| {}).await;
    let rest = attributes.split_once("Path").expect("a path").1;
    let expected = format!("{name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path{rest}");
    assert_eq!(removed.line(), Some(&*expected), "a removal has the very same attributes");
    attributes.to_owned()
}

// Fails when a default changes.
#[tokio::test]
async fn rule_18_the_default_cookie() {
    let defaults = "Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(attributes(NAME, |b| b).await, defaults);
}

// Fails when an option is not heeded, in the cookie or in its removal.
#[tokio::test]
async fn rule_18_every_attribute() {
    let secure = "Path=/; Secure; HttpOnly;";
    for (name, with, expected) in [
        ("sid", (|b| b.name("sid")) as fn(Builder) -> Builder, format!("{secure} SameSite=Lax")),
        (NAME, |b| b.same_site(SameSite::Strict), format!("{secure} SameSite=Strict")),
        (NAME, |b| b.same_site(SameSite::None), format!("{secure} SameSite=None")),
        (NAME, |b| b.without_same_site(), "Path=/; Secure; HttpOnly".to_owned()),
        (NAME, |b| b.http_only(false), "Path=/; Secure; SameSite=Lax".to_owned()),
        (NAME, |b| b.partitioned(true), format!("{secure} SameSite=Lax; Partitioned")),
        (NAME, |b| b.priority(Priority::High), format!("{secure} SameSite=Lax; Priority=High")),
        (NAME, |b| b.priority(Priority::Medium), format!("{secure} SameSite=Lax; Priority=Medium")),
        (NAME, |b| b.priority(Priority::Low), format!("{secure} SameSite=Lax; Priority=Low")),
        (
            "__Secure-s",
            |b| b.name("__Secure-s").path("/app").domain("example.com"),
            "Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax".to_owned(),
        ),
        ("session", |b| b.insecure_for_development(), "Path=/; HttpOnly; SameSite=Lax".to_owned()),
        (
            "s",
            |b| b.name("__Secure-s").insecure_for_development(),
            "Path=/; HttpOnly; SameSite=Lax".to_owned(),
        ),
    ] {
        assert_eq!(attributes(name, with).await, format!("Max-Age=86400; {expected}"));
    }
    let browser = attributes(NAME, |b| b.browser_session()).await;
    assert_eq!(browser, "Path=/; Secure; HttpOnly; SameSite=Lax", "no Max-Age and no Expires");
}

// Fails when Expires is another moment than the request's and Max-Age together, or stands where there is no
// Max-Age.
#[tokio::test]
async fn a_03_a_06_expires_says_what_max_age_says() {
    let site = site::<Visit, _>(|b| b.expires(true).max_age(days(1)).absolute(days(2)));
    let view = async |mut s: Handle| s.views += 1;
    let mut visitor = site.visitor();
    // The test clock begins on Tuesday, 2023-11-14T22:13:20Z.
    for (advance, max_age, expires) in [
        (0, "86400", "Wed, 15 Nov 2023 22:13:20 GMT"),
        (43_200_001, "86400", "Thu, 16 Nov 2023 10:13:20 GMT"),
        // The absolute end is nearer: within 43 199.999 seconds.
        (86_400_000, "43200", "Thu, 16 Nov 2023 22:13:20 GMT"),
    ] {
        site.clock.advance(Duration::from_millis(advance));
        let reply = visitor.sends(view).await;
        assert_eq!(reply.attribute("Max-Age"), Some(max_age));
        assert_eq!(reply.attribute("Expires"), Some(expires));
        let line = reply.line().expect("a cookie");
        assert!(line.ends_with("GMT; Path=/; Secure; HttpOnly; SameSite=Lax"), "{line}");
    }
    let browser = session_tests::site::<Visit, _>(|b| b.expires(true).browser_session());
    let reply = browser.run("", view).await;
    assert_eq!((reply.attribute("Max-Age"), reply.attribute("Expires")), (None, None));
    // A date has four digits for the year.
    let late = session_tests::site::<Visit, _>(|b| b.expires(true));
    late.clock.advance(days(365 * 8500));
    let reply = late.run("", view).await;
    assert_eq!(reply.attribute("Expires"), Some("Fri, 31 Dec 9999 23:59:59 GMT"));
}

// Fails when Max-Age is the configured lifetime instead of what is left, or is not clipped.
#[tokio::test]
async fn rule_18_max_age_is_what_is_left_at_most_400_days() {
    let max_age = async |idle: Duration, absolute: Duration| {
        let site = site::<Visit, _>(|b| b.max_age(idle).absolute(absolute));
        let reply = site.run("", async |mut s: Handle| s.views += 1).await;
        reply.attribute("Max-Age").expect("a lifetime").parse::<u64>().expect("seconds")
    };
    assert_eq!(max_age(days(1), days(30)).await, 86_400);
    assert_eq!(max_age(days(30), days(2)).await, 2 * 86_400);
    assert_eq!(max_age(days(1000), days(1000)).await, 400 * 86_400);
    assert_eq!(max_age(Duration::from_millis(1500), days(1)).await, 2, "rounded up");
    assert_eq!(max_age(Duration::from_millis(1), days(1)).await, 1, "never 0: that removes");
}

// Fails when a contradiction passes, or its error does not name the option.
#[test]
fn rule_18_contradictions_are_refused_when_built() {
    let long = "x".repeat(2000);
    for (option, with) in [
        ("name", Box::new(|b: Builder| b.name("")) as Box<dyn Fn(Builder) -> Builder>),
        ("name", Box::new(|b| b.name("a b"))),
        ("name", Box::new(|b| b.name("a;b"))),
        ("name", Box::new(|b| b.name("a=b"))),
        ("name", Box::new(|b| b.name("é"))),
        ("name", Box::new(|b| b.name("a\r\nSet-Cookie: x"))),
        ("path", Box::new(|b| b.name("s").path("app"))),
        ("path", Box::new(|b| b.name("s").path("/a;b"))),
        ("path", Box::new(|b| b.name("s").path("/a\r\n"))),
        ("path", Box::new(move |b| b.name("s").path(&format!("/{long}")))),
        ("domain", Box::new(|b| b.name("s").domain(""))),
        ("domain", Box::new(|b| b.name("s").domain("a b"))),
        ("domain", Box::new(|b| b.name("s").domain("a;b"))),
        ("domain", Box::new(|b| b.name("s").domain("http://example.com"))),
        ("domain", Box::new(|b| b.name("s").domain("example.com:80"))),
        ("domain", Box::new(|b| b.domain("example.com"))),
        ("domain", Box::new(|b| b.name("__host-x").domain("example.com"))),
        ("path", Box::new(|b| b.path("/app"))),
        ("same_site", Box::new(|b| b.same_site(SameSite::None).insecure_for_development())),
        ("partitioned", Box::new(|b| b.partitioned(true).insecure_for_development())),
        ("http_only", Box::new(|b| b.name("__Http-s").http_only(false))),
        ("max_age", Box::new(|b| b.max_age(Duration::ZERO))),
        ("max_age", Box::new(|b| b.max_age(Duration::from_micros(1)))),
        ("max_age", Box::new(|b| b.max_age(Duration::MAX))),
        ("absolute", Box::new(|b| b.absolute(Duration::ZERO))),
        ("absolute", Box::new(|b| b.absolute(Duration::MAX))),
    ] {
        let built = with(SessionLayer::<Visit>::signed(ring("k"))).build();
        let error = built.expect_err(option).to_string();
        assert!(error.starts_with(&format!("`{option}")), "{option}: {error}");
    }
    let built = SessionLayer::<Visit>::signed(ring("k")).domain("example.com").build();
    assert!(matches!(built, Err(BuildError::Cookie(_))));
}

/// A state whose name and token have exactly so many bytes together, if there is one.
async fn sized(site: &Site<Visit>, bytes: usize) -> Option<usize> {
    // Base64 makes four characters of three bytes: three thousand more are four thousand more. So
    // the limit itself is not in the way of measuring.
    for cart in 0..4 {
        let len = site.cookie(visit(cart)).len() - 1;
        let missing = bytes - len;
        let more = missing / 4 * 3;
        for spare in 0..3 {
            let (small, grown) = (cart + spare, cart + spare + more);
            if site.cookie(visit(small)).len() - 1 + missing / 4 * 4 == bytes {
                return Some(grown);
            }
        }
    }
    None
}

// Fails when the limit is off by one, leaves the name out, or counts raw bytes instead of text.
#[tokio::test]
async fn rule_18_name_and_value_have_at_most_4096_bytes() {
    let mut met = Vec::new();
    // Base64 skips every fourth length: another name's length reaches the others.
    for name in [NAME, "__Host-session1", "__Host-session22", "__Host-session333"] {
        let site = site::<Visit, _>(|b| b.name(name)).named(name);
        for bytes in [4095, 4096, 4097] {
            let Some(cart) = sized(&site, bytes).await else {
                continue;
            };
            met.push(bytes);
            let grow = async move |mut s: Handle| s.cart = "c".repeat(cart);
            let reply = site.run(&site.cookie(visit(1)), grow).await;
            assert_eq!(reply.seals(), bytes <= 4096, "{bytes} bytes under {name}");
            assert_eq!(reply.status == 500, bytes > 4096);
            if let Some(line) = reply.line() {
                assert_eq!(line.split(';').next().expect("a pair").len() - 1, bytes);
            }
        }
    }
    for bytes in [4095, 4096, 4097] {
        assert!(met.contains(&bytes), "{bytes} was not tried");
    }
}

// Fails when the error is untyped or names another field, or a cookie goes out in spite of it.
#[tokio::test]
async fn rule_18_too_large_names_the_largest_field_and_keeps_the_cookie() {
    let site = site::<Visit, _>(|b| b);
    let grow = async |mut s: Handle| s.cart = "c".repeat(4000);
    let reply = site.run(&site.cookie(visit(1)), grow).await;
    assert_eq!(reply.status, 500);
    assert!(reply.is_silent(), "the client keeps what it has");
    assert_eq!(reply.body, "the session could not be saved");
    match reply.error.as_deref() {
        Some(CommitError::TooLarge { field, field_bytes, bytes, limit, .. }) => {
            assert_eq!(*field, Some("cart"));
            assert_eq!(*field_bytes, 4002, "with its quotes");
            assert_eq!(*limit, 4096 - NAME.len());
            assert!(bytes > limit);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(site.events.take(), ["loaded", "too_large(cart)"]);
}

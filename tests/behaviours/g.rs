//! G, the cookie's grammar.

use crate::home::{Does, Home, apply};
use crate::state::{Handle, Visit, new_and_views, visit};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use session::{SameSite, Session, SessionLayer, TypedSession};
use session_tests::{NAME, Shelf, request, ring};

both_homes!(
    g_01_names_and_values_outside_the_grammar_are_refused_when_built,
    g_02_other_cookies_are_kept_and_only_ours_replaced,
    g_03_names_are_matched_by_exact_bytes,
    g_04_several_cookie_headers_are_one,
    g_05_same_site_none_requires_secure,
);

/// Why a layer with this is refused, or nothing.
macro_rules! refusal {
    ($home:expr, $with:expr) => {
        match $home {
            Home::Cookie => apply(SessionLayer::<Visit>::signed(ring("k")), $with).build(),
            Home::Store => apply(SessionLayer::<Visit>::stored(Shelf::default()), $with).build(),
        }
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
    };
}

async fn g_01_names_and_values_outside_the_grammar_are_refused_when_built(home: Home) {
    for byte in 0..=127_u8 {
        let name = format!("a{}b", char::from(byte));
        let fits = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let refusal = refusal!(home, |b| b.name(&name));
        assert_eq!(refusal.starts_with("`name`"), !fits, "{name:?}: {refusal}");
        let path = format!("/a{}b", char::from(byte));
        let refusal = refusal!(home, |b| b.name("s").path(&path));
        let fits = (0x20..0x7f).contains(&byte) && byte != b';';
        assert_eq!(refusal.starts_with("`path`"), !fits, "{path:?}: {refusal}");
    }
    for name in ["", "é", &"n".repeat(2049)] {
        assert!(refusal!(home, |b| b.name(name)).starts_with("`name`"), "{name}");
    }
    for path in ["", "app", "/é"] {
        assert!(refusal!(home, |b| b.name("s").path(path)).starts_with("`path`"), "{path}");
    }
    for domain in ["", "example.com:80", "https://example.com", "a b", "a..b", "a;b", "é.com"] {
        let refusal = refusal!(home, |b| b.name("s").domain(domain));
        assert!(refusal.starts_with("`domain`"), "{domain}");
    }
    assert_eq!(refusal!(home, |b| b.name("s").path("/a b").domain("example.com")), "");
}

async fn g_02_other_cookies_are_kept_and_only_ours_replaced(home: Home) {
    let world = open!(home, Visit, |b| b);
    let cookies = |more: &[&str]| {
        let mut headers = HeaderMap::new();
        for line in more {
            headers.append(SET_COOKIE, line.parse().expect("ASCII"));
        }
        headers
    };
    let theirs = cookies(&["a=1", "__Host-session=x", "__Host-session2=y", "b=2; Path=/"]);
    let handler = async move |mut s: Handle| {
        s.views += 1;
        theirs.clone()
    };
    let reply = world.run("", handler).await;
    let lines = reply.set_cookies();
    assert_eq!(lines[..3], ["a=1", "__Host-session2=y", "b=2; Path=/"]);
    assert_eq!(lines.len(), 4);
    assert!(reply.seals(), "{:?}", reply.line());

    // Two layers, one in the other.
    #[derive(Session)]
    #[session(name = "inner")]
    struct Inner {
        views: u64,
    }
    let inner = beside!(world, Inner, |b| b);
    let handler = async |mut s: Handle, mut inner: TypedSession<Inner>| {
        s.views = 1;
        inner.views = 2;
    };
    let app = inner.app(handler).layer(world.layer.clone());
    let reply = world.send(app, request("")).await;
    let mut names: Vec<_> =
        reply.set_cookies().iter().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, [NAME, "inner"]);
}

async fn g_03_names_are_matched_by_exact_bytes(home: Home) {
    let world = open!(home, Visit, |b| b);
    let good = world.guest(visit(5)).cookie;
    let token = crate::home::token_of(&good);
    for other in [
        format!("__host-session={token}"),
        format!("%5F%5FHost-session={token}"),
        format!("__Host-session ={token}"),
        format!("__Host-session2={token}"),
        format!("x__Host-session={token}"),
        format!("$Version=1,{NAME}={token}"),
        format!("a=\"x; __Host-sessions={token}\""),
    ] {
        let reply = world.says(&other, new_and_views).await;
        assert_eq!((reply.body.as_str(), reply.is_silent()), ("true 0", true), "{other}");
    }
    for space in [&b"\xe2\x80\x80"[..], b"\xc2\xa0", b"\xa0", b"\x85", b"\xff"] {
        let mut request = request("");
        let header = HeaderValue::from_bytes(&[space, good.as_bytes()].concat());
        request.headers_mut().insert(COOKIE, header.expect("opaque bytes"));
        let reply = world.send(world.app(async |s: Handle| s.views.to_string()), request).await;
        assert_eq!(reply.body, "0", "{space:?}");
    }
    let percent = format!("{NAME}=%{:02X}{}", token.as_bytes()[0], &token[1..]);
    for other in [format!("{NAME}=\"{token}\""), percent] {
        let reply = world.says(&other, new_and_views).await;
        assert_eq!((reply.body.as_str(), reply.removes()), ("true 0", true), "{other}");
    }
    assert_eq!(world.says(&format!("a=1;  \t{good}"), new_and_views).await.body, "false 5");
}

async fn g_04_several_cookie_headers_are_one(home: Home) {
    let world = open!(home, Visit, |b| b);
    let good = world.guest(visit(5)).cookie;
    let other = world.cookie(visit(6));
    for (headers, body) in [
        (["a=1", &good, "b=2"], "false 5"),
        (["a=1", "b=2", &good], "false 5"),
        ([&good, "a=1", &other], "true 0"),
    ] {
        let mut request = request("");
        for header in headers {
            request.headers_mut().append(COOKIE, header.parse().expect("ASCII"));
        }
        let handler = async |mut s: Handle| new_and_views(&mut s);
        world.events.take();
        let reply = world.send(world.app(handler), request).await;
        assert_eq!(reply.body, body);
        let ambiguous = world.events.take().contains(&"ambiguous".to_owned());
        assert_eq!(ambiguous, body == "true 0");
    }
}

async fn g_05_same_site_none_requires_secure(home: Home) {
    for (world, expected) in [
        (open!(home, Visit, |b| b.same_site(SameSite::Strict)), "Strict"),
        (open!(home, Visit, |b| b), "Lax"),
        (open!(home, Visit, |b| b.same_site(SameSite::None)), "None"),
    ] {
        let reply = world.visitor().does(|s| s.views = 1).await;
        assert_eq!(reply.attribute("SameSite"), Some(expected));
        assert_eq!(reply.attribute("Secure"), Some(""));
    }
    let refusal = refusal!(home, |b| b.same_site(SameSite::None).insecure_for_development());
    assert!(refusal.starts_with("`same_site`"), "{refusal}");
}

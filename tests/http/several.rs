//! Rule 18: what a request may bring under our name.

use axum::http::HeaderValue;
use axum::http::header::COOKIE;
use session::{Session, TypedSession};
use session_tests::{NAME, Site, request, site};

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, user: None }
}

async fn views(site: &Site<Visit>, cookie: &str) -> String {
    let look = async |s: Handle| format!("{} {}", s.is_new(), s.views);
    let reply = site.run(cookie, look).await;
    assert_eq!(reply.status, 200, "{cookie}");
    reply.body
}

// Fails when the first cookie of the name counts, or the last.
#[tokio::test]
async fn d_10_the_one_that_verifies_counts_wherever_it_stands() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(visit(5));
    let tossed = format!("{NAME}=tossed");
    for cookie in [
        format!("{tossed}; {good}"),
        format!("{good}; {tossed}"),
        format!("a=1; {tossed}; b=2; {good}; {tossed}; c=3"),
        format!("{good}; {good}"),
        format!("{};{good};", [&*tossed; 7].join(";")),
    ] {
        assert_eq!(views(&site, &cookie).await, "false 5", "{cookie}");
        let reply = site.run(&cookie, async |_: Handle| {}).await;
        assert!(reply.is_silent(), "the good one stays");
    }
}

// Fails when there is no limit, or it is another.
#[tokio::test]
async fn rule_18_at_most_eight_cookies_are_tried() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(visit(5));
    for (before, expected) in [(0, "false 5"), (7, "false 5"), (8, "true 0"), (400, "true 0")] {
        let cookie = format!("{}{good}", format!("{NAME}=tossed; ").repeat(before));
        assert_eq!(views(&site, &cookie).await, expected, "{before} before it");
    }
}

// Fails when one of two valid sessions is adopted, or a cookie is set or removed.
#[tokio::test]
async fn rule_18_two_different_valid_cookies_are_ambiguous() {
    let site = site::<Visit, _>(|b| b);
    let two = format!("{}; {}", site.cookie(visit(5)), site.cookie(visit(6)));
    let does: [fn(&mut Handle); 6] = [
        |_| {},
        |s| s.views = 9,
        |s| s.save(),
        |s| s.rotate(),
        |s| s.set_max_age(session::hours(1)).expect("possible"),
        |s| s.set_user(None),
    ];
    for (row, does) in does.into_iter().enumerate() {
        let handler = async move |mut s: Handle| {
            let seen = format!("{} {}", s.is_new(), s.views);
            does(&mut s);
            seen
        };
        let reply = site.run(&two, handler).await;
        assert_eq!(reply.body, "true 0");
        assert!(reply.is_silent(), "row {row}");
        assert_eq!(site.events.take(), ["ambiguous"], "row {row}");
    }
}

// Fails when a login does not help the client out of it, or the new session has old content.
#[tokio::test]
async fn rule_18_an_ambiguous_request_that_logs_in_gets_a_session() {
    let site = site::<Visit, _>(|b| b);
    let two = format!("{}; {}", site.cookie(visit(5)), site.cookie(visit(6)));
    let login = async |mut s: Handle| s.set_user(Some("ann".to_owned()));
    let reply = site.run(&two, login).await;
    let cookie = format!("{NAME}={}", reply.token().expect("a session"));
    let state = site.state(&cookie);
    assert_eq!((state.views, state.user.as_deref()), (0, Some("ann")));
    assert_eq!(site.events.take()[..2], ["ambiguous", "created"]);
}

// Fails when names are folded, decoded, trimmed of exotic spaces, or $Version is heeded.
#[tokio::test]
async fn g_3_names_are_matched_by_exact_bytes() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(visit(5));
    let token = good.split_once('=').expect("a pair").1;
    for other in [
        format!("__host-session={token}"),
        format!("%5F%5FHost-session={token}"),
        format!("__Host%2Dsession={token}"),
        format!("__Host-session ={token}"),
        format!("__Host-session2={token}"),
        format!("x__Host-session={token}"),
        format!("$Version=1; __Host-sessio={token}"),
        format!("a=\"x; __Host-sessions={token}\""),
        format!("session={token}"),
    ] {
        assert_eq!(views(&site, &other).await, "true 0", "{other}");
        assert!(site.run(&other, async |_: Handle| {}).await.is_silent(), "not ours: {other}");
    }
    // Unicode spaces and control characters before the name.
    for space in ["\u{2000}", "\u{a0}", "\u{85}", "\u{3000}"] {
        let mut request = request("");
        let header = HeaderValue::from_bytes(format!("{space}{good}").as_bytes());
        request.headers_mut().insert(COOKIE, header.expect("opaque bytes"));
        let reply = site.send(site.app(async |s: Handle| s.views.to_string()), request).await;
        assert_eq!(reply.body, "0", "{space:?}");
    }
}

// Fails when quotes are stripped or percents decoded.
#[tokio::test]
async fn g_3_a_quoted_or_percent_encoded_token_is_not_ours() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(visit(5));
    let token = good.split_once('=').expect("a pair").1;
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let first = format!("%{:02X}{}", token.as_bytes()[0], &token[1..]);
    for other in
        [format!("\"{token}\""), format!("\"{token}"), percent, first, format!("'{token}'")]
    {
        assert_eq!(views(&site, &format!("{NAME}={other}")).await, "true 0", "{other}");
    }
}

// Fails when only the first Cookie header is read (HTTP/2 sends crumbs).
#[tokio::test]
async fn g_4_several_cookie_headers_are_one() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(visit(5));
    for (first, second) in [("a=1", &*good), (&*good, "a=1")] {
        let mut request = request(first);
        request.headers_mut().append(COOKIE, second.parse().expect("ASCII"));
        let reply = site.send(site.app(async |s: Handle| s.views.to_string()), request).await;
        assert_eq!(reply.body, "5");
    }
    let mut request = request(&good);
    request.headers_mut().append(COOKIE, site.cookie(visit(6)).parse().expect("ASCII"));
    let reply = site.send(site.app(async |s: Handle| s.views.to_string()), request).await;
    assert_eq!(reply.body, "0", "two different sessions, in two headers");
    assert!(site.events.take().contains(&"ambiguous".to_owned()));
}

// Fails when a header is taken for text, or a large one is decoded without need.
#[tokio::test]
async fn security_46_large_and_non_utf_8_headers_do_no_harm() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(visit(5));
    let large = "x".repeat(64 * 1024);
    for (header, expected) in [
        (format!("{NAME}={large}").into_bytes(), "0"),
        (format!("{NAME}={large}; {good}").into_bytes(), "5"),
        (format!("{large}; {good}").into_bytes(), "5"),
        (format!("{}{good}", "a=b; ".repeat(13_000)).into_bytes(), "5"),
        (format!("{}{good}", ";".repeat(60_000)).into_bytes(), "5"),
        (vec![b'='; 60_000], "0"),
        ([b"\xff\xfe=1; ", good.as_bytes()].concat(), "5"),
        ([NAME.as_bytes(), b"=\xff\xfe\x80"].concat(), "0"),
        ([NAME.as_bytes(), b"=", &[0xff; 60_000]].concat(), "0"),
    ] {
        let mut request = request("");
        let header = HeaderValue::from_bytes(&header).expect("opaque bytes");
        request.headers_mut().insert(COOKIE, header);
        let reply = site.send(site.app(async |s: Handle| s.views.to_string()), request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, expected);
    }
}

// Fails when the token is looked for anywhere else.
#[tokio::test]
async fn security_49_a_token_in_the_url_or_the_body_is_none() {
    let site = site::<Visit, _>(|b| b);
    let good = site.cookie(visit(5));
    let mut request = request("");
    *request.uri_mut() = format!("/?{good}").parse().expect("a URI");
    *request.body_mut() = good.into();
    let reply = site.send(site.app(async |s: Handle| s.views.to_string()), request).await;
    assert_eq!(reply.body, "0");
}

//! A, the options of cookie and lifetimes.

use crate::home::{Does, Home, World, apply, attributes};
use crate::state::{Handle, MS, Visit, visit};
use axum::http::{HeaderName, HeaderValue, Version};
use session::{
    Extend, HeaderCarrier, Keys, MaxAge, OnEnded, OnOutage, Priority, SameSite, Session,
    SessionLayer, days, hours, minutes, seconds,
};
use session_tests::{NAME, Sealed, request, ring, stored_site};
use std::time::Duration;

both_homes!(
    a_01_the_cookie_has_the_name_it_is_given,
    a_02_max_age_is_a_duration_or_the_browsers,
    a_03_max_age_agrees_with_the_sealed_times,
    a_03_expires_agrees_with_max_age_where_it_is_asked_for,
    a_06_every_option_and_attribute,
    a_07_a_wrong_option_is_refused_by_name,
    a_08_secure_is_the_cookies_whatever_the_connection,
);

async fn a_01_the_cookie_has_the_name_it_is_given(home: Home) {
    #[derive(Session)]
    #[session(name = "from_struct")]
    struct Named {
        views: u64,
    }
    for (world, name) in [
        (open!(home, Named, |b| b).named("from_struct"), "from_struct"),
        (open!(home, Named, |b| b.name("sid")).named("sid"), "sid"),
    ] {
        let reply = world.does("", |s| s.views = 1).await;
        assert!(reply.set_cookies()[0].starts_with(&format!("{name}=")));
        let token = reply.token().expect("a token");
        assert_eq!(world.says(&format!("{name}={token}"), |s| s.views.to_string()).await.body, "1");
        assert!(!world.lives(&format!("{NAME}={token}")));
    }
    let world = open!(home, Visit, |b| b);
    assert!(world.does("", |s| s.views = 1).await.line().is_some(), "the default: {NAME}");
}

async fn a_02_max_age_is_a_duration_or_the_browsers(home: Home) {
    let world = open!(home, Visit, |b| b.max_age(seconds(90)));
    let reply = world.does("", |s| s.views = 1).await;
    assert_eq!(reply.attribute("Max-Age"), Some("90"));
    let world = open!(home, Visit, |b| b.browser_session());
    let mut visitor = world.visitor();
    let say = |s: &mut Handle| {
        s.views += 1;
        format!("{:?}", s.max_age())
    };
    let created = visitor.says(say).await;
    assert_eq!(created.body, format!("{:?}", MaxAge::Browser));
    world.clock.advance(hours(13));
    for reply in [created, visitor.does(|s| s.views += 1).await, visitor.does(|s| s.rotate()).await]
    {
        assert!(reply.seals());
        assert_eq!((reply.attribute("Max-Age"), reply.attribute("Expires")), (None, None));
    }

    // With an idle lifetime of its own on the server.
    let world = open!(home, Visit, |b| b.extend(Extend::Fixed).max_age(hours(2)).browser_session());
    let mut visitor = world.visitor();
    assert_eq!(visitor.does(|s| s.views = 1).await.attribute("Max-Age"), None);
    world.clock.advance(hours(2));
    assert!(world.lives(&visitor.cookie));
    world.clock.advance(MS);
    assert!(!world.lives(&visitor.cookie));
    let world = open!(home, Visit, |b| b.browser_session().max_age(hours(2)));
    let reply = world.does("", |s| s.views = 1).await;
    assert_eq!(reply.attribute("Max-Age"), Some("7200"), "the last word counts");
}

async fn a_03_max_age_agrees_with_the_sealed_times(home: Home) {
    let world =
        open!(home, Visit, |b| b.extend(Extend::OnWrite).max_age(hours(1)).absolute(hours(2)));
    let mut visitor = world.visitor();
    for (advance, left) in [(0, 3600), (45, 3600), (44, 1860), (1, 1800)] {
        world.clock.advance(minutes(advance));
        let reply = visitor.does(|s| s.views += 1).await;
        if !reply.seals() {
            assert!(world.stored() && advance == 1, "the end did not move");
            continue;
        }
        assert_eq!(reply.attribute("Max-Age"), Some(&*left.to_string()));
        let ends = if world.stored() {
            world.shelf.rows()[0].1.times.ends().ms()
        } else {
            let sealed = Sealed::read(&visitor.cookie);
            (sealed.renewed + sealed.idle).min(sealed.started + 7_200_000)
        };
        assert_eq!(ends - world.clock.ms(), left * 1000);
    }
}

async fn a_03_expires_agrees_with_max_age_where_it_is_asked_for(home: Home) {
    let world = open!(home, Visit, |b| b.expires(true).max_age(hours(1)));
    // The clock begins on 14 November 2023, at 22:13:20.
    let mut visitor = world.visitor();
    let reply = visitor.does(|s| s.views = 1).await;
    assert_eq!(reply.attribute("Max-Age"), Some("3600"));
    assert_eq!(reply.attribute("Expires"), Some("Tue, 14 Nov 2023 23:13:20 GMT"));
    world.clock.advance(minutes(31));
    let renewed = visitor.does(|_| {}).await;
    assert_eq!(renewed.attribute("Max-Age"), Some("3600"));
    assert_eq!(renewed.attribute("Expires"), Some("Tue, 14 Nov 2023 23:44:20 GMT"));
    let world = open!(home, Visit, |b| b.expires(true).browser_session());
    let reply = world.does("", |s| s.views = 1).await;
    assert_eq!((reply.attribute("Max-Age"), reply.attribute("Expires")), (None, None));
}

#[tokio::test]
async fn a_04_a_browser_session_has_a_store_lifetime() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.browser_session());
    let reply = site.visitor().does(|s| s.views = 1).await;
    assert_eq!((reply.attribute("Max-Age"), reply.attribute("Expires")), (None, None));
    let leases = shelf.leases();
    assert_eq!((leases[0].0, leases[0].1.keep), ("create", seconds(86_410)));

    let (site, shelf) = stored_site::<Visit, _>(|b| b.max_age(hours(2)));
    let mut visitor = site.visitor_with(visit(1));
    shelf.leases();
    visitor.does(|s| s.set_max_age(MaxAge::Browser).expect("possible")).await;
    assert_eq!(shelf.leases()[0].1.keep, seconds(7210));
}

#[tokio::test]
async fn a_05_the_store_lifetime_is_fixed_or_computed() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.store_ttl(|_| days(2)));
    let mut visitor = site.visitor_with(visit(1));
    visitor.does(|s| s.views += 1).await;
    site.clock.advance(hours(13));
    visitor.does(|_| {}).await;
    let leases = shelf.leases();
    let calls: Vec<_> = leases.iter().map(|lease| lease.0).collect();
    assert_eq!(calls, ["create", "update", "touch"]);
    assert!(leases.iter().all(|(_, lease)| lease.keep == days(2)));
    site.clock.advance(days(1) + MS);
    assert!(!site.lives(&visitor.cookie), "it ends when it ends");

    let (site, shelf) = stored_site::<Visit, _>(|b| b.store_ttl(|left| left * 2));
    let mut visitor = site.visitor_with(visit(1));
    visitor.does(|s| s.set_max_age(hours(1)).expect("possible")).await;
    let keeps: Vec<_> = shelf.leases().iter().map(|(_, lease)| lease.keep).collect();
    assert_eq!(keeps, [days(2), hours(2)]);
}

async fn a_06_every_option_and_attribute(home: Home) {
    const REST: &str = "; HttpOnly; SameSite=Lax";
    let rows = [
        (open!(home, Visit, |b| b.name("s")), format!("; Path=/; Secure{REST}")),
        (open!(home, Visit, |b| b.name("s").path("/app")), format!("; Path=/app; Secure{REST}")),
        (
            open!(home, Visit, |b| b.name("s").domain("example.com")),
            format!("; Path=/; Domain=example.com; Secure{REST}"),
        ),
        (open!(home, Visit, |b| b.name("s").insecure_for_development()), format!("; Path=/{REST}")),
        (
            open!(home, Visit, |b| b.name("s").http_only(false)),
            "; Path=/; Secure; SameSite=Lax".to_owned(),
        ),
        (
            open!(home, Visit, |b| b.name("s").same_site(SameSite::Strict)),
            "; Path=/; Secure; HttpOnly; SameSite=Strict".to_owned(),
        ),
        (
            open!(home, Visit, |b| b.name("s").same_site(SameSite::None)),
            "; Path=/; Secure; HttpOnly; SameSite=None".to_owned(),
        ),
        (
            open!(home, Visit, |b| b.name("s").without_same_site()),
            "; Path=/; Secure; HttpOnly".to_owned(),
        ),
        (
            open!(home, Visit, |b| b.name("s").partitioned(true)),
            format!("; Path=/; Secure{REST}; Partitioned"),
        ),
        (
            open!(home, Visit, |b| b.name("s").priority(Priority::High)),
            format!("; Path=/; Secure{REST}; Priority=High"),
        ),
    ];
    for (world, expected) in rows {
        let world: World<Visit> = world.named("s");
        let mut visitor = world.visitor();
        assert_eq!(attributes(&visitor.does(|s| s.views = 1).await), expected);
        let removal = visitor.does(|s| s.destroy()).await;
        assert!(removal.removes());
        assert_eq!(attributes(&removal), expected);
    }
}

async fn a_07_a_wrong_option_is_refused_by_name(home: Home) {
    macro_rules! refused {
        ($option:literal, $with:expr) => {
            let error = match home {
                Home::Cookie => apply(SessionLayer::<Visit>::signed(ring("k")), $with).build(),
                Home::Store => {
                    let shelf = session_tests::Shelf::default();
                    apply(SessionLayer::<Visit>::stored(shelf), $with).build()
                }
            };
            let error = error.expect_err("refused").to_string();
            assert!(error.starts_with(concat!("`", $option)), "{error}");
        };
    }
    refused!("name`", |b| b.name("a b"));
    refused!("path`", |b| b.name("s").path("app"));
    refused!("path`", |b| b.path("/app"));
    refused!("domain`", |b| b.name("s").domain("example.com:80"));
    refused!("domain`", |b| b.domain("example.com"));
    refused!("same_site`", |b| b.same_site(SameSite::None).insecure_for_development());
    refused!("partitioned`", |b| b.partitioned(true).insecure_for_development());
    refused!("http_only(false)`", |b| b.name("__Http-s").http_only(false));
    refused!("max_age`", |b| b.max_age(Duration::ZERO));
    refused!("max_age`", |b| b.max_age(Duration::MAX));
    refused!("absolute`", |b| b.absolute(Duration::from_nanos(1)));
    refused!("max_sessions`", |b| b.max_sessions(1));
    // What has no effect is refused, too.
    let carrier = || HeaderCarrier::new(HeaderName::from_static("x-token"));
    refused!("path`", |b| b.path("/").carrier(carrier()));
    refused!("name`", |b| b.carrier(carrier()).name("a b"));
    refused!("store_timeout`", |b| b.store_timeout(Duration::ZERO));
    if home == Home::Cookie {
        refused!("store_timeout`", |b| b.store_timeout(seconds(1)));
        refused!("store_ttl`", |b| b.store_ttl(|left| left));
        refused!("on_outage`", |b| b.on_outage(OnOutage::Ignore));
        refused!("on_ended`", |b| b.on_ended(OnEnded::Drop));
        refused!("remember_ended`", |b| b.remember_ended(seconds(1)));
    }
}

async fn a_08_secure_is_the_cookies_whatever_the_connection(home: Home) {
    let world = open!(home, Visit, |b| b);
    for (uri, forwarded, version) in [
        ("http://example.com/", "http", Version::HTTP_11),
        ("https://example.com/", "https", Version::HTTP_11),
        ("/", "http", Version::HTTP_10),
        ("/", "https, http", Version::HTTP_2),
    ] {
        let mut request = request("");
        *request.uri_mut() = uri.parse().expect("a URI");
        *request.version_mut() = version;
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static(forwarded));
        let reply = world.send(world.app(async |mut s: Handle| s.views = 1), request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(attributes(&reply), "; Path=/; Secure; HttpOnly; SameSite=Lax");
    }
}

// That `signed()` asks for them is a compile error: ui/fail/bounds/signed_without_keys.rs.
#[test]
fn a_09_there_is_no_signing_without_keys() {
    for none in [
        Keys::new(Vec::<Vec<u8>>::new()),
        Keys::parse(""),
        Keys::parse(" , "),
        Keys::from_env("SESSION_KEYS_THAT_NOBODY_SET"),
    ] {
        let error = none.expect_err("no keys").to_string();
        assert!(error.contains("openssl rand"), "{error}");
    }
}

//! A, what leaves the request: outages, warnings, events.

use crate::home::{Act, Does, Home, traced};
use crate::state::{Handle, MS, Visit, new_and_views, visit};
use axum::http::StatusCode;
use session::store::StoreCall;
use session::{Event, OnOutage, Session, SessionLayer, TypedSession, days, seconds};
use session_tests::{Fault, Shelf, Traced, hear, ring, site_under, stored_site};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tracing::Level;

both_homes!(
    a_20_values_are_logged_only_when_asked,
    a_23_events_come_with_their_request,
    a_21_a_layer_that_is_unsafe_warns_once_when_built,
    a_23_missed_expired_and_invalid_are_told_without_secrets,
);

#[derive(Session)]
struct Member {
    views: u64,
    #[session(rotate, index)]
    user: Option<String>,
}

#[tokio::test]
async fn a_18_an_outage_is_told_and_handled_as_asked() {
    let acts: [(&str, Act<Member>); 4] = [
        ("load", |_| {}),
        ("update", |s| s.views += 1),
        ("delete", |s| s.destroy()),
        ("index_insert", |s| s.user = Some("ann".to_owned())),
    ];
    for (call, act) in acts {
        let told = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&told);
        let (site, shelf) = stored_site::<Member, _>(|b| {
            b.on_event(move |event| {
                if let Event::Outage(error) = event {
                    log.lock().expect("sane").push(error.during().map(StoreCall::name));
                }
            })
        });
        let mut visitor = site.visitor_with(Member { views: 1, user: None });
        shelf.fail(Fault::Before(call));
        let reply = visitor.does(act).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{call}");
        assert!(!reply.seals(), "{call}");
        assert_eq!(*told.lock().expect("sane"), [Some(call)]);
    }
    for (call, act) in [("create", (|s| s.views = 1) as fn(&mut Handle)), ("touch", |_| {})] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b.rolling());
        let cookie = if call == "touch" { site.cookie(visit(1)) } else { String::new() };
        site.clock.advance(seconds(1));
        shelf.fail(Fault::Before(call));
        let reply = site.run(&cookie, async move |mut s: Handle| act(&mut s)).await;
        assert_eq!((reply.status.as_u16(), reply.is_silent()), (503, true), "{call}");
        assert_eq!(site.events.take().last().map(String::as_str), Some("outage"));
    }

    let (site, shelf) = stored_site::<Visit, _>(|b| b.on_outage(OnOutage::Ignore));
    let cookie = site.cookie(visit(7));
    let before = shelf.dump();
    shelf.fail(Fault::Down);
    let store = shelf.clone();
    let blank = async move |mut s: Handle| {
        store.fail(None);
        s.views += 1;
        new_and_views(&mut s)
    };
    let reply = site.run(&cookie, blank).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "true 1"));
    assert!(reply.is_silent());
    assert_eq!(shelf.dump(), before);
}

// Fails when nobody gives up: the test waits for what is bounded, and looks how long it took.
#[tokio::test]
async fn a_19_a_lost_store_comes_back_within_a_bounded_wait() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.store_timeout(Duration::from_millis(20)));
    let mut visitor = site.visitor_with(visit(1));
    for call in ["load", "update"] {
        shelf.stick_before(call);
        let begin = Instant::now();
        assert_eq!(visitor.does(|s| s.views += 1).await.status, 503, "{call}");
        let waited = begin.elapsed();
        assert!((Duration::from_millis(20)..seconds(4)).contains(&waited), "{call}: {waited:?}");
        shelf.calm();
        assert_eq!(visitor.says(new_and_views).await.body, "false 1", "it is back");
    }
}

#[derive(Session)]
struct Secretive {
    note: String,
    #[session(secret)]
    token: String,
}

async fn a_20_values_are_logged_only_when_asked(home: Home) {
    let heard = Traced::default();
    let _guard = hear(heard.clone());
    for asked in [false, true] {
        let world = open!(home, Visit, |b| b.log_values(asked));
        assert_eq!(traced(&heard, Level::WARN).len(), usize::from(asked), "it is said once");
        let mut visitor = world.visitor();
        visitor.does(|s| s.note = Some("needle".to_owned())).await;
        visitor.does(|s| s.note = Some("needles".to_owned())).await;
        let id = visitor.state().id().map(|id| id.to_string());
        let text = format!("{:?}", heard.take());
        assert_eq!(text.matches("needle").count(), if asked { 2 } else { 0 }, "{text}");
        assert!(!text.contains(crate::home::token_of(&visitor.cookie)));
        assert!(id.is_none_or(|id| !text.contains(&id)));
    }
}

#[tokio::test]
async fn a_20_values_of_secret_fields_are_never_logged() {
    let heard = Traced::default();
    let _guard = hear(heard.clone());
    let (site, _) = stored_site::<Secretive, _>(|b| b.log_values(true));
    let write = |s: &mut TypedSession<Secretive>| {
        s.note.push_str("needle");
        s.token.push_str("hidden");
    };
    let mut visitor = site.visitor();
    visitor.does(write).await;
    visitor.does(write).await;
    site.clock.advance(days(2));
    visitor.does(|_| {}).await;
    let text = format!("{:?}", heard.take());
    assert!(text.contains("needleneedle") && text.contains("expired"));
    assert!(!text.contains("hidden"), "{text}");
}

async fn a_21_a_layer_that_is_unsafe_warns_once_when_built(home: Home) {
    let heard = Traced::default();
    let _guard = hear(heard.clone());
    let warnings = |words: &[&str]| {
        let lines = traced(&heard, Level::WARN);
        assert_eq!(lines.len(), words.len(), "{lines:?}");
        for (line, word) in lines.iter().zip(words) {
            assert!(line.starts_with("session ") && line.contains(word), "{line}");
        }
    };
    let _ = open!(home, Visit, |b| b);
    warnings(&[]);
    let _ = open!(home, Visit, |b| b.insecure_for_development());
    warnings(&["not Secure"]);
    let _ = open!(home, Visit, |b| b.http_only(false).insecure_for_development());
    warnings(&["not Secure", "not HttpOnly"]);
    let world = open!(home, Visit, |b| b.http_only(false));
    warnings(&["not HttpOnly"]);
    let _ = world.layer.clone();
    for _ in 0..10 {
        world.does("", |s| s.views = 1).await;
    }
    warnings(&[]);
}

#[tokio::test]
async fn a_22_what_does_not_fit_is_an_error_and_an_event_and_no_cookie() {
    let site = session_tests::site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let reply = visitor.does(|s| s.note = Some("c".repeat(4000))).await;
    assert_eq!((reply.status.as_u16(), reply.is_silent()), (500, true));
    assert_eq!(site.events.take(), ["loaded", "too_large(note)"]);
    assert_eq!(visitor.says(new_and_views).await.body, "false 1", "the old cookie is good");

    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    assert_eq!(visitor.does(|s| s.note = Some("c".repeat(4000))).await.status, 200);
    shelf.fail(Fault::Before("update"));
    assert_eq!(visitor.does(|s| s.note = Some("d".repeat(8000))).await.status, 503);
    shelf.fail(None);
    assert_eq!(visitor.state().note.as_ref().map(String::len), Some(4000), "nothing is lost");
}

async fn a_23_missed_expired_and_invalid_are_told_without_secrets(home: Home) {
    let heard = Traced::default();
    let _guard = hear(heard.clone());
    let needle = || Visit { note: Some("needle".to_owned()), ..visit(1) };
    let world = open!(home, Visit, |b| b.valid(|visit, _| visit.views != 13));
    let good = world.cookie(needle());
    let refused = world.cookie(Visit { views: 13, ..needle() });
    let handle = world.state(&good).id().map(|id| id.to_string());
    let forged = format!("{good}x");
    for (cookie, told) in [(&forged, "invalid"), (&refused, "invalid"), (&good, "loaded")] {
        world.forget_the_calls();
        world.does(cookie, |_| {}).await;
        assert_eq!(world.events.take(), [told]);
    }
    if world.stored() {
        let lost = world.cookie(needle());
        for (key, record) in world.shelf.rows() {
            world.shelf.forget(&key);
            world.events.take();
            if world.does(&lost, |_| {}).await.removes() {
                assert_eq!(world.events.take(), ["missing"]);
            }
            world.shelf.put(key, record);
        }
    } else {
        let stranger = site_under::<Visit, _>(ring("x"), |b| b).cookie(needle());
        world.clock.rewind(days(1));
        for cookie in [&stranger, &good] {
            world.events.take();
            world.does(cookie, |_| {}).await;
            assert_eq!(world.events.take(), ["invalid"], "an unknown key, or of tomorrow");
        }
        world.clock.advance(days(1));
    }
    world.clock.advance(days(1) + MS);
    world.events.take();
    world.does(&good, |_| {}).await;
    assert_eq!(world.events.take(), ["expired"]);

    let text = format!("{:?}", heard.take());
    for told in ["invalid", "expired", "loaded"] {
        assert!(text.contains(told), "{told}");
    }
    let mut secrets = vec!["needle", crate::home::token_of(&good)];
    secrets.extend(handle.as_deref());
    for secret in secrets {
        assert!(!text.contains(secret));
    }
}

async fn a_23_events_come_with_their_request(home: Home) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let world = open!(home, Visit, |b| {
        let log = Arc::clone(&log);
        b.on_event_in(move |event, context| {
            let path = context.request().map(|request| request.uri.path().to_owned());
            log.lock().expect("sane").push((event.name(), path));
        })
    });
    let cookie = world.cookie(visit(1));
    world.clock.advance(days(1) + MS);
    told.lock().expect("sane").clear();
    world.does(&cookie, |_| {}).await;
    assert_eq!(*told.lock().expect("sane"), [("expired", Some("/".to_owned()))]);
}

// That the layer is built on any store.
#[test]
fn a_21_cloning_and_layering_build_nothing() {
    let heard = Traced::default();
    let _guard = hear(heard.clone());
    let layer = SessionLayer::<Visit>::stored(Shelf::default()).http_only(false).build();
    assert_eq!(traced(&heard, Level::WARN).len(), 1);
    let layer = layer.expect("options that go together");
    let _ = axum::Router::<()>::new().layer(layer.clone()).layer(layer);
    assert!(traced(&heard, Level::WARN).is_empty());
}

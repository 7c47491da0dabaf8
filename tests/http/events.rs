//! Rule 32: what happened, by stable names.

use axum::http::HeaderMap;
use session::store::StoreError;
use session::{Event, Session, SessionLayer, TypedSession, days, hours, testing::ManualClock};
use session_tests::at_once;
use session_tests::{NAME, ring, site, site_under};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

#[derive(Session)]
#[session(valid = whole)]
struct Visit {
    #[session(valid = few)]
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    text: String,
}

fn few(views: &u64) -> bool {
    *views < 1000
}

fn whole(visit: &Visit) -> bool {
    visit.text != "refused"
}

type Handle = TypedSession<Visit>;
type Does = fn(&mut Handle);

fn visit() -> Visit {
    Visit { views: 1, user: None, text: String::new() }
}

// Fails when an event is missing, doubled, misnamed, or names another field.
#[tokio::test]
async fn rule_32_each_event_comes_once_and_under_its_name() {
    let does: [(&str, Does, &[&str]); 12] = [
        ("read", |_| {}, &["loaded"]),
        ("change", |s| s.views = 2, &["loaded", "changed(views)"]),
        (
            "two fields",
            |s| {
                s.text = "x".to_owned();
                s.views = 2;
            },
            &["loaded", "changed(views,text)"],
        ),
        ("equal", |s| s.views = 1, &["loaded"]),
        ("save", |s| s.save(), &["loaded", "changed"]),
        ("rotate", |s| s.rotate(), &["loaded", "rotated"]),
        ("reauthenticated", |s| s.reauthenticated(), &["loaded", "changed", "rotated"]),
        ("login", |s| s.set_user(Some("ann".to_owned())), &["loaded", "changed(user)", "rotated"]),
        ("destroy", |s| s.destroy(), &["loaded", "destroyed"]),
        (
            "destroy and write",
            |s| {
                s.destroy();
                s.views = 2;
            },
            &["loaded", "destroyed", "created"],
        ),
        ("too large", |s| s.text = "x".repeat(5000), &["loaded", "too_large(text)"]),
        ("discard", |s| s.discard(), &["loaded"]),
    ];
    let site = site::<Visit, _>(|b| b);
    for (what, does, expected) in does {
        let cookie = site.cookie(visit());
        site.run(&cookie, async move |mut s: Handle| does(&mut s)).await;
        assert_eq!(site.events.take(), expected, "{what}");
    }
    let create = async |mut s: Handle| s.views = 1;
    site.run("", create).await;
    assert_eq!(site.events.take(), ["created"]);

    let read = async |_: Handle| {};
    site.run(&site.cookie(Visit { views: 1000, ..visit() }), read).await;
    assert_eq!(site.events.take(), ["invalid(views)"]);
    site.run(&site.cookie(Visit { text: "refused".to_owned(), ..visit() }), read).await;
    assert_eq!(site.events.take(), ["invalid"]);
    let other = site_under::<Visit, _>(ring("x"), |b| b).cookie(visit());
    site.run(&other, read).await;
    assert_eq!(site.events.take(), ["invalid"]);
    let (a, b) = (site.cookie(visit()), site.cookie(Visit { views: 2, ..visit() }));
    site.run(&format!("{a}; {b}"), read).await;
    assert_eq!(site.events.take(), ["ambiguous"]);
    site.clock.advance(hours(13));
    site.run(&a, read).await;
    assert_eq!(site.events.take(), ["loaded", "renewed"]);
    site.clock.advance(days(3));
    site.run(&a, read).await;
    assert_eq!(site.events.take(), ["expired"]);
    let two = async |mut a: Handle, mut b: Handle| (a.views, b.views) = (5, 6);
    site.run("", two).await;
    assert_eq!(site.events.take(), ["conflict(views)"]);
}

// Fails when a name changes: users have them in their dashboards.
#[test]
fn rule_32_names_are_stable() {
    let names = [
        (Event::Created, "created"),
        (Event::Loaded, "loaded"),
        (Event::Missing, "missing"),
        (Event::Invalid(session::InvalidReason::Forged), "invalid"),
        (Event::Expired, "expired"),
        (Event::Changed { fields: &[] }, "changed"),
        (Event::Renewed, "renewed"),
        (Event::Rotated, "rotated"),
        (Event::Destroyed, "destroyed"),
        (Event::Ended, "ended"),
        (Event::Ambiguous, "ambiguous"),
        (Event::Conflict { field: Some("x") }, "conflict"),
        (Event::Evicted, "evicted"),
        (Event::Outage(&StoreError::corrupt()), "outage"),
        (Event::TooLarge { field: None, bytes: 2, limit: 1 }, "too_large"),
        (Event::LateChange, "late_change"),
    ];
    let distinct: BTreeSet<_> = names.iter().map(|(_, name)| name).collect();
    assert_eq!(distinct.len(), names.len());
    for (event, name) in &names {
        assert_eq!(event.name(), *name);
    }
}

// Fails when the reason of `invalid` is another.
#[tokio::test]
async fn rule_32_invalid_says_why() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&reasons);
    let clock = ManualClock::default();
    let layer = SessionLayer::<Visit>::signed(ring("k"))
        .clock(clock.clone())
        .on_event(move |event| {
            if let Event::Invalid(reason) = event {
                log.lock().expect("sane").push(format!("{reason:?}"));
            }
        })
        .build()
        .expect("options that go together");
    let open = |cookie: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", cookie.parse().expect("ASCII"));
        drop(at_once(layer.open(&headers)).expect("a session"));
        reasons.lock().expect("sane").pop().unwrap_or_default()
    };
    let site = site::<Visit, _>(|b| b);
    assert_eq!(open(&format!("{NAME}=junk")), "Forged");
    let other = site_under::<Visit, _>(ring("x"), |b| b);
    assert_eq!(open(&other.cookie(visit())), "UnknownKey");
    let refused = site.cookie(Visit { views: 1000, ..visit() });
    assert_eq!(open(&refused), "Refused { field: Some(\"views\") }");
    let refused = site.cookie(Visit { text: "refused".to_owned(), ..visit() });
    assert_eq!(open(&refused), "Refused { field: None }");
    site.clock.advance(hours(1));
    assert_eq!(open(&site.cookie(visit())), "FromTheFuture");
}

// Fails when `destroy()` is told as the end of a session where there was none to end, or not told where
// there was one.
#[tokio::test]
async fn rule_32_b_6_destroyed_is_told_of_live_sessions_only() {
    /// What a handler does, and what is told beside.
    type Case = (fn(&mut Handle), &'static [&'static str]);
    let does: [Case; 3] = [
        (|s| s.destroy(), &[]),
        (
            |s| {
                s.destroy();
                s.destroy();
                s.views = 2;
            },
            &["created"],
        ),
        (
            |s| {
                s.destroy();
                s.save();
            },
            &["created"],
        ),
    ];
    for (n, (does, after)) in does.into_iter().enumerate() {
        let site = site::<Visit, _>(|b| b);
        let live = site.cookie(visit());
        let other = site.cookie(Visit { views: 2, ..visit() });
        let cookies: [(&str, &[&str]); 4] = [
            ("", &[]),
            ("__Host-session=junk", &["invalid"]),
            (&live, &["loaded", "destroyed"]),
            (&format!("{live}; {other}"), &["ambiguous"]),
        ];
        for (cookie, before) in cookies {
            let reply = site.run(cookie, async move |mut s: Handle| does(&mut s)).await;
            // Which of two sessions a new one would replace nobody knows: none is made.
            let after = if before == ["ambiguous"] { &[] } else { after };
            assert_eq!(site.events.take(), [before, after].concat(), "{n}: {cookie}");
            assert_eq!(reply.seals(), !after.is_empty(), "{n}: {cookie}");
            assert_eq!(reply.removes(), after.is_empty() && !cookie.is_empty(), "{n}: {cookie}");
        }
    }
}

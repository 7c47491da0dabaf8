//! Rule 10: several handles in one request.

use axum::extract::Request;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::any;
use axum::{RequestPartsExt, Router};
use session::{Session, SessionRejection, TypedSession};
use session_tests::{Reply, Site, request, site};
use std::collections::BTreeSet;

#[derive(Session)]
struct State {
    note: Option<String>,
    colour: String,
    #[session(merge = sum)]
    hits: u8,
    #[session(merge = union)]
    tags: BTreeSet<String>,
    #[session(merge = max)]
    best: u32,
    #[session(merge = min)]
    worst: i32,
    #[session(merge = reject)]
    seat: u32,
    #[session(merge = longer)]
    motto: String,
    #[session(skip)]
    cache: Option<u32>,
}

#[expect(clippy::ptr_arg, reason = "a policy takes the field's own type")]
fn longer(_: &String, ours: &String, theirs: &String) -> String {
    if ours.len() > theirs.len() { ours.clone() } else { theirs.clone() }
}

type Handle = TypedSession<State>;

fn state_site() -> Site<State> {
    site(|b| b.last_write_wins())
}

async fn open(request: &mut Parts) -> Result<Handle, SessionRejection> {
    request.extract::<Handle>().await
}

/// Holds a session across the inner handler.
async fn around(
    site: &Site<State>,
    cookie: &str,
    before: fn(&mut Handle),
    after: fn(&mut Handle),
    inner: fn(&mut Handle),
) -> Reply {
    let middleware = from_fn(move |request: Request, next: Next| async move {
        let (mut parts, body) = request.into_parts();
        let mut session = open(&mut parts).await.expect("a session");
        before(&mut session);
        let response: Response = next.run(Request::from_parts(parts, body)).await;
        after(&mut session);
        response
    });
    let app = Router::new()
        .route("/", any(async move |mut session: Handle| inner(&mut session)))
        .layer(middleware)
        .layer(site.layer.clone());
    site.send(app, request(cookie)).await
}

fn cookie_of(reply: &Reply) -> String {
    format!("__Host-session={}", reply.token().expect("a token"))
}

// Fails when a held handle that nobody wrote through blocks an extraction or overwrites it.
#[tokio::test]
async fn rule_10_a_middleware_may_read_and_hold() {
    let site = state_site();
    for cookie in ["".to_owned(), site.cookie(initial())] {
        let read = |session: &mut Handle| drop(session.note().clone());
        let reply =
            around(&site, &cookie, read, read, |s| s.set_note(Some("inner".to_owned()))).await;
        assert_eq!(site.state(&cookie_of(&reply)).note.as_deref(), Some("inner"));
    }
}

// Fails when the first write through an untouched handle does not refresh it: the outer write
// would then either clash with the inner one or undo it.
#[tokio::test]
async fn rule_10_the_first_write_refreshes_an_untouched_handle() {
    let site = state_site();
    for cookie in ["".to_owned(), site.cookie(initial())] {
        let reply = around(
            &site,
            &cookie,
            |_| {},
            |session| {
                assert_eq!(session.note, None, "a snapshot until it is written");
                session.set_colour("outer".to_owned());
                assert_eq!(session.note.as_deref(), Some("inner"), "then refreshed");
                session.note.as_mut().expect("refreshed").push('!');
            },
            |session| session.set_note(Some("inner".to_owned())),
        )
        .await;
        let state = site.state(&cookie_of(&reply));
        assert_eq!((state.note.as_deref(), &*state.colour), (Some("inner!"), "outer"));
    }
}

// Fails when a session is lent while a written handle is still held.
#[tokio::test]
async fn rule_10_a_written_handle_refuses_further_extractions() {
    let site = state_site();
    let reply =
        around(&site, "", |s| s.set_colour("held".to_owned()), |_| {}, |_| unreachable!()).await;
    assert_eq!(reply.status, 500);
    assert!(reply.is_silent());
    let say = async |mut parts: Parts| {
        let mut first = open(&mut parts).await.expect("a session");
        first.colour.push('x');
        let refused = open(&mut parts).await.expect_err("a written handle is held").to_string();
        drop(first);
        let again = open(&mut parts).await.expect("nothing is held");
        format!("{refused} / {}", again.colour)
    };
    let body =
        site.run("", async move |request: Request| say(request.into_parts().0).await).await.body;
    assert!(
        body.contains("State>` was changed through a handle that is still held; drop"),
        "{body}"
    );
    assert!(body.ends_with("/ x"), "{body}");
}

fn initial() -> State {
    State {
        note: None,
        colour: "red".to_owned(),
        hits: 100,
        tags: BTreeSet::from(["old".to_owned()]),
        best: 5,
        worst: 5,
        seat: 1,
        motto: "m".to_owned(),
        cache: None,
    }
}

/// Changes one state through two handles that are both written before one goes.
async fn both(first: fn(&mut Handle), second: fn(&mut Handle)) -> (Site<State>, Reply) {
    let site = state_site();
    let cookie = site.cookie(initial());
    let two = async move |mut a: Handle, mut b: Handle| {
        first(&mut a);
        second(&mut b);
    };
    let reply = site.run(&cookie, two).await;
    (site, reply)
}

// Fails when a handle's whole state replaces the newest.
#[tokio::test]
async fn rule_10_different_fields_of_two_written_handles_are_both_saved() {
    let (site, reply) =
        both(|a| a.set_note(Some("first".to_owned())), |b| b.set_colour("second".to_owned())).await;
    let state = site.state(&cookie_of(&reply));
    assert_eq!((state.note.as_deref(), &*state.colour), (Some("first"), "second"));
}

// Fails when a clash under `last` lets one of the two win, or saves the rest.
#[tokio::test]
async fn rule_10_the_same_field_twice_is_an_error_and_an_event() {
    for (first, second) in [
        (
            (|a: &mut Handle| a.set_note(Some("one".to_owned()))) as fn(&mut Handle),
            (|b: &mut Handle| {
                b.set_note(Some("other".to_owned()));
                b.hits += 1;
            }) as fn(&mut Handle),
        ),
        (|a| a.seat = 2, |b| b.seat = 3),
    ] {
        let (site, reply) = both(first, second).await;
        assert_eq!(reply.status, 500);
        assert!(reply.is_silent());
        let error = reply.error.as_deref().expect("a reason for a layer further out");
        assert!(matches!(error, session::CommitError::Conflict { source: None, .. }), "{error}");
        let events = site.events.take();
        assert!(events[1].starts_with("conflict("), "{events:?}");
    }
}

// Fails when two equal changes count as one: under `last` that would lose an increment in silence.
#[tokio::test]
async fn rule_10_the_same_change_twice_is_a_clash() {
    let (_, reply) =
        both(|a| a.set_note(Some("same".to_owned())), |b| b.set_note(Some("same".to_owned())))
            .await;
    assert_eq!(reply.status, 500);
    assert!(reply.is_silent());
}

// Fails when a policy is not asked, or is given the wrong base.
#[tokio::test]
async fn rule_10_policies_merge_two_changes_of_one_field() {
    let (site, reply) = both(
        |a| {
            a.hits += 5;
            a.tags.insert("first".to_owned());
            a.best = 9;
            a.worst = 3;
            a.motto = "a longer one".to_owned();
        },
        |b| {
            b.hits += 7;
            b.tags = BTreeSet::from(["second".to_owned()]);
            b.best = 7;
            b.worst = 4;
            b.motto = "short".to_owned();
        },
    )
    .await;
    let state = site.state(&cookie_of(&reply));
    assert_eq!(state.hits, 112);
    assert_eq!(state.tags, BTreeSet::from(["first".to_owned(), "second".to_owned()]));
    assert_eq!((state.best, state.worst, &*state.motto), (9, 3, "a longer one"));
}

// Fails when equal increments of a `sum` count once.
#[tokio::test]
async fn rule_10_equal_increments_add_up() {
    let (site, reply) = both(|a| a.hits += 5, |b| b.hits += 5).await;
    assert_eq!(site.state(&cookie_of(&reply)).hits, 110);
}

// Fails when a sum wraps round or saturates.
#[tokio::test]
async fn rule_10_a_sum_that_overflows_is_refused() {
    let (site, reply) = both(|a| a.hits = 200, |b| b.hits = 201).await;
    assert_eq!(reply.status, 500);
    assert!(reply.is_silent());
    assert!(site.events.take().contains(&"conflict(hits)".to_owned()));
}

// Fails when a skipped field is stored, or is merged from another handle.
#[tokio::test]
async fn rule_10_skipped_fields_live_for_one_request_and_are_no_change() {
    let site = state_site();
    let mut visitor = site.visitor_with(initial());
    let in_turn = async |mut parts: Parts| {
        let mut first = open(&mut parts).await.expect("a session");
        first.cache = Some(1);
        drop(first);
        open(&mut parts).await.expect("a session").cache.expect("handed on").to_string()
    };
    let reply = visitor.sends(async move |r: Request| in_turn(r.into_parts().0).await).await;
    assert_eq!(reply.body, "1");
    assert!(reply.is_silent());
    let (site, reply) = both(|a| a.cache = Some(1), |b| b.cache = Some(2)).await;
    assert_eq!(reply.status, 200, "no clash");
    assert!(reply.is_silent());
    assert!(!site.events.take().iter().any(|event| event.starts_with("conflict")));
}

// Fails when a second extraction starts from what was loaded.
#[tokio::test]
async fn rule_10_an_extraction_sees_what_dropped_handles_changed() {
    let site = state_site();
    for cookie in ["".to_owned(), site.cookie(initial())] {
        let steps = async |mut parts: Parts| {
            for n in 0..4 {
                let mut session = open(&mut parts).await.expect("a session");
                assert_eq!(session.best, n);
                session.best += 1;
            }
            let snapshot = open(&mut parts).await.expect("a session");
            let mut writer = open(&mut parts).await.expect("a session");
            writer.best = 10;
            drop(writer);
            format!("{} {}", snapshot.best, open(&mut parts).await.expect("a session").best)
        };
        let zero = async |mut session: Handle| session.best = 0;
        let cookie =
            site.run(&cookie, zero).await.token().map_or(cookie, |t| format!("__Host-session={t}"));
        let reply = site.run(&cookie, async move |r: Request| steps(r.into_parts().0).await).await;
        assert_eq!(reply.body, "4 10");
        assert_eq!(site.state(&cookie_of(&reply)).best, 10);
    }
}

// Fails when one handle's commit hides what another changed meanwhile, or the other's clashes.
#[tokio::test]
async fn rule_10_a_commit_beside_another_handle() {
    let site = state_site();
    let cookie = site.cookie(initial());
    let two = async |mut a: Handle, mut b: Handle| {
        a.set_note(Some("committed".to_owned()));
        a.commit().await.expect("fits");
        assert_eq!(b.note, None, "a snapshot");
        b.set_colour("after".to_owned());
        assert_eq!(b.note.as_deref(), Some("committed"), "refreshed by its first write");
    };
    let reply = site.run(&cookie, two).await;
    let state = site.state(&cookie_of(&reply));
    assert_eq!((state.note.as_deref(), &*state.colour), (Some("committed"), "after"));
}

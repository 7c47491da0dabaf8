//! Rules 11 and 12: the client goes away at any await. Nothing is half done, and what was ended
//! ends.

use crate::race::settle;
use crate::state::{Handle, Visit, visit};
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderName, Response, StatusCode};
use session::{Carrier, Token};
use session_tests::{Shelf, Site, request, stored_site};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

fn ann() -> Visit {
    Visit { user: Some("ann".into()), ..visit(7) }
}

/// Polls a request until it waits for what never comes, then drops it.
async fn dropped_when_stuck(app: Router, cookie: &str, shelf: &Shelf) {
    let mut response = pin!(app.oneshot(request(cookie)));
    poll_fn(|context| {
        assert!(response.as_mut().poll(context).is_pending(), "it is not stuck");
        if shelf.is_stuck() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// The four ways of ending a session.
fn enders(site: &Site<Visit>) -> Vec<(&'static str, Router)> {
    vec![
        ("destroy", site.app(async |mut s: Handle| s.destroy())),
        (
            "destroy, then another",
            site.app(async |mut s: Handle| {
                s.destroy();
                s.views = 1;
            }),
        ),
        (
            "destroy and commit",
            site.app(async |mut s: Handle| {
                s.destroy();
                s.commit().await.expect("done");
            }),
        ),
        (
            "a field reset without commit",
            site.app(async |mut s: Handle| {
                s.discard();
                s.user = None;
            }),
        ),
    ]
}

// Fails when a session that was ended lives on because the client went away while the store was
// asked to end it.
#[tokio::test]
async fn rule_11_a_logout_that_is_dropped_while_the_row_is_deleted_ends_it_all_the_same() {
    for after in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        for (how, app) in enders(&site) {
            let cookie = site.cookie(ann());
            if after {
                shelf.stick_after("delete")
            } else {
                shelf.stick_before("delete")
            }
            dropped_when_stuck(app, &cookie, &shelf).await;
            settle().await;
            assert!(!site.lives(&cookie), "{how}, stuck after the effect: {after}");
        }
        assert!(shelf.rows().is_empty());
    }
}

// Fails when a session lives on that was ended by a request which was dropped before its response.
#[tokio::test]
async fn rule_11_a_logout_whose_request_is_dropped_ends_the_row() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let destroyed = async |mut s: Handle| {
        s.destroy();
        std::future::pending::<()>().await;
    };
    let reset = async |mut s: Handle| {
        s.user = None;
        std::future::pending::<()>().await;
    };
    let committed = async |mut s: Handle| {
        s.user = None;
        s.commit().await.expect("written");
        std::future::pending::<()>().await;
    };
    for app in [site.app(destroyed), site.app(reset), site.app(committed)] {
        let cookie = site.cookie(ann());
        {
            let mut response = pin!(app.oneshot(request(&cookie)));
            let mut context = Context::from_waker(Waker::noop());
            assert!(response.as_mut().poll(&mut context).is_pending());
        }
        settle().await;
        assert!(!site.lives(&cookie));
        assert!(shelf.rows().is_empty());
    }
}

// Fails when what a dropped request changed is written, or when it ends what nobody ended.
#[tokio::test]
async fn rule_12_a_change_whose_request_is_dropped_is_not_written() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    let app = site.app(async |mut s: Handle| {
        s.views = 99;
        s.rotate();
        std::future::pending::<()>().await;
    });
    {
        let mut response = pin!(app.oneshot(request(&cookie)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(response.as_mut().poll(&mut context).is_pending());
    }
    settle().await;
    assert_eq!(site.state(&cookie).views, 7);
    assert!(!shelf.calls().contains(&"update"));
}

// Fails when a request that is dropped while its write is under way leaves anything but the state
// before or the state after.
#[tokio::test]
async fn rule_12_dropped_while_it_is_written_leaves_one_of_two_states() {
    for after in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(ann());
        if after {
            shelf.stick_after("update")
        } else {
            shelf.stick_before("update")
        }
        let app = site.app(async |mut s: Handle| {
            s.views = 8;
            s.note = Some("x".into());
        });
        dropped_when_stuck(app, &cookie, &shelf).await;
        settle().await;
        let s = site.state(&cookie);
        let expected = if after { (8, Some("x")) } else { (7, None) };
        assert_eq!((s.views, s.note.as_deref()), expected);
    }
}

// Fails when a login that was committed, and whose new id nobody got, goes on under the old one.
#[tokio::test]
async fn rule_12_dropped_with_an_owed_rotation_the_row_does_not_go_on_under_the_old_id() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let app = site.app(async |mut s: Handle| {
        s.user = Some("ann".into());
        s.commit().await.expect("written");
        std::future::pending::<()>().await;
    });
    {
        let mut response = pin!(app.oneshot(request(&cookie)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(response.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(site.state(&cookie).user.as_deref(), Some("ann"), "until then the old one holds");
    settle().await;
    assert!(!site.lives(&cookie));
    assert!(shelf.rows().is_empty());
}

// Fails when the same is true of a request that is dropped while the rotation is written.
#[tokio::test]
async fn rule_12_dropped_while_the_owed_rotation_is_written_the_old_id_is_dead() {
    for after in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        let stick = shelf.clone();
        let app = site.app(async move |mut s: Handle| {
            s.user = Some("ann".into());
            s.commit().await.expect("written");
            if after { stick.stick_after("update") } else { stick.stick_before("update") }
        });
        let mut response = Box::pin(app.oneshot(request(&cookie)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(response.as_mut().poll(&mut context).is_pending());
        drop(response);
        settle().await;
        assert!(!site.lives(&cookie), "after: {after}");
    }
}

// Fails when the new id of a committed login is lost because the response's own write fails: the
// old id would go on with the privilege.
#[tokio::test]
async fn rule_12_a_committed_login_does_not_go_on_under_the_old_id_when_the_rotation_fails() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let breaks = shelf.clone();
    let reply = site
        .run(&cookie, async move |mut s: Handle| {
            s.user = Some("ann".into());
            s.commit().await.expect("written");
            breaks.fail(session_tests::Fault::Before("update"));
        })
        .await;
    shelf.calm();
    settle().await;
    assert_eq!(reply.status, 503);
    assert!(!site.lives(&cookie));
}

// Fails when the same happens because what was changed after the commit can't be merged.
#[tokio::test]
async fn rule_12_a_committed_login_is_rotated_though_later_changes_are_refused() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let (layer, other, store) = (site.layer.clone(), cookie.clone(), shelf.clone());
    let reply = site
        .run(&cookie, async move |mut s: Handle| {
            s.user = Some("ann".into());
            s.commit().await.expect("written");
            s.plan = Some("ours".into());
            store.before("update", move |_| {
                crate::race::elsewhere(&layer, &other, |s| s.plan = Some("theirs".into()))
                    .expect("written");
            });
        })
        .await;
    assert_eq!(reply.status, 409);
    settle().await;
    assert!(!site.lives(&cookie), "it logged in: the old id must be dead");
}

// Fails when a login whose commit was written, and not answered, goes on under the old id because the
// handler gave up.
#[tokio::test]
async fn rule_12_a_login_whose_commit_was_not_answered_does_not_go_on_under_the_old_id() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let store = shelf.clone();
    let reply = site
        .run(&cookie, async move |mut s: Handle| {
            s.user = Some("ann".into());
            store.fail(session_tests::Fault::After("update"));
            let failed = s.commit().await;
            store.fail(None);
            failed.expect_err("the answer is lost");
            StatusCode::SERVICE_UNAVAILABLE
        })
        .await;
    assert_eq!(reply.status, 503);
    settle().await;
    assert_ne!(site.state(&cookie).user.as_deref(), Some("ann"));
}

// Fails when the same is true of one that was dropped while its answer was on its way.
#[tokio::test]
async fn rule_12_a_login_dropped_in_its_commit_does_not_go_on_under_the_old_id() {
    for after in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        if after {
            shelf.stick_after("update")
        } else {
            shelf.stick_before("update")
        }
        let app = site.app(async |mut s: Handle| {
            s.user = Some("ann".into());
            s.commit().await.expect("never");
        });
        dropped_when_stuck(app, &cookie, &shelf).await;
        settle().await;
        assert_ne!(site.state(&cookie).user.as_deref(), Some("ann"), "after: {after}");
    }
}

/// How a request ends that has no response.
#[derive(Debug, Clone, Copy, PartialEq)]
enum NoResponse {
    ClientGone,
    Panic,
    ServiceError,
}

/// Sends a request whose handler does `act`, and that then has no response.
async fn without_response(site: &Site<Visit>, how: NoResponse, act: impl AsyncFn(Handle)) {
    let handler = service_fn(async |request: Request| {
        let mut parts = request.into_parts().0;
        let session = Handle::from_request_parts(&mut parts, &()).await.expect("a session");
        act(session).await;
        match how {
            NoResponse::ClientGone => std::future::pending().await,
            NoResponse::Panic => panic!("nobody catches this"),
            NoResponse::ServiceError => Err::<Response<Body>, _>("no response"),
        }
    });
    let mut response = Box::pin(site.layer.layer(handler).oneshot(request("")));
    let mut context = Context::from_waker(Waker::noop());
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        response.as_mut().poll(&mut context).map(|answer| answer.is_err())
    }));
    match how {
        NoResponse::ClientGone => assert!(matches!(polled, Ok(Poll::Pending))),
        NoResponse::Panic => assert!(polled.is_err()),
        NoResponse::ServiceError => assert!(matches!(polled, Ok(Poll::Ready(true)))),
    }
    drop(response);
    settle().await;
}

const NO_RESPONSES: [NoResponse; 3] =
    [NoResponse::ClientGone, NoResponse::Panic, NoResponse::ServiceError];

// Fails when the row of a new session stays, or is listed, though nobody ever got its id.
#[tokio::test]
async fn rule_12_f_4_a_new_session_that_was_committed_and_never_sent_is_ended() {
    for how in NO_RESPONSES {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        without_response(&site, how, async |mut s| {
            s.user = Some("ann".into());
            s.commit().await.expect("written");
        })
        .await;
        assert!(shelf.rows().is_empty() && shelf.sets().is_empty(), "{how:?}");
        assert_eq!(site.events.take(), ["created", "destroyed"], "{how:?}");
        // One that nobody committed never was.
        shelf.calls();
        without_response(&site, how, async |mut s| s.user = Some("ann".into())).await;
        assert!(shelf.calls().is_empty() && site.events.take().is_empty(), "{how:?}");
    }
}

/// A carrier that breaks when a token is to be sent.
struct Breaking;

impl Carrier for Breaking {
    fn binding(&self) -> &str {
        "breaking"
    }

    fn request_header(&self) -> &HeaderName {
        &COOKIE
    }

    fn capacity(&self) -> usize {
        4096
    }

    fn find<'r>(&self, _: &'r HeaderMap, _: &mut dyn FnMut(&'r [u8])) {}

    fn set(&self, _: &mut HeaderMap, _: Token<'_>, _: Option<u64>) {
        panic!("the carrier's own")
    }

    fn remove(&self, _: &mut HeaderMap) {}
}

// Fails when the slot is gone before all is done that may panic, or the end is no event.
#[tokio::test]
async fn rule_12_f_4_a_new_session_whose_token_could_not_be_sent_is_ended() {
    for user in [None, Some("ann")] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b.carrier(Breaking));
        let app = site.app(async move |mut s: Handle| {
            s.user = user.map(Into::into);
            s.views = 1;
        });
        let reply = site.send(app.layer(CatchPanicLayer::new()), request("")).await;
        assert_eq!(reply.status, 500);
        settle().await;
        assert!(shelf.calls().starts_with(if user.is_some() {
            &["index_insert"]
        } else {
            &["create"]
        }));
        assert!(shelf.rows().is_empty(), "{user:?}");
        assert_eq!(site.events.take(), ["created", "destroyed"], "{user:?}");
    }
}

// Fails when a session that works on without a response is ended with its request.
#[tokio::test]
async fn rule_12_f_4_a_new_session_that_was_detached_stays() {
    for how in NO_RESPONSES {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let kept = std::sync::Mutex::new(None);
        without_response(&site, how, async |mut s| {
            s.user = Some("ann".into());
            *kept.lock().expect("sane") = Some(s.detach().await.expect("a row"));
        })
        .await;
        let mut detached = kept.into_inner().expect("sane").expect("detached");
        detached.views = 3;
        detached.commit().await.expect("there still");
        assert_eq!(shelf.rows().len(), 1, "{how:?}");
    }
}

// Fails when an old session whose request has no response is ended, though nothing of it was to wait for
// the response; or loses what was committed.
#[tokio::test]
async fn rule_12_what_was_committed_of_an_old_session_stays_without_a_response() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let app = site.app(async |mut s: Handle| {
        s.views = 2;
        s.commit().await.expect("written");
        std::future::pending::<()>().await;
    });
    {
        let mut response = pin!(app.oneshot(request(&cookie)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(response.as_mut().poll(&mut context).is_pending());
    }
    settle().await;
    assert_eq!(site.state(&cookie).views, 2);
}

// Fails when a new session stays whose request is dropped while its row is made, by a `commit()` or by
// the response.
#[tokio::test]
async fn rule_12_f_4_dropped_while_a_new_session_is_written_leaves_no_row() {
    for (after, explicit) in [(false, false), (false, true), (true, false), (true, true)] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        if after {
            shelf.stick_after("create")
        } else {
            shelf.stick_before("create")
        }
        let app = site.app(async move |mut s: Handle| {
            s.user = Some("ann".into());
            if explicit {
                s.commit().await.expect("never");
            }
        });
        dropped_when_stuck(app, "", &shelf).await;
        settle().await;
        assert!(shelf.rows().is_empty() && shelf.sets().is_empty(), "{after} {explicit}");
        assert!(site.events.take().is_empty());
    }
}

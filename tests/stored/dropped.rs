//! Rules 11 and 12: a request fails, panics or is dropped at any of its awaits. Nothing is half
//! done, and what was ended ends.

use crate::race::cookie_of;
use crate::state::{Handle, Visit, visit};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use session_tests::{Shelf, Site, request, stored_site};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower::ServiceExt;
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

/// Lets tasks that were spawned run to their ends.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
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

// Fails when a 5xx or a panic writes anything, moves an end, or sends a cookie.
#[tokio::test]
async fn rule_11_d_9_a_server_error_and_a_panic_leave_the_session_as_it_was() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.rolling());
    let cookie = site.cookie(ann());
    let before = shelf.dump();
    site.clock.advance(session::hours(20));
    let error = async |mut s: Handle| {
        s.user = Some("bob".into());
        s.views = 9;
        s.set_max_age(session::days(9)).expect("good");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let panic = async |mut s: Handle| -> () {
        s.user = Some("bob".into());
        s.rotate();
        panic!("the handler's own")
    };
    let inside = |app: axum::routing::MethodRouter| {
        Router::new().route("/", app).layer(CatchPanicLayer::new()).layer(site.layer.clone())
    };
    let outside = |app: axum::routing::MethodRouter| {
        Router::new().route("/", app).layer(site.layer.clone()).layer(CatchPanicLayer::new())
    };
    for app in [inside(any(error)), inside(any(panic)), outside(any(panic))] {
        let reply = site.send(app, request(&cookie)).await;
        settle().await;
        assert_eq!(reply.status, 500);
        assert!(reply.line().is_none());
        assert_eq!(shelf.dump(), before);
        // And none of a new session.
        let reply = site.run("", async |mut s: Handle| {
            s.views = 1;
            StatusCode::BAD_GATEWAY
        });
        assert!(reply.await.line().is_none());
        assert_eq!(shelf.dump(), before);
    }
}

// Fails when a session that was ended lives on because the response is a 5xx, the handler panicked,
// the write is forbidden, or nothing is committed by itself.
#[tokio::test]
async fn rule_11_ending_is_stronger_than_failing() {
    let destroyed = |how: u8| {
        async move |mut s: Handle| {
            s.destroy();
            fail(how, s)
        }
    };
    let reset = |how: u8| {
        async move |mut s: Handle| {
            s.user = None;
            fail(how, s)
        }
    };
    for auto in [true, false] {
        for how in [0, 1, 2] {
            if auto && how == 2 {
                continue;
            }
            let (site, shelf) = stored_site::<Visit, _>(|b| b.auto_commit(auto));
            for ending in [any(destroyed(how)), any(reset(how))] {
                let cookie = site.cookie(ann());
                let router = Router::new().route("/", ending);
                let app = router.layer(CatchPanicLayer::new()).layer(site.layer.clone());
                let reply = site.send(app, request(&cookie)).await;
                assert!(reply.removes(), "auto {auto}, how {how}");
                assert!(!site.lives(&cookie));
                assert!(shelf.rows().is_empty());
                assert!(shelf.members().is_empty());
            }
        }
    }
}

fn fail(how: u8, mut s: Handle) -> StatusCode {
    match how {
        0 => StatusCode::INTERNAL_SERVER_ERROR,
        1 => panic!("the handler's own"),
        _ => {
            s.discard();
            StatusCode::OK
        }
    }
}

// Fails when `before_save`, or a field that can't be encoded, keeps a session alive that was ended.
#[tokio::test]
async fn rule_11_a_failing_hook_does_not_keep_an_ended_session_alive() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.before_save(|_, _| Err::<(), _>("no")));
    for destroy in [true, false] {
        let cookie = site.cookie(ann());
        let reply = site
            .run(&cookie, async move |mut s: Handle| {
                if destroy {
                    s.destroy();
                } else {
                    s.user = None;
                }
                s.views = 3;
            })
            .await;
        assert_eq!(reply.status, 500);
        assert!(!site.lives(&cookie), "destroy: {destroy}");
        assert!(shelf.rows().is_empty());
        assert!(reply.removes());
    }
}

// Fails when the opt-out writes nothing, or a panic is committed under it.
#[tokio::test]
async fn rule_11_commit_on_server_error_opts_out_but_not_of_panics() {
    let (site, _) = stored_site::<Visit, _>(|b| b.commit_on_server_error(true));
    let cookie = site.cookie(visit(1));
    let reply = site
        .run(&cookie, async |mut s: Handle| {
            s.views = 2;
            s.rotate();
            StatusCode::INTERNAL_SERVER_ERROR
        })
        .await;
    assert_eq!(reply.status, 500);
    let cookie = cookie_of(&reply);
    assert_eq!(site.state(&cookie).views, 2);
    let panics = async |mut s: Handle| -> () {
        s.views = 3;
        panic!("the handler's own")
    };
    let router = Router::new().route("/", any(panics)).layer(CatchPanicLayer::new());
    site.send(router.layer(site.layer.clone()), request(&cookie)).await;
    assert_eq!(site.state(&cookie).views, 2);
}

//! Rule 11: a request fails or panics. Nothing of it is written, and what was ended ends.

use crate::race::{cookie_of, settle};
use crate::state::{Handle, Visit, visit};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use session_tests::{request, stored_site};
use tower_http::catch_panic::CatchPanicLayer;

fn ann() -> Visit {
    Visit { user: Some("ann".into()), ..visit(7) }
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

// Fails when a hook that panics after the handler is done keeps a session alive that was ended.
#[tokio::test]
async fn rule_11_a_panic_in_before_save_ends_what_was_ended_all_the_same() {
    let (site, shelf) = stored_site::<Visit, _>(|b| {
        b.before_save(|s, _| {
            assert_ne!(s.views, 1, "the hook's own");
            Ok::<(), &str>(())
        })
    });
    let cookie = site.cookie(ann());
    let app = site.app(async |mut s: Handle| {
        s.destroy();
        s.views = 1;
    });
    let reply = site.send(app.layer(CatchPanicLayer::new()), request(&cookie)).await;
    assert_eq!(reply.status, 500);
    settle().await;
    assert!(!site.lives(&cookie) && shelf.rows().is_empty());
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

// Fails when a logout by a field lives on because its write fails, though the row could be deleted.
#[tokio::test]
async fn rule_11_a_logout_by_a_field_whose_write_fails_ends_the_row_all_the_same() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    shelf.fail(session_tests::Fault::Before("update"));
    let reply = site.run(&cookie, async |mut s: Handle| s.user = None).await;
    assert_eq!(reply.status, 503);
    settle().await;
    shelf.calm();
    assert!(!site.lives(&cookie));
}

// Fails when a `destroy()` that the store refused is given up for good.
#[tokio::test]
async fn rule_11_a_destroy_that_failed_is_tried_again_when_the_store_is_back() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    shelf.fail(session_tests::Fault::Down);
    let blank = site.run(&cookie, async |_: Handle| ()).await;
    assert_eq!(blank.status, 503);
    shelf.fail(session_tests::Fault::Before("delete"));
    let reply = site.run(&cookie, async |mut s: Handle| s.destroy()).await;
    assert_eq!(reply.status, 503);
    settle().await;
    shelf.calm();
    for _ in 0..100 {
        if !site.lives(&cookie) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it lives on");
}

//! Rule 11: failing leaves the session as it was, and ending it is stronger than failing.

use axum::http::StatusCode;
use axum::response::Response;
use session::{Session, SessionBuilder, TypedSession, hours};
use session_tests::{Reply, Site, request, site};
use std::convert::Infallible;
use tower_http::catch_panic::CatchPanicLayer;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    note: String,
}

type Handle = TypedSession<Visit>;

fn ann() -> Visit {
    Visit { views: 1, user: Some("ann".to_owned()), note: String::new() }
}

fn plain() -> Site<Visit> {
    site(|b| b)
}

/// What a handler does to the session, and how it answers then.
async fn answers(site: &Site<Visit>, cookie: &str, status: u16, does: fn(&mut Handle)) -> Reply {
    let status = StatusCode::from_u16(status).expect("a status");
    let handler = async move |mut session: Handle| {
        does(&mut session);
        status
    };
    site.run(cookie, handler).await
}

// Fails when `may_write` does not look at the status; the last row, when a due renewal does not.
#[tokio::test]
async fn rule_11_a_5xx_leaves_the_session_as_it_was() {
    let does: [fn(&mut Handle); 7] = [
        |s| s.views += 1,
        |s| s.save(),
        |s| s.rotate(),
        |s| s.reauthenticated(),
        |s| s.set_user(Some("bob".to_owned())),
        |s| s.replace(ann()),
        |s| s.set_max_age(hours(1)).expect("possible"),
    ];
    for status in [500, 501, 503, 599] {
        for does in does {
            let site = plain();
            assert!(answers(&site, &site.cookie(ann()), status, does).await.is_silent());
            assert!(answers(&site, "", status, does).await.is_silent(), "no orphan");
        }
        let site = plain();
        let due = site.cookie(ann());
        site.clock.advance(hours(13));
        assert!(answers(&site, &due, status, |_| {}).await.is_silent(), "no renewal");
    }
}

// Fails when 4xx counts as a failure.
#[tokio::test]
async fn rule_11_a_4xx_commits() {
    let site = plain();
    for status in [200, 204, 302, 400, 404, 409, 499] {
        let reply = answers(&site, &site.cookie(ann()), status, |s| s.views += 1).await;
        assert_eq!(reply.status, status);
        let cookie = format!("__Host-session={}", reply.token().expect("committed"));
        assert_eq!(site.state(&cookie).views, 2);
    }
}

// Fails when the option is not heeded.
#[tokio::test]
async fn rule_11_commit_on_server_error_opts_out() {
    let site = site::<Visit, _>(|b| b.commit_on_server_error(true));
    let reply = answers(&site, &site.cookie(ann()), 500, |s| s.views += 1).await;
    assert_eq!(reply.status, 500);
    assert!(reply.seals());
}

fn panics(outside: bool) -> impl AsyncFn(&Site<Visit>, &str, fn(&mut Handle)) -> Reply {
    async move |site, cookie, does| {
        let handler = async move |mut session: Handle| -> Infallible {
            does(&mut session);
            panic!("as asked")
        };
        let app = axum::Router::new().route(
            "/",
            axum::routing::any(async move |session: Handle| -> Response {
                match handler(session).await {}
            }),
        );
        let app = if outside {
            app.layer(site.layer.clone()).layer(CatchPanicLayer::new())
        } else {
            app.layer(CatchPanicLayer::new()).layer(site.layer.clone())
        };
        site.send(app, request(cookie)).await
    }
}

// Fails when the future commits on drop, or the panic caught inside passes for an answer.
#[tokio::test]
async fn rule_11_a_panic_leaves_the_session_as_it_was() {
    let quiet: fn(SessionBuilder<Visit>) -> SessionBuilder<Visit> = |b| b;
    let opted_out: fn(SessionBuilder<Visit>) -> SessionBuilder<Visit> =
        |b| b.commit_on_server_error(true);
    for options in [quiet, opted_out] {
        for outside in [true, false] {
            let site = site(options);
            for does in [(|s| s.views += 1) as fn(&mut Handle), |s| s.rotate(), |s| s.save()] {
                let reply = panics(outside)(&site, &site.cookie(ann()), does).await;
                assert_eq!(reply.status, 500);
                assert!(reply.is_silent(), "outside: {outside}");
            }
            // And the next request works, with what was there before.
            let reply = answers(&site, &site.cookie(ann()), 200, |s| assert_eq!(s.views, 1)).await;
            assert_eq!(reply.status, 200);
        }
    }
}

// Fails when `without_writing` does not look at `destroyed` and at logouts.
#[tokio::test]
async fn rule_11_ending_is_carried_out_on_a_5xx_and_a_caught_panic() {
    let ends: [fn(&mut Handle); 6] = [
        |s| s.destroy(),
        |s| s.set_user(None),
        |s| s.user = None,
        |s| s.clear_user(),
        |s| {
            s.views += 1;
            s.destroy();
            s.views += 1;
        },
        |s| s.replace(Visit { views: 0, user: None, note: String::new() }),
    ];
    for (row, does) in ends.into_iter().enumerate() {
        let site = plain();
        let reply = answers(&site, &site.cookie(ann()), 500, does).await;
        assert!(reply.removes(), "row {row} on a 5xx");
        assert!(site.events.take().contains(&"destroyed".to_owned()));
        let reply = panics(false)(&site, &site.cookie(ann()), does).await;
        assert!(reply.removes(), "row {row} on a panic");
        assert!(answers(&site, "", 500, does).await.is_silent(), "there was nothing to end");
    }
}

// Fails when `discard()` or a manual commit keeps a session from ending.
#[tokio::test]
async fn rule_11_ending_is_carried_out_in_spite_of_discard_and_manual_commit() {
    let manual = site::<Visit, _>(|b| b.auto_commit(false));
    for end in [(|s| s.destroy()) as fn(&mut Handle), |s| s.set_user(None)] {
        assert!(answers(&manual, &manual.cookie(ann()), 200, end).await.removes());
    }
    let site = plain();
    for end in [
        (|s| {
            s.destroy();
            s.discard();
        }) as fn(&mut Handle),
        |s| {
            s.discard();
            s.destroy();
        },
        |s| {
            s.set_user(None);
            s.discard();
        },
    ] {
        assert!(answers(&site, &site.cookie(ann()), 200, end).await.removes());
    }
}

// Fails when a logout that is committed as usual ends more than the login.
#[tokio::test]
async fn rule_11_a_committed_logout_keeps_the_rest() {
    let site = plain();
    let mut visitor = site.visitor_with(ann());
    let reply = visitor.sends(async |mut s: Handle| s.set_user(None)).await;
    assert!(reply.seals());
    assert_eq!((visitor.state().user.clone(), visitor.state().views), (None, 1));
}

// Fails when a commit that fails returns before it looks whether the session was to end.
#[tokio::test]
async fn rule_11_ending_is_carried_out_though_the_commit_fails() {
    let ends: [fn(&mut Handle); 2] = [
        |s| {
            s.destroy();
            s.note = "x".repeat(5000);
        },
        |s| {
            s.set_user(None);
            s.note = "x".repeat(5000);
        },
    ];
    for (row, does) in ends.into_iter().enumerate() {
        let site = plain();
        let reply = answers(&site, &site.cookie(ann()), 200, does).await;
        assert_eq!(reply.status, 500, "row {row}");
        assert!(reply.removes(), "row {row}");
    }
    let failing = site::<Visit, _>(|b| b.before_save(|_, _| Err("no")));
    let reply = answers(&failing, &failing.cookie(ann()), 200, |s| {
        s.destroy();
        s.views = 9;
    })
    .await;
    assert_eq!(reply.status, 500);
    assert!(reply.removes());
}

// Fails when a clash of two handles goes before the end of the session.
#[tokio::test]
async fn rule_11_ending_is_carried_out_in_spite_of_a_clash() {
    let site = plain();
    let clash = async |mut a: Handle, mut b: Handle| {
        a.views = 5;
        b.destroy();
    };
    assert!(site.run(&site.cookie(ann()), clash).await.removes());
    let clash = async |mut a: Handle, mut b: Handle, mut c: Handle| {
        a.views = 5;
        b.views = 6;
        drop((a, b));
        c.destroy();
    };
    assert!(site.run(&site.cookie(ann()), clash).await.removes());
}

// Fails when errors of an inner service are answered by the layer.
#[tokio::test]
async fn f_3_an_error_turned_into_an_answer_inside_is_committed() {
    let site = plain();
    let app = axum::Router::new()
        .route(
            "/",
            axum::routing::any(async |mut s: Handle| {
                s.views += 1;
                StatusCode::BAD_GATEWAY
            }),
        )
        .layer(axum::middleware::map_response(async |_: Response| "all is well"))
        .layer(site.layer.clone());
    let reply = site.send(app, request(&site.cookie(ann()))).await;
    assert!(reply.seals());
    assert_eq!(reply.body, "all is well");
}

//! F, committing.

use crate::home::{Does, Home, traced};
use crate::state::{Handle, Visit, full, new_and_views, show, visit};
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::any;
use futures_util::{StreamExt, stream};
use session::{CommitError, Session, TypedSession, hours};
use session_tests::{Traced, hear, request, stored_site};
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Level;

both_homes!(
    f_01_commits_are_automatic_or_asked_for_and_written_once,
    f_02_forbid_and_force,
    f_03_an_error_made_an_answer_inside_the_layer_is_committed,
    f_04_a_panic_made_an_answer_inside_commits_nothing,
    f_05_after_the_head_nothing_is_attempted_and_it_is_reported,
    f_06_rotate_write_and_commit_give_one_final_state,
);

async fn f_01_commits_are_automatic_or_asked_for_and_written_once(home: Home) {
    let world = open!(home, Visit, |b| b.auto_commit(false));
    let mut visitor = world.guest(visit(1));
    let acts: [fn(&mut Handle); 4] =
        [|s| s.views = 2, |s| s.save(), |s| s.replace(visit(9)), |s| s.rotate()];
    for act in acts {
        assert!(visitor.does(act).await.is_silent());
        world.costs(&["load"]);
    }
    assert!(world.does("", |s| s.views = 1).await.is_silent());
    world.costs(&[]);
    let asked = async |mut s: Handle| {
        s.views = 2;
        s.commit().await.expect("fits");
        s.views = 3;
    };
    let reply = visitor.sends(asked).await;
    assert_eq!(reply.seals(), !world.stored());
    world.costs(&["load", "update"]);
    assert_eq!(visitor.state().views, 2, "what was asked for, and no more");

    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(visit(1));
    let both = async |mut s: Handle| {
        s.views = 2;
        s.commit().await.expect("fits");
    };
    assert!(visitor.sends(both).await.set_cookies().len() <= 1);
    world.costs(&["load", "update"]);
    assert_eq!(world.events.take(), ["loaded", "changed(views)"]);
    visitor.does(|s| s.views = 3).await;
    assert_eq!(visitor.state().views, 3, "automatic");
}

async fn f_02_forbid_and_force(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(full());
    world.clock.advance(hours(13));
    let forbidden: [fn(&mut Handle); 4] =
        [|s| s.views = 8, |s| s.rotate(), |s| s.user = Some("bob".to_owned()), |s| s.save()];
    for act in forbidden {
        let handler = async move |mut s: Handle| {
            act(&mut s);
            s.discard();
        };
        assert!(visitor.sends(handler).await.is_silent(), "a due renewal neither");
        world.costs(&["load"]);
    }
    let mut expected = world.state(&world.cookie(full()));
    assert_eq!(show(&mut visitor.state()), show(&mut expected));

    let mut visitor = world.guest(full());
    let forced = |s: &mut Handle| {
        s.discard();
        s.save();
        s.views = 8;
    };
    visitor.does(forced).await;
    world.costs(&["load", "update"]);
    assert_eq!(visitor.state().views, 8, "force after forbid");
    world.forget_the_calls();
    visitor.does(|s| s.save()).await;
    world.costs(&["load", "update"]);
    let ends = |s: &mut Handle| {
        s.discard();
        s.destroy();
    };
    assert!(visitor.does(ends).await.removes(), "ending is stronger");
}

async fn f_03_an_error_made_an_answer_inside_the_layer_is_committed(home: Home) {
    let world = open!(home, Visit, |b| b);
    for (status, inside) in [(302, true), (404, true), (200, true), (302, false), (200, false)] {
        let visitor = world.guest(visit(1));
        let fails = async |mut s: Handle| {
            s.views += 1;
            s.rotate();
            StatusCode::INTERNAL_SERVER_ERROR
        };
        let answer = move |mut response: Response| {
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            response
        };
        let mapped = tower::util::MapResponseLayer::new(answer);
        let app = axum::Router::new().route("/", any(fails));
        let app = if inside {
            app.layer(mapped).layer(world.layer.clone())
        } else {
            app.layer(world.layer.clone()).layer(mapped)
        };
        let reply = world.send(app, request(&visitor.cookie)).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.seals(), inside, "{status}");
        world.costs(if inside { &["load", "update"] } else { &["load"] });
    }
}

#[derive(Session)]
struct Member {
    views: u64,
    #[session(rotate, index)]
    user: Option<String>,
}

fn member(s: &mut TypedSession<Member>) {
    s.views = 1;
    s.user = Some("ann".to_owned());
}

#[tokio::test]
async fn f_04_an_unhandled_error_leaves_no_orphan_row() {
    let (site, shelf) = stored_site::<Member, _>(|b| b);
    let fails = async |mut s: TypedSession<Member>| {
        member(&mut s);
        StatusCode::BAD_GATEWAY
    };
    assert!(site.run("", fails).await.is_silent());
    let panics = async |mut s: TypedSession<Member>| -> () {
        member(&mut s);
        panic!("on purpose");
    };
    let caught = site.app(panics).layer(CatchPanicLayer::new());
    assert!(site.send(caught, request("")).await.is_silent());
    let escapes = tokio::spawn(tower::ServiceExt::oneshot(site.app(panics), request("")));
    assert!(escapes.await.is_err_and(|error| error.is_panic()));
    // The client goes away.
    let waits = async |mut s: TypedSession<Member>| {
        member(&mut s);
        std::future::pending::<()>().await;
    };
    let mut left = Box::pin(site.run("", waits));
    assert!(poll_fn(|context| Poll::Ready(left.as_mut().poll(context).is_pending())).await);
    drop(left);
    assert!(shelf.rows().is_empty() && shelf.sets().is_empty() && shelf.calls().is_empty());
}

// What was committed of a new session is ended, as nobody ever got its id.
#[tokio::test]
async fn f_04_a_committed_session_whose_response_never_left_is_ended() {
    let (site, shelf) = stored_site::<Member, _>(|b| b);
    let commits = async |mut s: TypedSession<Member>, goes_on: bool| {
        member(&mut s);
        s.commit().await.expect("written");
        drop(s);
        if goes_on {
            std::future::pending::<()>().await;
        }
        panic!("on purpose");
    };
    let panics = async move |s: TypedSession<Member>| -> () { commits(s, false).await };
    let waits = async move |s: TypedSession<Member>| -> () { commits(s, true).await };
    let escapes = tokio::spawn(tower::ServiceExt::oneshot(site.app(panics), request("")));
    assert!(escapes.await.is_err_and(|error| error.is_panic()));
    let mut left = Box::pin(site.run("", waits));
    assert!(poll_fn(|context| Poll::Ready(left.as_mut().poll(context).is_pending())).await);
    assert_eq!(shelf.calls().iter().filter(|call| **call == "create").count(), 2);
    drop(left);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(shelf.rows().is_empty() && shelf.sets().is_empty());
    let mut told = site.events.take();
    told.sort_unstable();
    assert_eq!(told, ["created", "created", "destroyed", "destroyed"]);
}

async fn f_04_a_panic_made_an_answer_inside_commits_nothing(home: Home) {
    let world = open!(home, Visit, |b| b.commit_on_server_error(true));
    let mut visitor = world.guest(visit(1));
    let panics = async |mut s: Handle| -> () {
        s.views = 9;
        panic!("on purpose");
    };
    let fine = |_: Box<dyn std::any::Any + Send>| Response::new(Body::from("fine"));
    for cookie in [visitor.cookie.as_str(), ""] {
        let app = axum::Router::new()
            .route("/", any(panics))
            .layer(CatchPanicLayer::custom(fine))
            .layer(world.layer.clone());
        let reply = world.send(app, request(cookie)).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "fine"));
        assert!(reply.is_silent());
        world.costs(if cookie.is_empty() { &[] } else { &["load"] });
    }
    assert_eq!(visitor.says(new_and_views).await.body, "false 1");
}

/// Answers at once, and does something from the body's stream.
fn streams(mut session: Handle, does: fn(&mut Handle)) -> Response {
    let head = stream::once(async { Ok::<_, Infallible>("at once") });
    let tail = stream::once(async move {
        does(&mut session);
        drop(session);
        Ok(".")
    });
    Response::new(Body::from_stream(head.chain(tail)))
}

async fn f_05_after_the_head_nothing_is_attempted_and_it_is_reported(home: Home) {
    let heard = Traced::default();
    let _guard = hear(heard.clone());
    let world = open!(home, Visit, |b| b);
    let visitor = world.guest(visit(1));
    let acts: [fn(&mut Handle); 4] =
        [|s| s.views += 1, |s| s.destroy(), |s| s.rotate(), |s| s.save()];
    for act in acts {
        let _ = heard.take();
        let reply = world.run(&visitor.cookie, async move |s: Handle| streams(s, act)).await;
        assert_eq!(reply.body, "at once.");
        assert!(reply.is_silent());
        assert_eq!(world.events.take(), ["loaded", "late_change"]);
        assert_eq!(traced(&heard, Level::WARN).len(), 1);
        world.costs(&["load"]);
    }
    let (answered, wait) = tokio::sync::oneshot::channel::<()>();
    let (told, result) = tokio::sync::oneshot::channel();
    let once = Arc::new(Mutex::new(Some((wait, told))));
    let spawns = async move |mut s: Handle| {
        let (wait, told) = once.lock().expect("sane").take().expect("one request");
        tokio::spawn(async move {
            wait.await.expect("answered");
            s.views += 1;
            let _ = told.send(s.commit().await);
        });
    };
    assert!(world.run(&visitor.cookie, spawns).await.is_silent());
    answered.send(()).expect("the task waits");
    let committed = result.await.expect("the task goes on");
    assert!(matches!(committed, Err(CommitError::Late)), "{committed:?}");
    world.costs(&["load"]);
    assert_eq!(visitor.state().views, 1);
}

async fn f_06_rotate_write_and_commit_give_one_final_state(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(visit(1));
    let old = visitor.cookie.clone();
    let handler = async |mut s: Handle| {
        s.rotate();
        s.views = 2;
        s.commit().await.expect("fits");
        s.views = 1;
    };
    let reply = visitor.sends(handler).await;
    assert_eq!(reply.set_cookies().len(), 1);
    assert_ne!(visitor.cookie, old);
    let told = world.events.take();
    assert_eq!(told.iter().filter(|event| *event == "rotated").count(), 1, "{told:?}");
    assert_eq!(visitor.says(new_and_views).await.body, "false 1", "the last word counts");
    if world.stored() {
        assert!(!world.lives(&old));
        assert_eq!(world.shelf.rows().len(), 1);
    }
}

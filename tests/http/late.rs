//! Rule 14: changes that come after the head of the response.

use axum::body::Body;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use session::{CommitError, Session, TypedSession};
use session_tests::site;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
}

type Handle = TypedSession<Visit>;

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

// Fails when a handle that goes after the response does not compare, or compares too little.
#[tokio::test]
async fn rule_14_a_change_from_the_bodys_stream_is_reported() {
    let site = site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { views: 1, user: None });
    for (does, late) in [
        ((|s| s.views += 1) as fn(&mut Handle), true),
        (|s| s.set_views(s.views() + 1), true),
        (|s| s.destroy(), true),
        (|s| s.save(), true),
        (|s| s.rotate(), true),
        (|s| assert_eq!(s.views, 1), false),
        (|s| s.views = 1, false),
    ] {
        let reply = site.run(&cookie, async move |s: Handle| streams(s, does)).await;
        assert_eq!(reply.body, "at once.");
        assert!(reply.is_silent());
        let expected: &[&str] = if late { &["loaded", "late_change"] } else { &["loaded"] };
        assert_eq!(site.events.take(), expected);
    }
}

// Fails when what changed before the head is not committed because the handle lives on.
#[tokio::test]
async fn rule_14_a_change_before_the_head_by_a_handle_that_lives_on_is_not_lost_in_silence() {
    let site = site::<Visit, _>(|b| b);
    let handler = async |mut session: Handle| {
        session.views += 1;
        streams(session, |_| {})
    };
    let reply = site.run("", handler).await;
    assert!(reply.is_silent(), "the handle was not given back in time");
    assert_eq!(site.events.take(), ["late_change"]);
}

// Fails when a task's handle can write into a request that was answered.
#[tokio::test]
async fn rule_14_a_commit_from_a_spawned_task_says_that_it_is_late() {
    let site = site::<Visit, _>(|b| b);
    let (answered, wait) = tokio::sync::oneshot::channel::<()>();
    let result = Arc::new(Mutex::new(None));
    let (slot, result) = (Arc::new(Mutex::new(Some(wait))), result);
    let report = Arc::clone(&result);
    let handler = async move |mut session: Handle| {
        let wait = slot.lock().expect("sane").take().expect("one request");
        tokio::spawn(async move {
            wait.await.expect("answered");
            session.views += 1;
            let committed = session.commit().await;
            *report.lock().expect("sane") = Some(committed);
        });
    };
    let reply = site.run("", handler).await;
    assert!(reply.is_silent());
    answered.send(()).expect("the task waits");
    while result.lock().expect("sane").is_none() {
        tokio::task::yield_now().await;
    }
    let committed = result.lock().expect("sane").take();
    assert!(matches!(committed, Some(Err(CommitError::Late))), "{committed:?}");
    assert!(site.events.take().contains(&"late_change".to_owned()));
}

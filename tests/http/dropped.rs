//! Rule 12: the client goes away.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use session::{Session, TypedSession};
use session_tests::{Reply, Site, request, site};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower::ServiceExt;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    note: Option<String>,
}

type Handle = TypedSession<Visit>;

fn before() -> Visit {
    Visit { views: 1, user: Some("ann".to_owned()), note: Some("before".to_owned()) }
}

/// An await that is pending once.
async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Handlers that change the session between many awaits.
fn routes() -> Vec<(&'static str, Router)> {
    let change = async |mut s: Handle| {
        pause().await;
        s.views += 1;
        pause().await;
        s.set_note(None);
        pause().await;
    };
    let commit = async |mut s: Handle| {
        s.views += 1;
        pause().await;
        s.commit().await.expect("fits");
        pause().await;
        s.set_note(Some("after the commit".to_owned()));
        pause().await;
    };
    let login = async |mut s: Handle| {
        pause().await;
        s.set_user(Some("bob".to_owned()));
        pause().await;
        s.rotate();
        pause().await;
    };
    let end = async |mut s: Handle| {
        pause().await;
        s.destroy();
        pause().await;
        s.views = 7;
        pause().await;
    };
    let replace = async |mut s: Handle| {
        pause().await;
        s.replace(Visit { views: 3, user: None, note: None });
        pause().await;
        s.save();
        pause().await;
    };
    let fail = async |mut s: Handle| {
        pause().await;
        s.views += 1;
        pause().await;
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let twice = async |mut a: Handle, mut b: Handle| {
        a.views += 1;
        pause().await;
        b.set_note(None);
        drop(a);
        pause().await;
    };
    let route = |router| Router::new().route("/", router);
    vec![
        ("change", route(any(change))),
        ("commit", route(any(commit))),
        ("login", route(any(login))),
        ("end", route(any(end))),
        ("replace", route(any(replace))),
        ("fail", route(any(fail))),
        ("twice", route(any(twice))),
    ]
}

/// Polls a request `n` times and drops it. `Some` when it was ready by then.
async fn polled(app: Router, cookie: &str, n: usize) -> Option<Reply> {
    let response = {
        let mut response = pin!(app.oneshot(request(cookie)));
        let mut context = Context::from_waker(Waker::noop());
        (0..n).find_map(|_| match response.as_mut().poll(&mut context) {
            Poll::Ready(response) => Some(response.expect("apps answer")),
            Poll::Pending => None,
        })
    }?;
    Some(Reply::of(response).await)
}

fn show(site: &Site<Visit>, cookie: &str) -> String {
    let s = site.state(cookie);
    format!("{} {} {:?} {:?}", s.is_new(), s.views, s.user, s.note)
}

// Fails when anything is put into a pooled slot that is still in use, when a slot goes back with
// something of its request in it, or when dropping commits.
#[tokio::test]
async fn rule_12_a_request_dropped_at_any_await_leaves_one_of_two_states() {
    for (name, app) in routes() {
        let site = site::<Visit, _>(|b| b);
        let app = app.layer(site.layer.clone());
        let cookie = site.cookie(before());
        let expected = show(&site, &cookie);
        let mut polls = 0;
        let whole = loop {
            polls += 1;
            assert!(polls < 100, "{name} never ends");
            if let Some(reply) = polled(app.clone(), &cookie, polls).await {
                break reply;
            }
            // The client kept its cookie: the state before, and nothing of the dropped request in
            // whatever slot the next ones get.
            assert_eq!(show(&site, &cookie), expected, "{name} after {polls} polls");
            for _ in 0..3 {
                let look = async |s: Handle| {
                    format!("{} {} {:?} {:?}", s.is_new(), s.views, s.user, s.note)
                };
                let reply = site.run("", look).await;
                assert_eq!(reply.body, "true 0 None None", "{name} after {polls} polls");
                assert!(reply.is_silent(), "{name} after {polls} polls");
                let reply = site.run(&cookie, look).await;
                assert_eq!(reply.body, expected, "{name} after {polls} polls");
                assert!(reply.is_silent(), "{name} after {polls} polls");
            }
        };
        assert!(polls >= 3, "{name} has several awaits");
        let after = whole.token().map(|token| show(&site, &format!("__Host-session={token}")));
        let expected_after = match name {
            "change" => Some("false 2 Some(\"ann\") None"),
            "commit" => Some("false 2 Some(\"ann\") Some(\"after the commit\")"),
            "login" => Some("false 0 Some(\"bob\") None"),
            "end" => Some("false 7 None None"),
            "replace" => Some("false 3 None None"),
            "fail" => None,
            "twice" => Some("false 2 Some(\"ann\") None"),
            _ => unreachable!(),
        };
        assert_eq!(after.as_deref(), expected_after, "{name}");
    }
}

// Fails when what a handler changed before its client went away is called a late change.
#[tokio::test]
async fn rule_12_a_dropped_request_is_no_late_change() {
    let site = site::<Visit, _>(|b| b);
    let app = site.app(async |mut s: Handle| {
        s.views += 1;
        pause().await;
        pause().await;
    });
    assert!(polled(app, &site.cookie(before()), 1).await.is_none());
    assert_eq!(site.events.take(), ["loaded"]);
}

// Fails when a dropped request's slot is used again while a task still holds its handle.
#[tokio::test]
async fn rule_12_what_a_task_still_holds_never_meets_another_request() {
    let site = site::<Visit, _>(|b| b);
    let (give, taken) = std::sync::mpsc::channel::<Handle>();
    let leak = async move |mut s: Handle| {
        s.views = 666;
        give.send(s).expect("somebody listens");
        pause().await;
    };
    assert!(polled(site.app(leak), "", 1).await.is_none());
    let mut held = taken.recv().expect("a handle");
    for _ in 0..40 {
        let reply = site.run("", async |s: Handle| s.views.to_string()).await;
        assert_eq!(reply.body, "0");
        assert!(reply.is_silent());
    }
    held.views += 1;
    let refused = held.commit().await;
    assert!(matches!(refused, Err(session::CommitError::Late)), "{refused:?}");
    drop(held);
    assert_eq!(site.run("", async |s: Handle| s.views.to_string()).await.body, "0");
}

// Fails when the cookie of a `commit()` depends on the status.
#[tokio::test]
async fn rule_12_what_a_commit_wrote_is_sent_whatever_the_status() {
    let site = site::<Visit, _>(|b| b);
    for status in [200, 404, 500, 503] {
        let mut visitor = site.visitor_with(before());
        let handler = async move |mut s: Handle| {
            s.views = 5;
            s.commit().await.expect("fits");
            s.views = 6;
            StatusCode::from_u16(status).expect("a status")
        };
        let reply = visitor.sends(handler).await;
        assert_eq!(reply.status, status);
        let expected = if status < 500 { 6 } else { 5 };
        assert_eq!(visitor.state().views, expected, "{status}");
    }
}

/// A small generator of numbers, good enough to mix things up.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[derive(Session)]
struct Mine {
    owner: u64,
    steps: Vec<u64>,
}

// Fails when a slot is shared, or is given back with its buffers full.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_56_ten_thousand_tasks_with_random_cancellation_see_only_their_own() {
    let site = std::sync::Arc::new(site::<Mine, _>(|b| b.on_event(|_| {})));
    let app = site.app(async |mut s: TypedSession<Mine>, body: String| {
        let id: u64 = body.parse().expect("a number");
        if s.is_new() {
            assert_eq!((s.owner, s.steps.len()), (0, 0), "a blank session has nothing in it");
            s.owner = id;
        }
        assert_eq!(s.owner, id, "somebody else's session");
        tokio::task::yield_now().await;
        s.steps.push(id);
        tokio::task::yield_now().await;
        assert!(s.owner == id && s.steps.iter().all(|step| *step == id));
        id.to_string()
    });
    let tasks: Vec<_> = (1..=10_000_u64)
        .map(|id| {
            let (app, site) = (app.clone(), site.clone());
            tokio::spawn(async move {
                let mut seed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mut cookie = String::new();
                let mut committed = 0;
                for _ in 0..4 {
                    let mut request = request(&cookie);
                    *request.body_mut() = id.to_string().into();
                    let response = app.clone().oneshot(request);
                    let patience = next(&mut seed) % 6;
                    // Dropped after some yields, or whole.
                    let response = tokio::select! {
                        biased;
                        response = response => response.expect("apps answer"),
                        () = async {
                            for _ in 0..patience {
                                tokio::task::yield_now().await;
                            }
                        } => continue,
                    };
                    let reply = Reply::of(response).await;
                    assert_eq!(reply.body, id.to_string());
                    committed += 1;
                    cookie = format!("__Host-session={}", reply.token().expect("changed"));
                    let state = site.state(&cookie);
                    assert_eq!(state.owner, id);
                    assert_eq!(state.steps, vec![id; committed]);
                }
                committed
            })
        })
        .collect();
    let mut whole = 0;
    for task in tasks {
        whole += task.await.expect("no task panicked");
    }
    assert!(whole > 1000 && whole < 39_000, "some were dropped and some not: {whole}");
}

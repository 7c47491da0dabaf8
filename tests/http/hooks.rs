//! Rule 33: `valid` and `before_save`.

use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::request::Parts;
use session::{CommitError, Session, SessionBuilder, TypedSession};
use session_tests::{Reply, Site, request, site};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a middleware put into the request's extensions.
#[derive(Clone)]
struct Device(&'static str);

#[derive(Session)]
#[session(valid = whole, before_save = stamp)]
struct Visit {
    #[session(valid = few)]
    views: u64,
    #[session(valid = same_device)]
    device: Option<String>,
    stamp: String,
}

fn few(views: &u64) -> bool {
    *views < 1000
}

fn same_device(device: &Option<String>, request: &Parts) -> bool {
    let here = request.extensions.get::<Device>().map(|device| device.0);
    device.is_none() || device.as_deref() == here
}

fn whole(visit: &Visit, request: &Parts) -> bool {
    visit.views != 13 && !request.headers.contains_key("x-refuse")
}

fn stamp(visit: &mut Visit, request: &Parts) -> Result<(), &'static str> {
    if request.headers.contains_key("x-fail") {
        return Err("the hook was told to fail");
    }
    visit.stamp = format!("{} {}", request.method, request.uri.path());
    Ok(())
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, device: None, stamp: String::new() }
}

async fn send(site: &Site<Visit>, cookie: &str, header: &str, does: fn(&mut Handle)) -> Reply {
    let mut request: Request = request(cookie);
    if !header.is_empty() {
        let name: HeaderName = header.parse().expect("a name");
        request.headers_mut().insert(name, "1".parse().expect("ASCII"));
    }
    request.extensions_mut().insert(Device("phone"));
    let handler = async move |mut s: Handle| {
        does(&mut s);
        format!("{} {}", s.is_new(), s.views)
    };
    site.send(site.app(handler), request).await
}

fn state(site: &Site<Visit>, reply: &Reply) -> Handle {
    site.state(&format!("__Host-session={}", reply.token().expect("a token")))
}

// Fails when a hook is not called, is called without its request, or its refusal is a 5xx.
#[tokio::test]
async fn rule_33_what_valid_refuses_is_a_blank_session() {
    let site = site::<Visit, _>(|b| b);
    let on = |device: &str| Visit { device: Some(device.to_owned()), ..visit(5) };
    for (cookie, header, body, event) in [
        (site.cookie(visit(5)), "", "false 5", "loaded"),
        (site.cookie(visit(999)), "", "false 999", "loaded"),
        (site.cookie(visit(1000)), "", "true 0", "invalid(views)"),
        (site.cookie(visit(13)), "", "true 0", "invalid"),
        (site.cookie(on("phone")), "", "false 5", "loaded"),
        (site.cookie(on("laptop")), "", "true 0", "invalid(device)"),
        (site.cookie(visit(5)), "x-refuse", "true 0", "invalid"),
    ] {
        let reply = send(&site, &cookie, header, |_| {}).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, body);
        assert_eq!(reply.removes(), body.starts_with("true"), "{event}");
        assert_eq!(site.events.take(), [event]);
    }
}

// Fails when `valid` runs on plain commits: what is written is looked at when it is loaded.
#[tokio::test]
async fn rule_33_valid_does_not_run_on_plain_commits() {
    let site = site::<Visit, _>(|b| b);
    let reply = send(&site, &site.cookie(visit(5)), "", |s| s.views = 13).await;
    assert!(reply.seals());
}

// Fails when `before_save` runs when nothing is due, or what it changes is not saved.
#[tokio::test]
async fn rule_33_before_save_sees_the_request_and_its_changes_are_saved() {
    let site = site::<Visit, _>(|b| b);
    let reply = send(&site, &site.cookie(visit(5)), "", |s| s.views = 6).await;
    assert_eq!(state(&site, &reply).stamp, "GET /");
    assert_eq!(site.events.take(), ["loaded", "changed(views,stamp)", "loaded"]);
    let new = send(&site, "", "", |s| s.views = 6).await;
    assert_eq!(state(&site, &new).stamp, "GET /");
    for nothing in [(|_| {}) as fn(&mut Handle), |s| s.views = 5, |s| s.rotate(), |s| s.discard()] {
        let reply = send(&site, &site.cookie(visit(5)), "x-fail", nothing).await;
        assert_eq!(reply.status, 200, "the hook would have failed");
    }
    assert_eq!(send(&site, &site.cookie(visit(5)), "x-fail", |s| s.save()).await.status, 500);
}

// Fails when a failure is swallowed, or something is written all the same.
#[tokio::test]
async fn rule_33_when_before_save_fails_nothing_is_written() {
    let site = site::<Visit, _>(|b| b);
    for cookie in [site.cookie(visit(5)), String::new()] {
        let reply = send(&site, &cookie, "x-fail", |s| s.views = 6).await;
        assert_eq!(reply.status, 500);
        assert!(reply.is_silent());
        assert!(!reply.body.contains("told"), "the client is not told");
        match reply.error.as_deref() {
            Some(CommitError::BeforeSave(why)) => {
                assert_eq!(why.to_string(), "the hook was told to fail")
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(send(&site, &site.cookie(visit(5)), "", |_| {}).await.body, "false 5");
}

// Fails when the struct's hooks run beside the builder's.
#[tokio::test]
async fn rule_33_the_builders_hooks_come_instead_of_the_structs() {
    let with: fn(SessionBuilder<Visit>) -> SessionBuilder<Visit> = |b| {
        b.valid(|visit, request| visit.views != 7 && !request.headers.contains_key("x-no"))
            .before_save(|visit, request| -> Result<(), std::io::Error> {
                visit.stamp = format!(
                    "mine, on a {}",
                    request.extensions.get::<Device>().map_or("?", |d| d.0)
                );
                Ok(())
            })
    };
    let site = site::<Visit, _>(with);
    assert_eq!(send(&site, &site.cookie(visit(13)), "x-refuse", |_| {}).await.body, "false 13");
    assert_eq!(send(&site, &site.cookie(visit(7)), "", |_| {}).await.body, "true 0");
    assert_eq!(send(&site, &site.cookie(visit(5)), "x-no", |_| {}).await.body, "true 0");
    let reply = send(&site, &site.cookie(visit(5)), "x-fail", |s| s.views = 6).await;
    assert_eq!(state(&site, &reply).stamp, "mine, on a phone");
}

// Fails when the hook runs for each handle, or again when the request ends.
#[tokio::test]
async fn rule_33_before_save_runs_once_a_write() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let site = site::<Visit, _>(|b| {
        b.before_save(move |visit, _| -> Result<(), std::io::Error> {
            count.fetch_add(1, Ordering::SeqCst);
            visit.stamp.push('x');
            Ok(())
        })
    });
    let two = async |mut a: Handle, mut b: Handle| {
        a.views = 6;
        b.stamp = "y".to_owned();
    };
    let reply = site.run("", two).await;
    assert_eq!(calls.swap(0, Ordering::SeqCst), 1);
    assert_eq!(state(&site, &reply).stamp, "yx");
    let committed = async |mut s: Handle| {
        s.views = 6;
        s.commit().await.expect("fits");
        assert_eq!(s.stamp, "x", "the handle sees what the hook did");
    };
    site.run("", committed).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

// Fails when what a hook puts back still counts as changed.
#[tokio::test]
async fn rule_33_what_before_save_takes_back_is_no_change() {
    let site = site::<Visit, _>(|b| {
        b.before_save(|visit, _| -> Result<(), std::io::Error> {
            visit.views = visit.views.min(5);
            Ok(())
        })
    });
    assert!(send(&site, &site.cookie(visit(5)), "", |s| s.views = 9).await.is_silent());
}

// Fails when a login made by the hook is not seen as one.
#[tokio::test]
async fn rule_33_a_rotate_field_changed_by_the_hook_rotates() {
    #[derive(Session)]
    struct Login {
        views: u64,
        #[session(rotate)]
        user: Option<String>,
    }
    let site = site::<Login, _>(|b| {
        b.before_save(|login, _| -> Result<(), std::io::Error> {
            login.user = Some("ann".to_owned());
            Ok(())
        })
    });
    let mut visitor = site.visitor_with(Login { views: 0, user: None });
    site.clock.advance(session::hours(1));
    visitor.sends(async |mut s: TypedSession<Login>| s.views += 1).await;
    assert_eq!(visitor.sealed().started, site.clock.ms());
    assert!(site.events.take().contains(&"rotated".to_owned()));
}

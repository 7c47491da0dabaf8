//! Rule 13: the operations of a session.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use session::{MaxAge, Session, TypedSession, days, hours, minutes, seconds};
use session_tests::{Sealed, request, site};
use std::time::Duration;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(default = "red".to_owned())]
    colour: String,
    note: Option<String>,
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, colour: "blue".to_owned(), note: Some("n".to_owned()) }
}

// Fails when `None` means anything else than that no live session came.
#[tokio::test]
async fn rule_13_an_optional_session_is_none_unless_a_live_one_came() {
    let site = site::<Visit, _>(|b| b);
    let look = async |session: Option<Handle>| match session {
        Some(session) => session.views.to_string(),
        None => "none".to_owned(),
    };
    let live = site.cookie(visit(3));
    assert_eq!(site.run(&live, look).await.body, "3");
    let reply = site.run("", look).await;
    assert_eq!(reply.body, "none");
    assert_eq!(reply.header("vary"), "Cookie", "it was asked for");
    assert!(site.run("__Host-session=bad", look).await.removes());
    site.clock.advance(days(2));
    let reply = site.run(&live, look).await;
    assert_eq!(reply.body, "none");
    assert!(reply.removes());
}

// Fails when a session that an earlier handle of the request made is not seen.
#[tokio::test]
async fn rule_13_an_optional_session_is_what_an_earlier_handle_made() {
    let site = site::<Visit, _>(|b| b);
    let first = async |mut s: Handle, request: Request, next: Next| {
        s.views += 1;
        drop(s);
        next.run(request).await
    };
    let app = Router::new()
        .route("/", any(async |session: Option<Handle>| session.is_some().to_string()))
        .layer(from_fn(first))
        .layer(site.layer.clone());
    assert_eq!(site.send(app, request("")).await.body, "true");
}

// Fails when `destroy()` leaves something of the old session to the new one.
#[tokio::test]
async fn b_6_what_is_written_after_destroy_is_a_new_session() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(5));
    visitor.sends(async |mut s: Handle| s.set_max_age(hours(3)).expect("possible")).await;
    site.clock.advance(hours(1));
    let handler = async |mut s: Handle| {
        s.views = 6;
        s.destroy();
        assert!(s.is_new());
        assert_eq!((s.views, &*s.colour, s.note.as_deref()), (0, "red", None));
        assert_eq!(s.max_age(), MaxAge::Idle(days(1)));
        s.note = Some("new".to_owned());
    };
    let reply = visitor.sends(handler).await;
    assert_eq!(reply.set_cookies().len(), 1);
    assert!(reply.seals());
    let state = visitor.state();
    assert_eq!((state.views, &*state.colour, state.note.as_deref()), (0, "red", Some("new")));
    let sealed = visitor.sealed();
    assert_eq!((sealed.started, sealed.idle), (site.clock.ms(), 86_400_000));
}

// Fails when `save()` after `destroy()` saves nothing, or what was there before; or when `save()` before it
// counts for the session that comes after.
#[tokio::test]
async fn b_6_b_11_save_after_destroy_makes_a_blank_session() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(5));
    site.clock.advance(hours(1));
    let handler = async |mut s: Handle| {
        s.views = 6;
        s.destroy();
        s.save();
    };
    assert!(visitor.sends(handler).await.seals());
    let state = visitor.state();
    assert_eq!((state.is_new(), state.views, &*state.colour), (false, 0, "red"));
    assert_eq!(visitor.sealed().started, site.clock.ms());
    let before = async |mut s: Handle| {
        s.save();
        s.destroy();
    };
    assert!(visitor.sends(before).await.removes());
}

// Fails when `replace` merges, or starts another session.
#[tokio::test]
async fn b_8_replace_replaces_the_whole_content_and_keeps_the_session() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(5));
    let before = visitor.sealed();
    site.clock.advance(minutes(1));
    let handler = async |mut s: Handle| {
        s.views = 99;
        s.replace(Visit { views: 1, colour: "green".to_owned(), note: None });
        assert!(!s.is_new());
    };
    visitor.sends(handler).await;
    let state = visitor.state();
    assert_eq!((state.views, &*state.colour, state.note.as_deref()), (1, "green", None));
    let after = visitor.sealed();
    assert_eq!((after.started, after.rotated), (before.started, before.rotated));
    let same = async |mut s: Handle| {
        s.replace(Visit { views: 1, colour: "green".to_owned(), note: None });
    };
    assert!(visitor.sends(same).await.is_silent(), "replaced by what it is");
}

// Fails when a session is new for one of these and not for the others.
#[tokio::test]
async fn b_10_is_new() {
    let site = site::<Visit, _>(|b| b.valid(|visit, _| visit.views != 13));
    let new = async |s: Handle| s.is_new().to_string();
    for cookie in ["", "__Host-session=", "__Host-session=junk", "other=1"] {
        assert_eq!(site.run(cookie, new).await.body, "true", "{cookie}");
    }
    assert_eq!(site.run(&site.cookie(visit(13)), new).await.body, "true");
    let cookie = site.cookie(visit(1));
    assert_eq!(site.run(&cookie, new).await.body, "false");
    let changed = async |mut s: Handle| {
        s.views += 1;
        s.is_new().to_string()
    };
    assert_eq!(site.run("", changed).await.body, "true", "it has not been sent yet");
    assert_eq!(site.run(&cookie, changed).await.body, "false");
    site.clock.advance(days(2));
    assert_eq!(site.run(&cookie, new).await.body, "true");
}

// Fails when a session's own lifetime is not kept, leaks, or is not heeded.
#[tokio::test]
async fn b_12_the_own_lifetime_of_a_session_persists() {
    let site = site::<Visit, _>(|b| b.max_age(hours(1)));
    let mut visitor = site.visitor_with(visit(1));
    let set = async |mut s: Handle| {
        assert_eq!(s.max_age(), MaxAge::Idle(hours(1)));
        s.set_max_age(days(7)).expect("possible");
        assert_eq!(s.max_age(), MaxAge::Idle(days(7)));
    };
    let reply = visitor.sends(set).await;
    assert_eq!(reply.attribute("Max-Age"), Some("604800"), "set alone it causes a save");
    site.clock.advance(days(3));
    let look = async |mut s: Handle| {
        s.views += 1;
        format!("{:?}", s.max_age())
    };
    assert_eq!(visitor.sends(look).await.body, format!("{:?}", MaxAge::Idle(days(7))));
    site.clock.advance(days(3));
    assert!(site.lives(&visitor.cookie));
    // Another session is what it was.
    let other = site.run("", async |mut s: Handle| {
        s.views += 1;
        format!("{:?}", s.max_age())
    });
    let other = other.await;
    assert_eq!(other.body, format!("{:?}", MaxAge::Idle(hours(1))));
    assert_eq!(other.attribute("Max-Age"), Some("3600"));
}

// Fails when a lifetime that nothing can have is rounded to one that something has.
#[tokio::test]
async fn rule_13_impossible_lifetimes_are_refused() {
    let site = site::<Visit, _>(|b| b);
    let handler = async |mut s: Handle| {
        for lifetime in [Duration::ZERO, Duration::from_micros(999), Duration::MAX] {
            s.set_max_age(lifetime).expect_err("impossible");
        }
        s.set_max_age(Duration::from_millis(1)).expect("possible");
        s.discard();
    };
    assert_eq!(site.run("", handler).await.status, 200);
}

// Fails when cookie homes give out a handle.
#[tokio::test]
async fn rule_13_sessions_in_cookies_have_no_handle() {
    let site = site::<Visit, _>(|b| b);
    let id = async |s: Handle| s.id().is_none().to_string();
    assert_eq!(site.run(&site.cookie(visit(1)), id).await.body, "true");
}

// Fails when reading serialises into a change.
#[tokio::test]
async fn b_1_reading_and_serialising_a_new_session_sets_nothing() {
    let site = site::<Visit, _>(|b| b);
    let show = async |s: Handle| serde_json::to_string(&session::Serializable(&*s)).expect("JSON");
    let reply = site.run("", show).await;
    assert_eq!(reply.body, r#"{"views":0,"colour":"red","note":null}"#);
    assert!(reply.is_silent());
}

// Fails when the last handle's `rotate()` is lost on an untouched session.
#[tokio::test]
async fn rule_13_rotate_moves_no_lifetime() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let before = visitor.sealed();
    site.clock.advance(hours(2));
    let reply = visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert_eq!(reply.attribute("Max-Age"), Some("79200"), "what is left");
    let expected = Sealed { rotated: site.clock.ms(), ..before };
    assert_eq!(visitor.sealed(), expected);
    assert!(site.run("", async |mut s: Handle| s.rotate()).await.is_silent(), "nothing to rotate");
    site.clock.advance(seconds(1));
}

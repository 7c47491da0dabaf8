//! Rules 24 and 31: sessions that ended while a request worked on them, and ids that did.

use crate::race::{cookie_of, elsewhere, key_of, meanwhile, race};
use crate::state::{Handle, Visit, VisitIndexes, visit};
use session::{OnEnded, seconds};
use session_tests::{NAME, stored_site};
use std::time::Duration;

type Act = fn(&mut Handle);

fn ann() -> Visit {
    Visit { user: Some("ann".into()), ..visit(7) }
}

// Fails when a session that was destroyed, rotated or whose row is gone takes a write, or the client
// is told anything but 409.
#[tokio::test]
async fn rule_24_security_31_security_32_ended_or_gone_at_commit_is_a_409() {
    for how in 0..3 {
        for bare in [false, true] {
            let (site, shelf) = stored_site::<Visit, _>(|b| b);
            if bare {
                shelf.give_no_records();
            }
            let cookie = site.cookie(visit(1));
            let key = key_of(site.state(&cookie).id());
            site.events.take();
            if how == 2 {
                shelf.before("update", move |shelf| shelf.forget(&key));
            } else {
                meanwhile(&site, &shelf, "update", &cookie, move |s| {
                    if how == 0 {
                        s.destroy();
                    } else {
                        s.rotate();
                    }
                });
            }
            let reply = site.run(&cookie, async |mut s: Handle| s.views = 9).await;
            assert_eq!(reply.status, 409, "{how}");
            assert!(reply.line().is_none());
            assert_eq!(reply.header("cache-control"), "no-store");
            assert_eq!(site.events.take().last().map(String::as_str), Some("ended"));
            assert_eq!(shelf.rows().len(), usize::from(how == 1));
            assert!(!site.lives(&cookie));
        }
    }
}

// Fails when the opt-out answers 409 too, or writes.
#[tokio::test]
async fn rule_24_on_ended_drop_keeps_the_response() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.on_ended(OnEnded::Drop));
    let cookie = site.cookie(visit(1));
    let reply = race(&site, &shelf, &cookie, |s| s.destroy(), |s| s.views = 9).await;
    assert_eq!(reply.status, 200);
    assert!(reply.line().is_none());
    assert!(shelf.rows().is_empty());
    assert!(site.events.take().contains(&"ended".to_owned()));
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 9).await;
    assert_eq!(reply.status, 200);
    assert!(reply.line().is_none());
    assert!(shelf.rows().is_empty());
}

// Fails when the handler's own error gives way to the 409.
#[tokio::test]
async fn rule_24_f_3_the_handlers_own_error_goes_first() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    meanwhile(&site, &shelf, "update", &cookie, |s| s.destroy());
    let reply = site
        .run(&cookie, async |mut s: Handle| {
            s.views = 9;
            (http::StatusCode::IM_A_TEAPOT, "mine")
        })
        .await;
    assert_eq!((reply.status.as_u16(), &*reply.body), (418, "mine"));
    assert!(reply.error.is_some_and(|error| error.status() == 409));
}

// Fails when a login that meets a rotation, or a row that is gone, is lost; or its new session keeps
// what the request did not change.
#[tokio::test]
async fn rule_24_a_login_goes_on_whatever_ended_the_session() {
    for how in 0..2 {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(Visit { note: Some("old".into()), ..visit(1) });
        let key = key_of(site.state(&cookie).id());
        if how == 0 {
            meanwhile(&site, &shelf, "update", &cookie, |s| s.rotate());
        } else {
            shelf.before("update", move |shelf| shelf.forget(&key));
        }
        let handles = std::sync::Arc::new(std::sync::Mutex::new(None));
        let before = std::sync::Arc::clone(&handles);
        let reply = site
            .run(&cookie, async move |mut s: Handle| {
                *before.lock().expect("sane") = s.id();
                s.user = Some("ann".into());
                s.cart.insert("new".into(), 1);
            })
            .await;
        assert_eq!(reply.status, 200, "{how}");
        let s = site.state(&cookie_of(&reply));
        assert_eq!((s.views, s.note.as_deref()), (0, None));
        assert_eq!((s.user.as_deref(), s.cart.len()), (Some("ann"), 1));
        assert_ne!(s.id(), *handles.lock().expect("sane"));
        let found = site.layer.sessions().by_user("ann").list().await.expect("there");
        assert_eq!(found.len(), 1);
    }
}

// Fails when the id that was rotated away is adopted, its cookie removed or replaced, its changes
// written; or when it is remembered for less or more than the layer was told.
#[tokio::test]
async fn rule_31_a_straggler_gets_a_blank_session_for_a_minute_and_then_is_unknown() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    site.clock.advance(seconds(100));
    let old = visitor.cookie.clone();
    visitor.sends(async |mut s: Handle| s.rotate()).await;
    site.clock.advance(seconds(60) - Duration::from_millis(1));
    let before = shelf.dump();
    site.events.take();
    let reply = site.run(&old, async |s: Handle| format!("{} {}", s.is_new(), s.views)).await;
    assert_eq!(reply.body, "true 0");
    assert!(reply.line().is_none());
    assert!(site.events.take().is_empty());
    let none = site.run(&old, async |s: Option<Handle>| s.is_none().to_string()).await;
    assert_eq!(none.body, "true");
    let changes: [fn(&mut Handle); 3] =
        [|s| s.views = 9, |s| s.save(), |s| s.set_max_age(session::days(3)).expect("good")];
    for change in changes {
        let reply = site.run(&old, async move |mut s: Handle| change(&mut s)).await;
        assert_eq!(reply.status, 409);
        assert!(reply.line().is_none());
        assert_eq!(site.events.take(), ["ended"]);
    }
    for idle in [(|s| s.rotate()) as fn(&mut Handle), |s| s.reauthenticated(), |s| s.destroy()] {
        let reply = site.run(&old, async move |mut s: Handle| idle(&mut s)).await;
        assert!(reply.line().is_none());
    }
    assert_eq!(shelf.dump(), before);
    site.events.take();
    site.clock.advance(Duration::from_millis(1));
    let reply = site.run(&old, async |s: Handle| s.is_new().to_string()).await;
    assert!(reply.removes());
    assert_eq!(site.events.take(), ["missing"]);
    assert!(site.lives(&visitor.cookie));
}

// Fails when a straggler's login is refused, takes over the session it names, or keeps its handle.
#[tokio::test]
async fn rule_31_a_straggler_that_logs_in_gets_a_session_of_its_own() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(Visit { note: Some("kept".into()), ..visit(1) });
    let old = visitor.cookie.clone();
    visitor.sends(async |mut s: Handle| s.user = Some("ann".into())).await;
    let reply = site.run(&old, async |mut s: Handle| s.user = Some("bob".into())).await;
    assert_eq!(reply.status, 200);
    let (first, second) = (visitor.state(), site.state(&cookie_of(&reply)));
    assert_eq!((first.user.as_deref(), second.user.as_deref()), (Some("ann"), Some("bob")));
    assert_eq!(second.note, None);
    assert_ne!(first.id(), second.id());
}

// Fails when a destroyed session's id is anything but a straggler while the engine remembers it.
#[tokio::test]
async fn rule_17_an_ended_id_is_left_alone_and_an_unknown_one_removed() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    elsewhere(&site.layer, &cookie, |s| s.destroy()).expect("ended");
    assert_eq!(shelf.remembered(), [seconds(60)]);
    let reply = site.run(&cookie, async |_: Handle| ()).await;
    assert!(reply.line().is_none());
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 2).await;
    assert_eq!((reply.status.as_u16(), reply.line()), (409, None));
    shelf.forget_the_ended();
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 2).await;
    assert!(reply.seals());
    let new = cookie_of(&reply);
    assert_ne!(new, cookie);
    assert_ne!(site.state(&new).id(), site.state(&cookie).id());
    assert!(!site.lives(&cookie));
}

// Fails when one who knows the public handle gets in, whatever secret they guess.
#[tokio::test]
async fn security_7_the_handle_is_no_credential() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    let handle = site.state(&cookie).id().expect("a handle").to_string();
    let token = cookie.split_once('=').expect("a pair").1;
    // The first 16 bytes are the handle: 21 characters and two bits.
    for guess in [handle, format!("{}{}", &token[..22], "A".repeat(42)), token[..22].to_owned()] {
        let cookie = format!("{NAME}={guess}");
        let reply = site.run(&cookie, async |s: Handle| format!("{:?}", s.user)).await;
        assert_eq!(reply.body, "None");
        let reply = site.run(&cookie, async |mut s: Handle| s.destroy()).await;
        assert!(!reply.status.is_server_error());
    }
    assert_eq!(site.state(&cookie).user.as_deref(), Some("ann"));
}

/// The id with this handle and a secret that nobody was given.
fn guessed(cookie: &str) -> String {
    format!("{}{}A", &cookie[..NAME.len() + 1 + 22], "A".repeat(41))
}

// Fails when one who knows a public handle can tell a session that is there, made or rotated just now or
// long ago, from one that is not.
#[tokio::test]
async fn rule_31_security_7_a_wrong_secret_is_answered_like_an_unknown_id() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    let unknown = format!("{NAME}={}", "A".repeat(64));
    let mut made = cookie.clone();
    for moment in ["made", "rotated", "rotated a while ago", "forgotten"] {
        match moment {
            "rotated" => made = cookie_of(&site.run(&made, async |mut s: Handle| s.rotate()).await),
            "rotated a while ago" => site.clock.advance(seconds(59)),
            "forgotten" => site.clock.advance(seconds(2)),
            _ => {}
        }
        for act in [|_| (), |s: &mut Handle| s.views = 9, |s| s.destroy(), |s| s.save()] as [Act; 4]
        {
            let mut seen = Vec::new();
            for id in [&guessed(&cookie), &unknown] {
                site.events.take();
                let reply = site.run(id, async move |mut s: Handle| act(&mut s)).await;
                let line = reply.line().map(|_| (reply.removes(), reply.seals()));
                seen.push((reply.status, line, reply.body.clone(), site.events.take()));
            }
            assert_eq!(seen[0], seen[1], "{moment}");
            assert_eq!(seen[0].3[0], "missing", "{moment}");
        }
    }
    assert!(site.lives(&made));
}

// Fails when a write after a rotation forgets who straggles, or when one a minute later still has the old
// secret's digest in the row.
#[tokio::test]
async fn rule_31_the_secret_before_is_known_through_later_writes_for_a_minute() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let old = visitor.cookie.clone();
    let len = || shelf.rows()[0].1.body.len();
    let made = len();
    visitor.sends(async |mut s: Handle| s.rotate()).await;
    let rotated = len();
    assert_eq!(rotated, made + 32);
    // A plain write, one that merges with another one's, and a renewal.
    site.clock.advance(seconds(20));
    visitor.sends(async |mut s: Handle| s.views = 2).await;
    race(&site, &shelf, &visitor.cookie, |s| s.hits = 1, |s| s.views = 3).await;
    assert_eq!(len(), rotated);
    site.clock.advance(seconds(39));
    visitor.sends(async |mut s: Handle| s.views = 4).await;
    let reply = site.run(&old, async |mut s: Handle| s.views = 9).await;
    assert_eq!((reply.status.as_u16(), reply.line()), (409, None));
    // Of two rotations the later is at least a millisecond later: so much more may have to pass.
    site.clock.advance(seconds(1) + Duration::from_millis(1));
    visitor.sends(async |mut s: Handle| s.views = 5).await;
    assert_eq!(len(), made);
    assert_eq!(visitor.state().views, 5);
}

// Fails when more than the last rotation is remembered: of two within a minute the oldest id is unknown.
#[tokio::test]
async fn rule_31_of_two_rotations_only_the_last_is_remembered() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let oldest = visitor.cookie.clone();
    visitor.sends(async |mut s: Handle| s.rotate()).await;
    let older = visitor.cookie.clone();
    visitor.sends(async |mut s: Handle| s.user = Some("ann".into())).await;
    site.events.take();
    let reply = site.run(&oldest, async |s: Handle| s.is_new().to_string()).await;
    assert_eq!((&*reply.body, reply.removes()), ("true", true));
    assert_eq!(site.events.take(), ["missing"]);
    let reply = site.run(&older, async |s: Handle| s.is_new().to_string()).await;
    assert_eq!((&*reply.body, reply.line()), ("true", None));
    assert!(site.lives(&visitor.cookie));
}

// Fails when a layer that remembers nothing writes what is to be remembered.
#[tokio::test]
async fn rule_31_nothing_is_remembered_by_who_is_told_so() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.remember_ended(Duration::ZERO));
    let mut visitor = site.visitor_with(visit(1));
    let (old, made) = (visitor.cookie.clone(), shelf.rows()[0].1.body.len());
    visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert_eq!(shelf.rows()[0].1.body.len(), made);
    assert!(site.run(&old, async |_: Handle| ()).await.removes());
}

// Fails when a new login of the same user, or a proof of who they are, keeps id or lifetimes; or a
// plain assignment of the same value does not.
#[tokio::test]
async fn rule_31_the_same_user_again_and_reauthenticated() {
    use crate::state::VisitFields;
    let acts: [(Act, bool); 5] = [
        (|s| s.set_user(Some("ann".into())), true),
        (|s| s.reauthenticated(), true),
        (|s| s.user = Some("ann".into()), false),
        (|s| s.rotate(), true),
        (|s| s.user = None, true),
    ];
    for (n, (act, rotates)) in acts.into_iter().enumerate() {
        let (site, shelf) = stored_site::<Visit, _>(|b| b.absolute(session::days(1)));
        let cookie = site.cookie(ann());
        let handle = site.state(&cookie).id();
        site.clock.advance(session::hours(2));
        shelf.calls();
        let reply = site.run(&cookie, async move |mut s: Handle| act(&mut s)).await;
        assert_eq!(reply.seals(), rotates, "{n}");
        assert_eq!(site.lives(&cookie), !rotates, "{n}");
        if rotates {
            let login = n < 2;
            let left = if login { "86400" } else { "79200" };
            assert_eq!(reply.attribute("Max-Age"), Some(left), "{n}");
            let s = site.state(&cookie_of(&reply));
            assert_eq!((s.views, s.id()), (7, handle));
        }
        assert_eq!(shelf.rows().len(), 1);
    }
}

// Fails when another user's login keeps what was not set in it, with no conflict about.
#[tokio::test]
async fn rule_31_security_35_another_user_starts_from_initial_values() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { note: Some("ann's".into()), colour: "red".into(), ..ann() });
    elsewhere(&site.layer, &cookie, |s| s.set_max_age(session::days(9)).expect("good"))
        .expect("written");
    let reply = site
        .run(&cookie, async |mut s: Handle| {
            s.user = Some("bob".into());
            s.hits = 2;
        })
        .await;
    let s = site.state(&cookie_of(&reply));
    assert_eq!((s.user.as_deref(), s.views, s.note.as_deref()), (Some("bob"), 0, None));
    assert_eq!((&*s.colour, s.hits), ("red", 2));
    assert_eq!(reply.attribute("Max-Age"), Some("86400"));
    let sessions = site.layer.sessions();
    for (user, count) in [("ann", 0), ("bob", 1)] {
        assert_eq!(sessions.by_user(user).count().await.expect("there"), count);
    }
    assert_eq!(shelf.members().len(), 1);
}

// Fails when a logout under an id that was rotated away, which can end nothing, is answered as if it
// had; or when the second click on "log out" is an error.
#[tokio::test]
async fn rule_31_a_stragglers_logout_is_no_silent_success() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    elsewhere(&site.layer, &cookie, |s| s.rotate()).expect("rotated");
    let reply = site.run(&cookie, async |mut s: Handle| s.destroy()).await;
    assert_eq!((reply.status.as_u16(), shelf.rows().len()), (409, 1));
    assert!(reply.line().is_none());
    let cookie = site.cookie(ann());
    elsewhere(&site.layer, &cookie, |s| s.destroy()).expect("ended");
    let reply = site.run(&cookie, async |mut s: Handle| s.destroy()).await;
    assert_eq!(reply.status, 200);
}

//! E, stores: on a shelf in the test itself. E.12, Redis, is in the target `faults`.

use crate::home::{Act, Does, key_of, token_of};
use crate::state::{Handle, MS, Visit, VisitFields, new_and_views, visit};
use axum::http::header::{CONTENT_LENGTH, COOKIE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session::{Session, SessionLayer, Sessions, TypedSession, days, hours, seconds};
use session_tests::{Fault, NAME, Traced, hear, stored_site};
use std::time::Duration;

#[tokio::test]
async fn e_01_no_row_and_no_read_for_requests_that_do_not_use_it() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let live = site.cookie(visit(1));
    let unknown = format!("{NAME}={}", URL_SAFE_NO_PAD.encode([7_u8; 48]));
    shelf.calls();
    let before = shelf.dump();
    for cookie in ["", &live, &unknown, "__Host-session=malformed"] {
        assert_eq!(site.run(cookie, async || "ok").await.status, 200);
        // Refused before the session is asked for.
        let refused = async |_: axum::extract::Path<u8>, _: Handle| "never";
        let refused = site.run(cookie, refused).await;
        assert!(!refused.status.is_success() && refused.is_silent());
    }
    for cookie in ["", "__Host-session=malformed"] {
        assert_eq!(site.run(cookie, async |_: Handle| "ok").await.status, 200);
    }
    assert!(shelf.calls().is_empty());
    assert_eq!(shelf.dump(), before);
}

#[tokio::test]
async fn e_02_a_missing_row_is_an_event_and_a_new_session() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(5));
    shelf.forget(&key_of("Visit", site.state(&cookie).id()));
    shelf.calls();
    site.events.take();
    let reply = site.run(&cookie, async |mut s: Handle| new_and_views(&mut s)).await;
    assert_eq!(reply.body, "true 0");
    assert!(reply.removes());
    assert_eq!(site.events.take(), ["missing"]);
    assert_eq!(shelf.calls(), ["load"]);
}

#[tokio::test]
async fn e_03_exactly_one_write_for_a_change_and_none_without() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor();
    visitor.does(|s| s.views = 1).await;
    assert_eq!(shelf.calls(), ["create"]);
    visitor.does(|s| drop(s.note.take())).await;
    assert_eq!(shelf.calls(), ["load"], "nothing changed");
    let ten = async |mut first: Handle, mut second: Handle| {
        (first.views, first.note, first.list) = (2, Some("n".to_owned()), vec![1]);
        drop(first);
        second.map.insert("a".to_owned(), 1);
        second.map.insert("b".to_owned(), 2);
    };
    visitor.sends(ten).await;
    assert_eq!(shelf.calls(), ["load", "update"]);
    site.clock.advance(hours(13));
    visitor.does(|s| s.views = 3).await;
    assert_eq!(shelf.calls(), ["load", "update"], "with a due renewal");
    visitor.does(|s| assert_eq!(s.views(), &3)).await;
    assert_eq!(shelf.calls(), ["load"]);
}

#[tokio::test]
async fn e_04_the_cookie_has_the_id_only_and_the_row_the_data() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    for size in [0, 10, 10_000] {
        let note = format!("needle{}", "x".repeat(size));
        let cookie = site.cookie(Visit { note: Some(note), ..visit(1) });
        let token = token_of(&cookie);
        assert_eq!(token.len(), 64);
        let id = URL_SAFE_NO_PAD.decode(token).expect("base64url");
        assert_eq!(id.len(), 48);
        let handle = site.state(&cookie).id().expect("a handle").to_string();
        let hex: String = id[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, handle, "the handle, and the secret");
        assert!(!contains(&id, b"needle") && contains(&shelf.dump(), b"needle"));
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn e_05_the_row_is_found_under_a_digest() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let id = URL_SAFE_NO_PAD.decode(token_of(&cookie)).expect("base64url");
    let (key, _) = shelf.rows()[0];
    assert_eq!(key, key_of("Visit", site.state(&cookie).id()));
    assert!(!contains(key.as_bytes(), &id[..4]) && !contains(key.as_bytes(), &id[16..20]));
    assert!(!contains(&shelf.dump(), &id[16..]), "the secret is nowhere");
}

#[derive(Session)]
#[session(schema = "Visit")]
struct Other {
    views: String,
}

#[tokio::test]
async fn e_06_a_corrupt_row_is_a_new_session_and_an_event() {
    let heard = Traced::default();
    let _guard = hear(heard.clone());
    let whole = {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let _ = site.cookie(visit(1));
        shelf.rows()[0].1.body.len()
    };
    let cut = (0..whole).map(Some).chain([None]);
    for cut in cut {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = if cut.is_some() {
            site.cookie(visit(1))
        } else {
            let other = site.beside(SessionLayer::<Other>::stored(shelf.clone()));
            other.cookie(Other { views: "private".to_owned() })
        };
        let (key, _) = shelf.rows()[0];
        if let Some(cut) = cut {
            shelf.scribble(&key, |record| record.body.truncate(cut));
        }
        let before = shelf.dump();
        site.events.take();
        let reply = site.run(&cookie, async |mut s: Handle| new_and_views(&mut s)).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "true 0"), "{cut:?}");
        assert!(reply.is_silent());
        let told = site.events.take();
        assert!(told.len() == 1 && told[0].starts_with("undecodable"), "{cut:?}: {told:?}");
        assert_eq!(shelf.dump(), before, "left as it was");
        assert!(site.run(&cookie, async |mut s: Handle| s.views = 2).await.seals());
        assert_eq!(shelf.rows().len(), 2);
    }
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    shelf.fail(Fault::Corrupt("load"));
    let reply = site.run(&cookie, async |mut s: Handle| new_and_views(&mut s)).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "true 0"));
    assert_eq!(site.events.take(), ["undecodable"]);
    let text = format!("{:?}", heard.take());
    assert!(text.contains("undecodable") && !text.contains("private"));
}

#[tokio::test]
async fn e_07_an_update_of_a_row_that_is_gone_never_recreates_it() {
    for ends in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        let key = key_of("Visit", site.state(&cookie).id());
        let (layer, theirs) = (site.layer.clone(), cookie.clone());
        shelf.before("update", move |shelf| {
            if !ends {
                return shelf.forget(&key);
            }
            let headers = HeaderMap::from_iter([(COOKIE, theirs.parse().expect("ASCII"))]);
            let mut s = session_tests::at_once(layer.open(&headers)).expect("a session");
            s.destroy();
            session_tests::at_once(layer.close(s, &mut Default::default())).expect("ended");
        });
        site.events.take();
        let reply = site.run(&cookie, async |mut s: Handle| s.views = 2).await;
        assert_eq!((reply.status.as_u16(), reply.is_silent()), (409, true), "{ends}");
        assert!(site.events.take().contains(&"ended".to_owned()));
        assert!(shelf.rows().is_empty());
    }
    let (site, shelf) = stored_site::<Visit, _>(|b| b.rolling());
    let cookie = site.cookie(visit(1));
    let key = key_of("Visit", site.state(&cookie).id());
    site.clock.advance(MS);
    shelf.before("touch", move |shelf| shelf.forget(&key));
    assert_eq!(site.run(&cookie, async |_: Handle| {}).await.status, 200);
    assert!(shelf.rows().is_empty());
}

#[tokio::test]
async fn e_08_down_at_read_is_a_503_for_those_who_use_it() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(5));
    shelf.fail(Fault::Down);
    let reply = site.run(&cookie, async |_: Handle| "never").await;
    assert_eq!((reply.status.as_u16(), reply.is_silent()), (503, true));
    assert!(!reply.body.contains("shelf"), "the client is not told why");
    assert_eq!(site.run(&cookie, async |_: Option<Handle>| "never").await.status, 503);
    assert_eq!(site.run(&cookie, async || "ok").await.status, 200);
    assert_eq!(site.run("", async |_: Handle| "ok").await.status, 200);
    shelf.fail(None);
    let reply = site.run(&cookie, async |mut s: Handle| new_and_views(&mut s)).await;
    assert_eq!(reply.body, "false 5");
}

#[tokio::test]
async fn e_09_down_at_write_is_an_error_never_a_200() {
    let acts: [(&str, Act<Visit>); 3] =
        [("create", |s| s.views = 1), ("update", |s| s.views = 2), ("delete", |s| s.destroy())];
    for (call, act) in acts {
        for fault in [Fault::Before(call), Fault::After(call)] {
            for status in [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::FOUND] {
                let (site, shelf) = stored_site::<Visit, _>(|b| b);
                let cookie = if call == "create" { String::new() } else { site.cookie(visit(1)) };
                shelf.fail(fault);
                let handler = async move |mut s: Handle| {
                    act(&mut s);
                    let headers = [(LOCATION, "/done"), (CONTENT_LENGTH, "4")];
                    (status, headers, "done").into_response()
                };
                let reply = site.run(&cookie, handler).await;
                assert_eq!(reply.status, 503, "{fault:?} {status}");
                assert!(!reply.body.contains("done") && !reply.seals());
                assert!(reply.headers.get(LOCATION).is_none());
                let length = reply.header("content-length");
                assert!(length.is_empty() || length == reply.body.len().to_string());
                assert_eq!(site.events.take().last().map(String::as_str), Some("outage"));
            }
        }
    }
}

#[tokio::test]
async fn e_10_the_handlers_own_error_wins() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.commit_on_server_error(true));
    let cookie = site.cookie(visit(1));
    shelf.fail(Fault::Before("update"));
    for status in [StatusCode::NOT_FOUND, StatusCode::BAD_GATEWAY] {
        site.events.take();
        let handler = async move |mut s: Handle| {
            s.views += 1;
            (status, "mine")
        };
        let reply = site.run(&cookie, handler).await;
        assert_eq!((reply.status, reply.body.as_str()), (status, "mine"));
        assert_eq!(site.events.take(), ["loaded", "outage"]);
        assert!(reply.error.is_some_and(|error| error.status() == 503));
    }
}

#[tokio::test]
async fn e_11_no_absurd_lifetime_reaches_the_store() {
    for (asked, ms) in [
        (Duration::ZERO, 1),
        (Duration::from_nanos(1), 1),
        (Duration::from_micros(1500), 2),
        (Duration::MAX, u64::MAX),
    ] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b.store_ttl(move |_| asked));
        let mut visitor = site.visitor();
        assert!(visitor.does(|s| s.views = 1).await.seals());
        visitor.does(|s| s.views = 2).await;
        site.clock.advance(hours(13));
        visitor.does(|_| {}).await;
        let leases = shelf.leases();
        assert_eq!(leases.len(), 3);
        for (call, lease) in leases {
            assert!(lease.keep >= MS, "{call}");
            assert_eq!(lease.keep_ms(), ms, "{call}");
            assert!(lease.keep_secs() >= 1, "{call}");
        }
    }
}

#[derive(Session)]
struct Member {
    views: u64,
    #[session(rotate, index)]
    user: Option<String>,
}

#[tokio::test]
async fn e_13_a_users_sessions_are_listed_counted_and_ended() {
    let (site, _) = stored_site::<Member, _>(|b| b);
    let of = |user: &str| Member { views: 1, user: Some(user.to_owned()) };
    let mut anns = Vec::new();
    for _ in 0..3 {
        anns.push(site.cookie(of("ann")));
        site.clock.advance(seconds(1));
    }
    let bob = site.cookie(of("bob"));
    let sessions = site.layer.sessions();
    let found = sessions.by_user("ann").list().await.expect("a store");
    let handles: Vec<_> = found.iter().map(|session| Some(session.handle)).collect();
    let expected: Vec<_> = anns.iter().rev().map(|cookie| site.state(cookie).id()).collect();
    assert_eq!(handles, expected, "last used first");
    assert_eq!(sessions.by_user("ann").count().await.expect("a store"), 3);

    let others = async |s: TypedSession<Member>, sessions: Sessions<Member>| {
        sessions.by_user("ann").end_others(&s).await.expect("a store").to_string()
    };
    assert_eq!(site.run(&anns[1], others).await.body, "2");
    let live = |cookies: &[String]| cookies.iter().map(|c| site.lives(c)).collect::<Vec<_>>();
    assert_eq!(live(&anns), [false, true, false]);

    let handle = site.state(&anns[1]).id().expect("a handle");
    assert!(sessions.by_user("ann").end(handle).await.expect("a store"));
    assert_eq!(live(&anns), [false; 3]);
    assert!(site.lives(&bob));
    assert_eq!(sessions.by_user("bob").end_all().await.expect("a store"), 1);
    assert!(!site.lives(&bob));
    site.clock.advance(days(2));
    assert_eq!(sessions.by_user("ann").count().await.expect("a store"), 0);
}

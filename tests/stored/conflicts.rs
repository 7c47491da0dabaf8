//! Two requests at once (rules 23 and 24).

use crate::race::race;
use crate::state::{Handle, Visit, visit};
use session_tests::stored_site;

// Fails when one of two different fields is lost.
#[tokio::test]
async fn rule_23_different_fields_lose_nothing() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let reply =
        race(&site, &shelf, &cookie, |s| s.note = Some("theirs".into()), |s| s.views = 9).await;
    assert_eq!(reply.status, 200);
    let state = site.state(&cookie);
    assert_eq!((state.views, state.note.as_deref()), (9, Some("theirs")));
}

// Fails when a sum loses an increment, a union a member, or `last` is not the last writer's.
#[tokio::test]
async fn rule_23_each_policy() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let theirs = |s: &mut Handle| {
        s.hits += 5;
        s.tags.insert("theirs".into());
        s.views = 50;
    };
    let ours = |s: &mut Handle| {
        s.hits += 2;
        s.tags.insert("ours".into());
        s.views = 60;
    };
    let reply = race(&site, &shelf, &cookie, theirs, ours).await;
    assert_eq!(reply.status, 200);
    let state = site.state(&cookie);
    assert_eq!((state.hits, state.views), (7, 60));
    assert_eq!(state.tags.iter().map(String::as_str).collect::<Vec<_>>(), ["ours", "theirs"]);
}

// Fails when `reject` writes, or answers anything but 409.
#[tokio::test]
async fn rule_23_reject_is_a_409_and_nothing_is_written() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let reply = race(
        &site,
        &shelf,
        &cookie,
        |s| s.plan = Some("theirs".into()),
        |s| {
            s.plan = Some("ours".into());
            s.views = 9;
        },
    )
    .await;
    assert_eq!(reply.status, 409);
    let state = site.state(&cookie);
    assert_eq!((state.views, state.plan.as_deref()), (1, Some("theirs")));
}

// Fails when a late write brings back a session that was logged out meanwhile.
#[tokio::test]
async fn rule_24_security_31_a_logout_is_final() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let reply = race(&site, &shelf, &cookie, |s| s.destroy(), |s| s.views = 9).await;
    assert_eq!(reply.status, 409);
    assert!(shelf.rows().is_empty());
    assert!(site.state(&cookie).is_new());
}

// Fails when a login that meets a logout is lost, or takes over what the ended session held.
#[tokio::test]
async fn rule_24_a_login_goes_on_in_a_new_session() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { note: Some("old".into()), ..visit(1) });
    let ours = |s: &mut Handle| {
        s.user = Some("ann".into());
        s.hits += 1;
    };
    let reply = race(&site, &shelf, &cookie, |s| s.destroy(), ours).await;
    assert_eq!(reply.status, 200);
    let new = format!("__Host-session={}", reply.token().expect("a new id"));
    let state = site.state(&new);
    assert_eq!(state.user.as_deref(), Some("ann"));
    assert_eq!((state.hits, state.note.as_deref(), state.views), (1, None, 0));
}

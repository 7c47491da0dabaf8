//! Which calls a request makes (rules 8 and 26), and what the client gets.

use crate::state::{Handle, Visit, visit};
use session_tests::stored_site;

// Fails when a request that does not use its session costs a call.
#[tokio::test]
async fn rule_7_what_is_not_extracted_costs_no_call() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    shelf.calls();
    let reply = site.run(&cookie, async || "ok").await;
    assert!(reply.is_silent());
    assert!(shelf.calls().is_empty());
}

// Fails when reading costs more than one load, or sends anything.
#[tokio::test]
async fn rule_26_read_costs_one_call() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(7));
    shelf.calls();
    let reply = site.run(&cookie, async |s: Handle| s.views.to_string()).await;
    assert_eq!(reply.body, "7");
    assert!(!reply.seals());
    assert_eq!(shelf.calls(), ["load"]);
}

// Fails when a change costs more than two calls, or sends a cookie though neither id nor lifetime
// moved.
#[tokio::test]
async fn rule_26_a_change_costs_two_calls_and_no_cookie() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(7));
    shelf.calls();
    let reply = visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert_eq!(reply.status, 200);
    assert!(!reply.seals());
    assert_eq!(shelf.calls(), ["load", "update"]);
    assert_eq!(visitor.state().views, 8);
}

// Fails when a new session makes a row though nothing changed, or none though something did.
#[tokio::test]
async fn rule_8_a_new_session_makes_a_row_when_it_is_changed() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor();
    let reply = visitor.sends(async |s: Handle| s.is_new().to_string()).await;
    assert_eq!(reply.body, "true");
    assert!(reply.set_cookies().is_empty());
    assert!(shelf.calls().is_empty());
    let reply = visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert!(reply.seals());
    assert_eq!(shelf.calls(), ["create"]);
    assert_eq!(shelf.rows().len(), 1);
    assert_eq!(visitor.state().views, 1);
}

// Fails when a login keeps the id, costs more than a rename may, or leaves the old id alive.
#[tokio::test]
async fn rule_31_a_login_changes_the_id_in_one_update() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(7));
    let before = visitor.cookie.clone();
    let handle = visitor.state().id();
    shelf.calls();
    let reply = visitor.sends(async |mut s: Handle| s.user = Some("ann".into())).await;
    assert!(reply.seals());
    assert_eq!(shelf.calls(), ["load", "index_insert", "update"]);
    assert_ne!(visitor.cookie, before);
    let state = visitor.state();
    assert_eq!((state.views, state.id()), (7, handle));
    assert_eq!(shelf.rows().len(), 1);
    let reply = site.run(&before, async |s: Handle| s.is_new().to_string()).await;
    assert_eq!(reply.body, "true");
    assert!(reply.line().is_none(), "an ended id is left alone");
    site.events.take();
    let reply = site.run(&before, async |mut s: Handle| s.views += 1).await;
    assert_eq!(reply.status, 409);
    assert!(reply.line().is_none());
    assert_eq!(site.events.take(), ["ended"]);
    assert_eq!(visitor.state().views, 7);
}

// Fails when a logout leaves the row, or its index entry.
#[tokio::test]
async fn rule_8_destroyed_deletes_the_row_and_removes_the_cookie() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(Visit { user: Some("ann".into()), ..visit(7) });
    assert_eq!(shelf.members().len(), 1);
    shelf.calls();
    let reply = visitor.sends(async |mut s: Handle| s.destroy()).await;
    assert!(reply.removes());
    assert_eq!(shelf.calls(), ["load", "delete", "index_remove"]);
    assert!(shelf.rows().is_empty());
    assert!(shelf.members().is_empty());
}

// Fails when an unknown id is adopted, or its cookie kept.
#[tokio::test]
async fn security_3_an_unknown_id_is_never_adopted() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(7));
    let unknown = visitor.cookie.clone();
    for (key, _) in shelf.rows() {
        shelf.forget(&key);
    }
    let reply = visitor.sends(async |s: Handle| s.is_new().to_string()).await;
    assert_eq!(reply.body, "true");
    assert!(reply.removes());
    assert_eq!(site.events.take(), ["missing"]);
    visitor.cookie.clone_from(&unknown);
    visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert_ne!(visitor.cookie, unknown);
    assert!(site.state(&unknown).is_new());
}

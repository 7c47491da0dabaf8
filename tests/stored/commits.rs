//! Rule 12: explicit commits.

use crate::race::{cookie_of, elsewhere};
use crate::state::{Handle, Visit, visit};
use http::StatusCode;
use session::CommitError;
use session_tests::{Fault, stored_site};

// Fails when the content waits for the response, is written twice, or is lost with a 5xx.
#[tokio::test]
async fn rule_12_f_1_the_content_is_written_at_once_and_once() {
    for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b.auto_commit(false));
        let cookie = site.cookie(visit(1));
        let (store, layer, own) = (shelf.clone(), site.layer.clone(), cookie.clone());
        shelf.calls();
        let reply = site
            .run(&cookie, async move |mut s: Handle| {
                s.views = 2;
                s.commit().await.expect("written");
                assert_eq!(store.calls(), ["load", "update"]);
                elsewhere(&layer, &own, |s| assert_eq!(s.views, 2)).expect("seen");
                store.calls();
                s.commit().await.expect("nothing to do");
                status
            })
            .await;
        assert_eq!(reply.status, status);
        assert!(shelf.calls().is_empty());
        assert_eq!(site.state(&cookie).views, 2);
    }
}

// Fails when the cookie of what a commit wrote depends on the status.
#[tokio::test]
async fn rule_12_the_cookie_is_sent_whatever_the_status() {
    for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let reply = site
            .run("", async move |mut s: Handle| {
                s.views = 2;
                s.commit().await.expect("written");
                s.views = 3;
                status
            })
            .await;
        let views = if status.is_server_error() { 2 } else { 3 };
        assert_eq!(site.state(&cookie_of(&reply)).views, views);
        assert_eq!(shelf.rows().len(), 1);
    }
}

// Fails when the new id of a login does not wait for the response, or is not sent with every
// response, a 5xx too.
#[tokio::test]
async fn rule_12_the_new_id_of_a_login_waits_for_the_response() {
    for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let old = site.cookie(visit(1));
        let (layer, own, store) = (site.layer.clone(), old.clone(), shelf.clone());
        site.clock.advance(session::hours(2));
        let reply = site
            .run(&old, async move |mut s: Handle| {
                s.user = Some("ann".into());
                s.commit().await.expect("written");
                elsewhere(&layer, &own, |s| assert_eq!(s.user.as_deref(), Some("ann")))
                    .expect("until then the old one holds");
                store.calls();
                status
            })
            .await;
        assert_eq!(reply.status, status);
        assert_eq!(shelf.calls().iter().filter(|call| **call == "update").count(), 1);
        assert!(!site.lives(&old), "{status}");
        let s = site.state(&cookie_of(&reply));
        assert_eq!((s.user.as_deref(), s.views), (Some("ann"), 1));
        assert_eq!(reply.attribute("Max-Age"), Some("86400"));
        assert_eq!(shelf.rows().len(), 1);
    }
}

// Fails when a rotation that was asked for before a commit is forgotten, or done twice.
#[tokio::test]
async fn f_6_rotate_write_and_commit_give_one_final_state() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let old = site.cookie(visit(1));
    site.events.take();
    let reply = site
        .run(&old, async |mut s: Handle| {
            s.rotate();
            s.commit().await.expect("nothing yet");
            s.views = 2;
            s.commit().await.expect("written");
            s.views = 3;
        })
        .await;
    assert_eq!(site.state(&cookie_of(&reply)).views, 3);
    assert!(!site.lives(&old));
    assert_eq!(shelf.rows().len(), 1);
    let events = site.events.take();
    assert_eq!(events.iter().filter(|event| *event == "rotated").count(), 1);
}

// Fails when a session is destroyed by `destroy()` and `commit()` and is there until the response, or
// its cookie stays.
#[tokio::test]
async fn rule_12_a_committed_destroy_is_done_at_once() {
    for status in [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        let store = shelf.clone();
        let reply = site
            .run(&cookie, async move |mut s: Handle| {
                s.destroy();
                s.commit().await.expect("done");
                assert!(store.rows().is_empty());
                status
            })
            .await;
        assert!(reply.removes());
        assert!(!site.lives(&cookie));
    }
}

// Fails when what was committed into a new session is destroyed and stays, or its cookie is sent.
#[tokio::test]
async fn rule_11_a_session_that_was_made_and_destroyed_in_one_request_is_gone() {
    for status in [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let reply = site
            .run("", async move |mut s: Handle| {
                s.user = Some("ann".into());
                s.commit().await.expect("written");
                s.destroy();
                status
            })
            .await;
        assert!(!reply.seals());
        assert!(shelf.rows().is_empty());
        assert!(shelf.members().is_empty());
    }
}

// Fails when a commit that failed is taken for done, or the response's own is not tried.
#[tokio::test]
async fn rule_12_a_failed_commit_says_so_and_the_end_of_the_request_tries_again() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let store = shelf.clone();
    let reply = site
        .run(&cookie, async move |mut s: Handle| {
            s.views = 2;
            store.fail(Fault::Before("update"));
            let error = s.commit().await.expect_err("down");
            assert!(matches!(error, CommitError::Store(_)));
            store.fail(None);
            assert_eq!(s.views, 2);
        })
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(site.state(&cookie).views, 2);
}

// Fails when two commits of one request meet their own writes as conflicts.
#[tokio::test]
async fn rule_12_several_commits_of_one_request_meet_no_conflict() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor();
    site.events.take();
    let reply = visitor
        .sends(async |mut s: Handle| {
            for _ in 0..5 {
                s.hits += 1;
                s.commit().await.expect("written");
            }
            s.hits += 1;
        })
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(visitor.state().hits, 6);
    assert_eq!(shelf.rows().len(), 1);
    assert!(!site.events.take().contains(&"conflict".to_owned()));
}

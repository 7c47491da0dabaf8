//! Rule 14: sessions for what outlives the request.

use crate::race::{cookie_of, elsewhere};
use crate::state::{Handle, Visit, visit};
use session::{CommitError, DetachError, DetachedSession, OnEnded, days, hours};
use session_tests::{Fault, Reply, Shelf, Site, stored_site};
use std::sync::{Arc, Mutex};

type Detached = DetachedSession<Visit>;

/// Runs a handler that detaches its session after `before`; gives both.
async fn detach(
    site: &Site<Visit>,
    cookie: &str,
    before: impl Fn(&mut Handle) + Send + Sync + Clone + 'static,
) -> (Reply, Detached) {
    let place = Arc::new(Mutex::new(None));
    let put = Arc::clone(&place);
    let reply = site
        .run(cookie, async move |mut s: Handle| {
            before(&mut s);
            let detached = s.detach().await.expect("a row");
            *put.lock().expect("sane") = Some(detached);
        })
        .await;
    let detached = place.lock().expect("sane").take().expect("detached");
    (reply, detached)
}

async fn ready() -> (Site<Visit>, Shelf, String, Detached) {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let (reply, detached) = detach(&site, &cookie, |_| ()).await;
    assert!(reply.line().is_none());
    shelf.calls();
    site.events.take();
    (site, shelf, cookie, detached)
}

// Fails when what a detached session writes after its response's rotation forgets the id before.
#[tokio::test]
async fn rule_31_a_detached_session_does_not_forget_who_straggles() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let (reply, mut detached) = detach(&site, &cookie, |s| s.user = Some("ann".into())).await;
    let new = cookie_of(&reply);
    detached.hits = 1;
    detached.commit().await.expect("written");
    assert_eq!(site.state(&new).hits, 1);
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 9).await;
    assert_eq!((reply.status.as_u16(), reply.line()), (409, None));
}

// Fails when a commit of a detached session loses a change of its own or of a request, or counts
// one twice.
#[tokio::test]
async fn rule_14_commits_are_merged_with_what_requests_write() {
    let (site, shelf, cookie, mut detached) = ready().await;
    detached.hits += 1;
    detached.commit().await.expect("written");
    assert_eq!(shelf.calls(), ["update"]);
    site.run(&cookie, async |mut s: Handle| s.hits += 10).await;
    detached.hits += 100;
    detached.commit().await.expect("written");
    assert_eq!((detached.hits, site.state(&cookie).hits), (111, 111));
    detached.commit().await.expect("nothing to do");
    assert_eq!(site.state(&cookie).hits, 111);
}

// Fails when `refresh` does not show what requests wrote, or loses what is not committed yet.
#[tokio::test]
async fn rule_14_refresh_brings_in_what_requests_wrote_and_keeps_own_changes() {
    let (site, shelf, cookie, mut detached) = ready().await;
    detached.views = 50;
    site.run(&cookie, async |mut s: Handle| s.note = Some("theirs".into())).await;
    shelf.calls();
    detached.refresh().await.expect("there");
    assert_eq!(shelf.calls(), ["load"]);
    assert_eq!((detached.views, detached.note.as_deref()), (50, Some("theirs")));
    assert_eq!(site.state(&cookie).views, 1);
    detached.commit().await.expect("written");
    assert_eq!(site.state(&cookie).views, 50);
}

// Fails when a refresh that finds nothing new is reported as a conflict.
#[tokio::test]
async fn rule_14_a_refresh_and_a_touch_are_no_conflicts() {
    let (site, _, _, mut detached) = ready().await;
    detached.refresh().await.expect("there");
    detached.touch().await.expect("there");
    assert_eq!(site.events.take(), Vec::<String>::new());
}

// Fails when a touch does not extend as a use would, or extends though it is not due.
#[tokio::test]
async fn rule_14_touch_extends_when_it_is_due() {
    let (site, shelf, cookie, mut detached) = ready().await;
    detached.touch().await.expect("there");
    assert!(!shelf.calls().contains(&"touch"));
    for _ in 0..4 {
        site.clock.advance(hours(13));
        detached.touch().await.expect("there");
    }
    assert_eq!(shelf.calls().iter().filter(|call| **call == "touch").count(), 4);
    assert!(site.lives(&cookie));
    site.clock.advance(days(1) + std::time::Duration::from_millis(1));
    assert!(matches!(detached.touch().await, Err(CommitError::Ended)));
}

// Fails when a touch commits changes, or when changes that were not committed before a touch can't be
// committed after it.
#[tokio::test]
async fn rule_14_touch_leaves_changes_uncommitted_and_committable() {
    let (site, _, cookie, mut detached) = ready().await;
    detached.views = 50;
    detached.touch().await.expect("there");
    assert_eq!(site.state(&cookie).views, 1, "a touch commits nothing");
    assert_eq!(detached.views, 50);
    detached.commit().await.expect("written");
    assert_eq!(site.state(&cookie).views, 50);
}

// Fails when a touch that fell due commits what was changed and not committed.
#[tokio::test]
async fn rule_14_a_due_touch_leaves_changes_uncommitted_too() {
    let (site, _, cookie, mut detached) = ready().await;
    detached.views = 50;
    site.clock.advance(hours(13));
    detached.touch().await.expect("there");
    assert_eq!(site.state(&cookie).views, 1);
    site.clock.advance(hours(13));
    detached.commit().await.expect("still there");
    assert_eq!(site.state(&cookie).views, 50);
}

// Fails when an ended session takes anything, comes back, or does not say so, whatever requests are
// told.
#[tokio::test]
async fn rule_14_says_ended_when_the_session_is_over() {
    for on_ended in [OnEnded::Refuse, OnEnded::Drop] {
        for over in 0..3 {
            let (site, shelf) = stored_site::<Visit, _>(|b| b.on_ended(on_ended));
            let cookie = site.cookie(visit(1));
            let (_, mut detached) = detach(&site, &cookie, |_| ()).await;
            match over {
                0 => drop(elsewhere(&site.layer, &cookie, |s| s.destroy())),
                1 => drop(elsewhere(&site.layer, &cookie, |s| s.rotate())),
                _ => site.clock.advance(days(2)),
            }
            detached.views = 9;
            let commit = detached.commit().await;
            assert!(matches!(commit, Err(CommitError::Ended)), "{on_ended:?} {over}: {commit:?}");
            assert!(matches!(detached.refresh().await, Err(CommitError::Ended)));
            assert!(matches!(detached.touch().await, Err(CommitError::Ended)));
            assert!(shelf.rows().len() <= 1);
        }
    }
}

// Fails when a rotation of the request's own, asked for before, ends what it detached; or the old id
// stays good.
#[tokio::test]
async fn rule_14_a_rotation_of_the_same_request_before_detach_is_followed() {
    for login in [false, true] {
        let (site, _) = stored_site::<Visit, _>(|b| b);
        let old = site.cookie(visit(1));
        let (reply, mut detached) = detach(&site, &old, move |s| {
            if login {
                s.user = Some("ann".into());
            } else {
                s.rotate();
            }
        })
        .await;
        let new = cookie_of(&reply);
        assert!(!site.lives(&old));
        assert_eq!(detached.id(), site.state(&new).id());
        detached.hits += 1;
        detached.commit().await.expect("it goes on");
        detached.refresh().await.expect("it goes on");
        detached.touch().await.expect("it goes on");
        assert_eq!(site.state(&new).hits, 1);
        elsewhere(&site.layer, &new, |s| s.rotate()).expect("rotated");
        assert!(matches!(detached.refresh().await, Err(CommitError::Ended)));
    }
}

// Fails when a commit before the response's rotation is lost, or undoes it.
#[tokio::test]
async fn rule_14_a_commit_before_the_responses_rotation_is_merged() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let old = site.cookie(visit(1));
    let reply = site
        .run(&old, async |mut s: Handle| {
            s.user = Some("ann".into());
            let mut detached = s.detach().await.expect("a row");
            detached.hits += 1;
            detached.commit().await.expect("written");
        })
        .await;
    let s = site.state(&cookie_of(&reply));
    assert_eq!((s.hits, s.user.as_deref()), (1, Some("ann")));
    assert!(!site.lives(&old));
}

// Fails when a rotation after detach, which could not be promised, is not an end.
#[tokio::test]
async fn rule_14_a_rotation_of_the_same_request_after_detach_ends_it() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let old = site.cookie(visit(1));
    let place = Arc::new(Mutex::new(None));
    let put = Arc::clone(&place);
    let reply = site
        .run(&old, async move |s: Handle, mut other: Handle| {
            *put.lock().expect("sane") = Some(s.detach().await.expect("a row"));
            other.rotate();
        })
        .await;
    let mut detached = place.lock().expect("sane").take().expect("detached");
    assert!(site.lives(&cookie_of(&reply)));
    assert!(matches!(detached.refresh().await, Err(CommitError::Ended)));
}

// Fails when a `rotate` field can be written from where no new id can be sent.
#[tokio::test]
async fn rule_14_a_rotate_field_is_refused() {
    let (site, _, cookie, mut detached) = ready().await;
    detached.user = Some("ann".into());
    assert!(matches!(detached.commit().await, Err(CommitError::Detached)));
    assert!(site.state(&cookie).user.is_none());
    detached.user = None;
    detached.views = 2;
    detached.commit().await.expect("the handle is as good as before");
    assert_eq!(site.state(&cookie).views, 2);
}

// Fails when a change that nobody committed is lost in silence, or one that was is reported.
#[tokio::test]
async fn rule_14_a_dropped_change_is_reported() {
    let (site, _, cookie, mut detached) = ready().await;
    detached.views = 2;
    detached.commit().await.expect("written");
    drop(detached);
    assert_eq!(site.events.take(), ["changed(views)"]);
    let (_, mut detached) = detach(&site, &cookie, |_| ()).await;
    site.events.take();
    detached.views = 3;
    drop(detached);
    assert_eq!(site.events.take(), ["late_change"]);
}

// Fails when a new session is detached without a row, or with `save()` not.
#[tokio::test]
async fn rule_14_a_new_session_is_detached_with_save() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let reply = site
        .run("", async |s: Handle| {
            let error = s.detach().await.expect_err("no row");
            assert!(matches!(error, DetachError::NoRow));
        })
        .await;
    assert!(reply.line().is_none());
    assert!(shelf.calls().is_empty());
    let (reply, mut detached) = detach(&site, "", |s| s.save()).await;
    let cookie = cookie_of(&reply);
    detached.views = 4;
    detached.commit().await.expect("written");
    let s = site.state(&cookie);
    assert_eq!((s.views, s.id()), (4, detached.id()));
}

// Fails when a failing store leaves the handle worse than before.
#[tokio::test]
async fn rule_14_a_failed_commit_can_be_tried_again() {
    for fault in [Fault::Before("update"), Fault::After("update")] {
        let (site, shelf, cookie, mut detached) = ready().await;
        detached.hits += 3;
        shelf.fail(fault);
        assert!(matches!(detached.commit().await, Err(CommitError::Store(_))));
        assert_eq!(site.events.take(), ["outage"]);
        shelf.fail(None);
        detached.commit().await.expect("written");
        assert_eq!(site.state(&cookie).hits, 3, "{fault:?}");
    }
}

// Fails when a commit that is dropped halfway loses the change, or the handle.
#[tokio::test]
async fn rule_14_a_dropped_commit_leaves_the_handle_as_good_as_before() {
    let (site, shelf, cookie, mut detached) = ready().await;
    detached.views = 3;
    shelf.stick_before("update");
    let mut commit = Box::pin(detached.commit());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(commit.as_mut().poll(&mut context).is_pending());
    drop(commit);
    detached.commit().await.expect("written");
    assert_eq!(site.state(&cookie).views, 3);
}

// Fails when a commit whose answer was lost is merged with itself by the refresh that follows.
#[tokio::test]
async fn rule_14_a_refresh_after_a_lost_answer_counts_once() {
    let (site, shelf, cookie, mut detached) = ready().await;
    detached.hits += 3;
    shelf.fail(Fault::After("update"));
    assert!(detached.commit().await.is_err());
    shelf.fail(None);
    detached.refresh().await.expect("there");
    assert_eq!(detached.hits, 3);
    detached.commit().await.expect("written");
    assert_eq!(site.state(&cookie).hits, 3);
}

// Fails when a touch that has to write, and meets somebody's change, loses what is not committed yet.
#[tokio::test]
async fn rule_14_a_touch_that_meets_a_change_keeps_uncommitted_changes() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.max_age(days(10)));
    let builder = session::SessionLayer::<Visit>::stored(shelf.clone()).max_age(days(1));
    let shorter = site.beside(builder);
    let cookie = site.cookie(visit(1));
    let (_, mut detached) = detach(&shorter, &cookie, |_| ()).await;
    site.clock.advance(hours(13));
    detached.views = 50;
    let (layer, other) = (site.layer.clone(), cookie.clone());
    shelf.before("update", move |_| {
        elsewhere(&layer, &other, |s| s.hits = 1).expect("written");
    });
    detached.touch().await.expect("there");
    assert_eq!(detached.views, 50);
    assert_eq!(site.state(&cookie).views, 1, "a touch commits nothing");
    detached.commit().await.expect("written");
    let s = site.state(&cookie);
    assert_eq!((s.views, s.hits), (50, 1));
}

//! Rule 23 in depth: policies, contenders, bounds, hooks, and who must not inherit what.

use crate::race::{cookie_of, elsewhere, meanwhile, race};
use crate::state::{Handle, Visit, visit};
use session::{Session, TypedSession};
use session_tests::stored_site;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn ann() -> Visit {
    Visit { user: Some("ann".into()), ..visit(7) }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

// Fails when an engine that gives no record with a conflict costs more than one load more, or when
// the merge differs.
#[tokio::test]
async fn rule_26_a_conflict_costs_one_call_more_or_two_without_the_record() {
    for bare in [false, true] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        if bare {
            shelf.give_no_records();
        }
        shelf.calls();
        site.events.take();
        let reply = race(&site, &shelf, &cookie, |s| s.hits += 1, |s| s.hits += 2).await;
        assert_eq!(reply.status, 200);
        let theirs = ["load", "update"];
        let ours: &[&str] = if bare { &["load", "update"] } else { &["update"] };
        assert_eq!(shelf.calls(), [&["load", "update"], &theirs[..], ours].concat());
        assert_eq!(
            site.events.take(),
            ["loaded", "loaded", "changed(hits)", "conflict", "changed(hits)",]
        );
        assert_eq!(site.state(&cookie).hits, 3);
    }
}

// Fails when a removal of either side is undone by the other.
#[tokio::test]
async fn rule_23_a_union_keeps_both_sides_additions_and_removals() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { tags: set(&["a", "b", "c"]), ..visit(1) });
    let theirs = |s: &mut Handle| {
        s.tags.remove("a");
        s.tags.insert("theirs".into());
    };
    let ours = |s: &mut Handle| {
        s.tags.remove("b");
        s.tags.insert("ours".into());
    };
    race(&site, &shelf, &cookie, theirs, ours).await;
    assert_eq!(site.state(&cookie).tags, set(&["c", "ours", "theirs"]));
}

// Fails when two decrements, or an increment and a decrement, are not added up.
#[tokio::test]
async fn rule_23_a_sum_counts_down_too_and_too_far_is_a_409() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { hits: 10, ..visit(1) });
    race(&site, &shelf, &cookie, |s| s.hits -= 4, |s| s.hits -= 5).await;
    assert_eq!(site.state(&cookie).hits, 1);
    let reply = race(&site, &shelf, &cookie, |s| s.hits -= 1, |s| s.hits -= 1).await;
    assert_eq!(reply.status, 409);
    assert_eq!(site.state(&cookie).hits, 0);
    let cookie = site.cookie(Visit { hits: u64::MAX - 2, ..visit(1) });
    site.events.take();
    let reply = race(&site, &shelf, &cookie, |s| s.hits += 1, |s| s.hits += 2).await;
    assert_eq!(reply.status, 409);
    assert!(site.events.take().contains(&"conflict(hits)".to_owned()));
    assert_eq!(site.state(&cookie).hits, u64::MAX - 1);
}

#[derive(Session)]
struct Scores {
    #[session(merge = max)]
    best: u32,
    #[session(merge = min, default = 100)]
    least: u32,
    #[session(merge = longest)]
    word: String,
    #[session(merge = sum)]
    weight: f64,
}

#[expect(clippy::ptr_arg, reason = "a `merge` function takes references to the field's type")]
fn longest(_: &String, ours: &String, theirs: &String) -> String {
    if theirs.len() > ours.len() { theirs.clone() } else { ours.clone() }
}

// Fails when a policy is another one.
#[tokio::test]
async fn rule_23_max_min_and_a_function() {
    for swap in [false, true] {
        let (site, shelf) = stored_site::<Scores, _>(|b| b);
        let state = Scores { best: 5, least: 50, word: "a".into(), weight: 1.0 };
        let cookie = site.cookie(state);
        let change = |one: bool| {
            move |s: &mut TypedSession<Scores>| {
                s.best = if one { 9 } else { 7 };
                s.least = if one { 40 } else { 30 };
                s.word = if one { "longer" } else { "word" }.into();
                s.weight += 0.5;
            }
        };
        let (layer, other) = (site.layer.clone(), cookie.clone());
        shelf.before("update", move |_| {
            let mut headers = http::HeaderMap::new();
            headers.insert("cookie", other.parse().expect("a header"));
            let mut s = session_tests::at_once(layer.open(&headers)).expect("a session");
            change(swap)(&mut s);
            session_tests::at_once(layer.close(s, &mut headers)).expect("written");
        });
        site.run(&cookie, async move |mut s: TypedSession<Scores>| change(!swap)(&mut s)).await;
        let s = site.state(&cookie);
        assert_eq!((s.best, s.least, &*s.word), (9, 30, "longer"));
        assert!((s.weight - 2.0).abs() < 1e-9);
    }
}

// Fails when one of three at once loses an increment or a field.
#[tokio::test]
async fn rule_23_three_contenders_lose_nothing() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(0));
    shelf.slow_down();
    let add = async |mut s: Handle| s.hits += 1;
    let note = async |mut s: Handle| {
        s.hits += 10;
        s.note = Some("x".into());
    };
    let view = async |mut s: Handle| {
        s.hits += 100;
        s.views += 1;
    };
    let (a, b, c) =
        tokio::join!(site.run(&cookie, add), site.run(&cookie, note), site.run(&cookie, view));
    shelf.calm();
    assert_eq!([a.status, b.status, c.status].map(|status| status.as_u16()), [200; 3]);
    let s = site.state(&cookie);
    assert_eq!((s.hits, s.views, s.note.as_deref()), (111, 1, Some("x")));
}

// Fails when two hundred increments are not two hundred.
#[tokio::test]
async fn rule_23_n_increments_of_a_sum_add_up_to_n() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(0));
    shelf.slow_down();
    for _ in 0..20 {
        let ten = (0..10).map(|_| site.run(&cookie, async |mut s: Handle| s.hits += 1));
        for reply in futures_util::future::join_all(ten).await {
            assert_eq!(reply.status, 200);
        }
    }
    shelf.calm();
    assert_eq!(site.state(&cookie).hits, 200);
    assert!(site.events.take().iter().any(|event| event == "conflict"));
}

// Fails when it gives up before the 32nd repetition, or never.
#[tokio::test]
async fn rule_23_after_32_conflicts_a_503() {
    for rivals in [32, 33] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(0));
        let left = Arc::new(AtomicU64::new(rivals));
        shelf.calls();
        shelf.before_each("update", move |shelf| {
            let take = |left: u64| left.checked_sub(1);
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                let (key, _) = shelf.rows()[0].clone();
                shelf.scribble(&key, |record| record.revision = record.revision.next());
            }
        });
        let reply = site.run(&cookie, async |mut s: Handle| s.hits += 1).await;
        let updates = shelf.calls().iter().filter(|call| **call == "update").count();
        shelf.calm();
        assert_eq!(updates, 33);
        let (status, hits) = if rivals == 32 { (200, 1) } else { (503, 0) };
        assert_eq!((reply.status.as_u16(), site.state(&cookie).hits), (status, hits));
    }
}

// Fails when a conflict that is merged calls `before_save` again, or loses what it changed.
#[tokio::test]
async fn rule_23_before_save_runs_once() {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let (site, shelf) = stored_site::<Visit, _>(|b| {
        b.before_save(move |s, _| {
            if s.note.as_deref() == Some("ours") {
                s.hits += 1;
                counted.fetch_add(1, Ordering::SeqCst);
            }
            Ok::<(), std::fmt::Error>(())
        })
    });
    let cookie = site.cookie(visit(0));
    race(&site, &shelf, &cookie, |s| s.hits += 5, |s| s.note = Some("ours".into())).await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(site.state(&cookie).hits, 6);
}

// Fails when a merged state is not asked about, or one that is refused is written.
#[tokio::test]
async fn rule_23_valid_runs_on_the_merged_state() {
    let (site, shelf) =
        stored_site::<Visit, _>(|b| b.valid(|s, _| s.views + u64::from(s.note.is_some()) < 10));
    let cookie = site.cookie(visit(0));
    let theirs = |s: &mut Handle| s.note = Some("theirs".into());
    let reply = race(&site, &shelf, &cookie, theirs, |s| s.views = 9).await;
    assert_eq!(reply.status, 409);
    let s = site.state(&cookie);
    assert_eq!((s.views, s.note.as_deref()), (0, Some("theirs")));
    let reply = race(&site, &shelf, &cookie, |s| s.hits += 1, |s| s.views = 8).await;
    assert_eq!(reply.status, 200);
}

// Fails when a plain commit is asked about.
#[tokio::test]
async fn rule_33_valid_does_not_run_on_plain_commits() {
    let (site, _) = stored_site::<Visit, _>(|b| b.valid(|s, _| s.views < 10));
    let cookie = site.cookie(visit(0));
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 10).await;
    assert_eq!(reply.status, 200);
    site.events.take();
    let reply = site.run(&cookie, async |s: Handle| s.is_new().to_string()).await;
    assert_eq!((&*reply.body, reply.removes()), ("true", true));
    assert_eq!(site.events.take(), ["invalid"]);
}

// Fails when a state that `valid` refused at an explicit commit is written by the one at the end.
#[tokio::test]
async fn rule_23_what_valid_refused_is_not_written_by_the_next_commit() {
    let (site, shelf) =
        stored_site::<Visit, _>(|b| b.valid(|s, _| s.views + u64::from(s.note.is_some()) < 10));
    let cookie = site.cookie(visit(0));
    meanwhile(&site, &shelf, "update", &cookie, |s| s.note = Some("theirs".into()));
    let reply = site
        .run(&cookie, async |mut s: Handle| {
            s.views = 9;
            let refused = s.commit().await.expect_err("invalid when merged");
            assert_eq!(refused.status(), 409);
        })
        .await;
    assert_eq!(reply.status, 409);
    assert_eq!(site.state(&cookie).note.as_deref(), Some("theirs"));
    assert_eq!(site.state(&cookie).views, 0);
}

// Fails when a commit that was refused has merged half, so that the next one adds it up again.
#[tokio::test]
async fn rule_23_a_refused_commit_leaves_the_handle_as_it_was() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(0));
    let theirs = |s: &mut Handle| {
        s.hits += 5;
        s.plan = Some("theirs".into());
    };
    meanwhile(&site, &shelf, "update", &cookie, theirs);
    let reply = site
        .run(&cookie, async |mut s: Handle| {
            s.hits += 2;
            s.plan = Some("ours".into());
            let refused = s.commit().await.expect_err("both changed the plan");
            assert_eq!(refused.status(), 409);
            assert_eq!(s.hits, 2, "the handle is as good as before");
            s.plan = None;
        })
        .await;
    assert_eq!(reply.status, 200);
    let s = site.state(&cookie);
    assert_eq!((s.hits, s.plan.as_deref()), (7, Some("theirs")));
}

// Fails when a write that took effect, and whose answer was lost, is merged with itself.
#[tokio::test]
async fn rule_27_a_commit_that_failed_after_its_effect_is_not_added_up_twice() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(0));
    let store = shelf.clone();
    let reply = site
        .run(&cookie, async move |mut s: Handle| {
            s.hits += 2;
            store.fail(session_tests::Fault::After("update"));
            let failed = s.commit().await.expect_err("the answer is lost");
            assert_eq!(failed.status(), 503);
            store.fail(None);
        })
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(site.state(&cookie).hits, 2);
}

// Fails when a login as another user takes over anything that the other side wrote but `keep`
// fields, or loses what it set itself.
#[tokio::test]
async fn rule_23_security_35_another_user_inherits_nothing_but_keep_fields() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { note: Some("ann's".into()), hits: 4, ..ann() });
    let theirs = |s: &mut Handle| {
        s.plan = Some("ann's".into());
        s.tags.insert("ann's".into());
        s.hits += 1;
        s.colour = "red".into();
        s.cart.insert("ann's".into(), 1);
    };
    let ours = |s: &mut Handle| {
        s.user = Some("bob".into());
        s.views = 3;
    };
    let reply = race(&site, &shelf, &cookie, theirs, ours).await;
    assert_eq!(reply.status, 200);
    let s = site.state(&cookie_of(&reply));
    assert_eq!((s.user.as_deref(), s.views, &*s.colour), (Some("bob"), 3, "red"));
    assert_eq!((s.plan.as_deref(), s.note.as_deref(), s.hits), (None, None, 0));
    assert!(s.tags.is_empty() && s.cart.is_empty());
    assert!(!site.lives(&cookie));
}

// Fails when a field that the login itself set is reset because somebody else wrote the same value.
#[tokio::test]
async fn rule_31_what_the_login_set_stays_though_the_other_side_set_the_same() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    let ours = |s: &mut Handle| {
        s.user = Some("bob".into());
        s.note = Some("x".into());
    };
    let reply = race(&site, &shelf, &cookie, |s| s.note = Some("x".into()), ours).await;
    assert_eq!(site.state(&cookie_of(&reply)).note.as_deref(), Some("x"));
}

// Fails when a request of the former user, which began before the login, writes into the session
// of the next one while its new id waits for the response.
#[tokio::test]
async fn rule_31_a_request_of_the_former_user_writes_nothing_into_the_next_ones_session() {
    let (site, _shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    let mut headers = http::HeaderMap::new();
    headers.insert("cookie", cookie.parse().expect("a header"));
    let mut former = site.layer.open(&headers).await.expect("ann's session");
    former.note = Some("ann's".into());
    let layer = site.layer.clone();
    let former = std::sync::Mutex::new(Some(former));
    let former = Arc::new(former);
    let taken = Arc::clone(&former);
    let reply = site
        .run(&cookie, async move |mut s: Handle| {
            s.user = Some("bob".into());
            s.commit().await.expect("written");
            let former = taken.lock().expect("sane").take().expect("once");
            let mut sent = http::HeaderMap::new();
            let _ = layer.close(former, &mut sent).await;
        })
        .await;
    let s = site.state(&cookie_of(&reply));
    assert_eq!((s.user.as_deref(), s.note.as_deref()), (Some("bob"), None));
}

// Fails when the second commit forgets that the first gave the session to another user, whose
// lifetime it then inherits.
#[tokio::test]
async fn rule_31_another_user_does_not_inherit_a_lifetime_by_way_of_two_commits() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    let own = async |mut s: Handle| s.set_max_age(session::days(20)).expect("good");
    site.run(&cookie, own).await;
    let reply = site
        .run(&cookie, async |mut s: Handle| {
            s.user = Some("bob".into());
            s.commit().await.expect("written");
            s.views += 1;
            s.commit().await.expect("written");
        })
        .await;
    assert_eq!(reply.attribute("Max-Age"), Some("86400"));
}

// Fails when a login takes effect twice, or two of them mix.
#[tokio::test]
async fn security_29_of_two_logins_at_once_one_wins_and_the_other_goes_on_in_a_session_of_its_own()
{
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { note: Some("kept".into()), ..visit(1) });
    let (layer, other) = (site.layer.clone(), cookie.clone());
    let won = Arc::new(std::sync::Mutex::new(None));
    let winner = Arc::clone(&won);
    shelf.before("update", move |_| {
        let cookie = elsewhere(&layer, &other, |s| s.user = Some("ann".into())).expect("written");
        *winner.lock().expect("sane") = cookie;
    });
    let reply = site.run(&cookie, async |mut s: Handle| s.user = Some("bob".into())).await;
    assert_eq!(reply.status, 200);
    let won = won.lock().expect("sane").take().expect("a cookie");
    let (first, second) = (site.state(&won), site.state(&cookie_of(&reply)));
    assert_eq!((first.user.as_deref(), first.note.as_deref()), (Some("ann"), Some("kept")));
    assert_eq!((second.user.as_deref(), second.note.as_deref()), (Some("bob"), None));
    assert_ne!(first.id(), second.id());
    assert!(!site.lives(&cookie));
    assert_eq!(shelf.rows().len(), 2);
}

// Fails when of two rotations both take effect, or the loser gets a cookie.
#[tokio::test]
async fn security_29_of_two_rotations_at_once_one_wins_and_the_other_is_a_409() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let reply = race(&site, &shelf, &cookie, |s| s.rotate(), |s| s.rotate()).await;
    assert_eq!(reply.status, 409);
    assert!(reply.line().is_none());
    assert_eq!(shelf.rows().len(), 1);
}

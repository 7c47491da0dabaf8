//! Rule 27: the store is down, slow, mixed up; and comes back.

use crate::state::{Handle, Visit, VisitIndexes, visit};
use http::StatusCode;
use session::{OnOutage, SessionsError};
use session_tests::{Fault, stored_site};
use std::time::Duration;

type Act = fn(&mut Handle);

fn ann() -> Visit {
    Visit { user: Some("ann".into()), ..visit(7) }
}

// Fails when an outage at load gives a session, says why to the client, or touches requests that
// don't use theirs; or when it outlasts the outage.
#[tokio::test]
async fn rule_27_e_8_down_at_load_is_a_503_for_those_who_use_the_session() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    shelf.fail(Fault::Down);
    site.events.take();
    let reply = site.run(&cookie, async |_: Handle| "never").await;
    assert_eq!(reply.status, 503);
    assert!(reply.line().is_none());
    assert!(!reply.body.contains("shelf"), "{}", reply.body);
    assert_eq!(site.events.take(), ["outage"]);
    let reply = site.run(&cookie, async |_: Option<Handle>| "never").await;
    assert_eq!(reply.status, 503);
    assert_eq!(site.run(&cookie, async || "fine").await.status, 200);
    // Without a cookie there is nothing to ask.
    let reply = site.run("", async |s: Option<Handle>| s.is_none().to_string()).await;
    assert_eq!(reply.body, "true");
    shelf.fail(None);
    assert_eq!(site.state(&cookie).views, 7);
    assert!(site.run(&cookie, async |mut s: Handle| s.views = 8).await.status == 200);
}

// Fails when the blank session of an outage is written, sends a cookie, or is taken for "none".
#[tokio::test]
async fn rule_27_ignored_it_is_a_blank_session_that_is_never_written() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.on_outage(OnOutage::Ignore));
    let cookie = site.cookie(ann());
    let before = shelf.dump();
    let acts: [fn(&mut Handle); 5] = [
        |s| s.views = 1,
        |s| s.user = Some("bob".into()),
        |s| s.save(),
        |s| s.set_max_age(session::days(2)).expect("good"),
        |s| {
            s.rotate();
            s.reauthenticated();
        },
    ];
    for act in acts {
        // Down when it is loaded, and back before it is written.
        let store = shelf.clone();
        shelf.fail(Fault::Down);
        site.events.take();
        shelf.calls();
        let reply = site
            .run(&cookie, async move |mut s: Handle| {
                store.fail(None);
                assert!(s.is_new() && s.views == 0);
                act(&mut s);
                s.commit().await.expect("nothing to do");
                act(&mut s);
                assert!(s.detach().await.is_err());
            })
            .await;
        assert_eq!(reply.status, 200);
        assert!(reply.line().is_none());
        assert_eq!(shelf.calls(), ["load"]);
        assert_eq!(site.events.take(), ["outage"]);
        assert_eq!(shelf.dump(), before);
    }
    shelf.fail(Fault::Down);
    let reply = site.run(&cookie, async |_: Option<Handle>| "never").await;
    assert_eq!(reply.status, 503);
    let both = async |s: Handle, _: Option<Handle>| s.views.to_string();
    assert_eq!(site.run(&cookie, both).await.status, 503);
    // It can't be ended, and the client must not be told that it was.
    let reply = site.run(&cookie, async |mut s: Handle| s.destroy()).await;
    assert_eq!(reply.status, 503);
    assert!(reply.line().is_none());
    shelf.fail(None);
    assert!(site.lives(&cookie));
}

// Fails when a write that failed is answered as if it had not, or a cookie is sent for it.
#[tokio::test]
async fn rule_27_e_9_down_at_write_is_a_503() {
    let acts: [(Act, &str); 4] = [
        (|s| s.views = 9, "update"),
        (|s| s.rotate(), "update"),
        (|s| s.destroy(), "delete"),
        (|s| s.user = None, "update"),
    ];
    for fault in [Fault::Before, Fault::After] {
        for (act, call) in acts {
            for ignore in [false, true] {
                let (site, shelf) = stored_site::<Visit, _>(|b| {
                    b.on_outage(if ignore { OnOutage::Ignore } else { OnOutage::Fail })
                });
                let cookie = site.cookie(ann());
                site.events.take();
                shelf.fail(fault(call));
                let reply = site.run(&cookie, async move |mut s: Handle| act(&mut s)).await;
                assert_eq!(reply.status, 503, "{call}");
                assert!(!reply.seals());
                assert!(!reply.body.contains("shelf"));
                assert_eq!(site.events.take(), ["loaded", "outage"]);
                shelf.fail(None);
                // The next request works.
                let reply = site.run(&cookie, async |s: Handle| s.is_new().to_string()).await;
                assert_eq!(reply.status, 200);
            }
        }
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        shelf.fail(fault("create"));
        let reply = site.run("", async |mut s: Handle| s.views = 1).await;
        assert_eq!(reply.status, 503);
        assert!(reply.line().is_none());
    }
}

// Fails when the handler's own error gives way to the store's, or the store's is not reported.
#[tokio::test]
async fn rule_27_e_10_the_handlers_own_error_goes_first() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.commit_on_server_error(true));
    let cookie = site.cookie(ann());
    shelf.fail(Fault::Before("update"));
    for status in [StatusCode::NOT_FOUND, StatusCode::BAD_GATEWAY] {
        site.events.take();
        let reply = site
            .run(&cookie, async move |mut s: Handle| {
                s.views += 1;
                (status, "mine")
            })
            .await;
        assert_eq!((reply.status, &*reply.body), (status, "mine"));
        assert_eq!(site.events.take(), ["loaded", "outage"]);
        assert!(reply.error.is_some());
    }
}

// Fails when a store that does not answer holds a request for longer than it was given.
#[tokio::test]
async fn rule_27_a_store_that_does_not_answer_is_an_outage() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.store_timeout(Duration::from_millis(20)));
    let cookie = site.cookie(ann());
    for call in ["load", "update"] {
        site.events.take();
        shelf.stick_before(call);
        let reply = site.run(&cookie, async |mut s: Handle| s.views += 1).await;
        assert_eq!(reply.status, 503, "{call}");
        assert!(site.events.take().contains(&"outage".to_owned()));
    }
    assert_eq!(site.state(&cookie).views, 7);
}

// Fails when the row of another key is somebody's session, by any call that brings a record.
#[tokio::test]
async fn security_63_the_row_of_another_key_is_an_error_and_nobodys_session() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookies = [site.cookie(ann()), site.cookie(visit(2))];
    let rows = shelf.rows();
    let swap = |shelf: &session_tests::Shelf| {
        let (a, b) = (rows[0].clone(), rows[1].clone());
        shelf.put(a.0, b.1);
        shelf.put(b.0, a.1);
    };
    swap(&shelf);
    for cookie in &cookies {
        site.events.take();
        let reply = site.run(cookie, async |_: Handle| "never").await;
        assert_eq!(reply.status, 503);
        assert_eq!(site.events.take(), ["outage"]);
    }
    for (key, record) in &rows {
        shelf.put(*key, record.clone());
    }
    let handle = site.state(&cookies[0]).id().expect("a handle");
    let sessions = site.layer.sessions();
    assert!(sessions.get(handle).await.expect("there").is_some());
    swap(&shelf);
    assert!(matches!(sessions.get(handle).await, Err(SessionsError::Store(_))));
    assert!(sessions.by_user("ann").list().await.is_err());
    for (key, record) in &rows {
        shelf.put(*key, record.clone());
    }
    // Mixed up between load and update.
    let reply = {
        let rows = rows.clone();
        shelf.before("update", move |shelf| {
            for (row, other) in [(0, 1), (1, 0)] {
                let mut record = rows[other].1.clone();
                record.revision = record.revision.next();
                shelf.put(rows[row].0, record);
            }
        });
        site.run(&cookies[0], async |mut s: Handle| s.views = 9).await
    };
    assert_eq!(reply.status, 503);
    assert!(
        shelf
            .rows()
            .iter()
            .all(|(_, record)| { rows.iter().any(|(_, other)| other.body == record.body) })
    );
}

// Fails when a row that was put back to an older version under the same key is written over.
#[tokio::test]
async fn rule_27_what_a_conflict_brings_and_can_not_be_read_is_not_overwritten() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(ann());
    let (key, _) = shelf.rows()[0].clone();
    shelf.before("update", move |shelf| {
        shelf.scribble(&key, |record| {
            record.revision = record.revision.next();
            record.body = b"\x00garbage".to_vec();
        });
    });
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 9).await;
    assert_eq!(reply.status, 503);
    assert_eq!(shelf.rows()[0].1.body, b"\x00garbage");
}

// Fails when an index that can't be written lets a login through that could not be listed.
#[tokio::test]
async fn rule_25_a_login_without_its_index_entry_is_no_login() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    shelf.fail(Fault::Before("index_insert"));
    let reply = site.run(&cookie, async |mut s: Handle| s.user = Some("ann".into())).await;
    assert_eq!(reply.status, 503);
    shelf.fail(None);
    assert!(site.state(&cookie).user.is_none());
    // The other way round it names what is dead, and does no harm.
    let ann = site.cookie(ann());
    shelf.fail(Fault::Before("index_remove"));
    let reply = site.run(&ann, async |mut s: Handle| s.destroy()).await;
    assert!(reply.removes());
    shelf.fail(None);
    assert_eq!(shelf.members().len(), 1);
    let sessions = site.layer.sessions();
    assert_eq!(sessions.by_user("ann").count().await.expect("there"), 0);
}

// Fails when the load that a conflict without the record needs is not covered.
#[tokio::test]
async fn rule_27_down_at_the_load_of_a_conflict_is_a_503() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    shelf.give_no_records();
    let cookie = site.cookie(visit(1));
    let (key, _) = shelf.rows()[0].clone();
    shelf.before("update", move |shelf| {
        shelf.scribble(&key, |record| record.revision = record.revision.next());
        shelf.fail(Fault::Before("load"));
    });
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 9).await;
    assert_eq!(reply.status, 503);
    shelf.calm();
    assert_eq!(site.state(&cookie).views, 1);
}

// Fails when an outage does not say in which call it was, or there is another number of them than one.
#[tokio::test]
async fn a_18_an_outage_names_the_call() {
    use session::Event;
    use std::sync::{Arc, Mutex};
    type Does = fn(&mut Handle);
    let cases: [(&str, bool, Does); 7] = [
        ("load", true, |_| ()),
        ("create", false, |s| s.views = 1),
        ("update", true, |s| s.views = 2),
        ("touch", true, |_| ()),
        ("delete", true, |s| s.destroy()),
        ("index_insert", true, |s| s.user = Some("ann".into())),
        ("load", true, |s| s.destroy()),
    ];
    for (call, brings, does) in cases {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let said = Arc::clone(&calls);
        let (site, shelf) = stored_site::<Visit, _>(|b| {
            b.rolling().on_event(move |event| {
                if let Event::Outage(error) = event {
                    let during = error.during().map(session::store::StoreCall::name);
                    said.lock().expect("sane").push((during, error.to_string()));
                }
            })
        });
        let cookie = if brings { site.cookie(visit(1)) } else { String::new() };
        site.clock.advance(session::minutes(1));
        shelf.fail(Fault::Before(call));
        let reply = site.run(&cookie, async move |mut s: Handle| does(&mut s)).await;
        assert_eq!(reply.status, 503, "{call}");
        let said = calls.lock().expect("sane");
        let [(during, text)] = said.as_slice() else { panic!("{call}: {said:?}") };
        assert_eq!(*during, Some(call));
        assert_eq!(*text, format!("the session store can't be reached, in `{call}`"));
        let error = match reply.error.as_deref() {
            Some(session::CommitError::Store(error)) => error.during(),
            // The extraction was refused.
            None => Some(session::store::StoreCall::Load),
            other => panic!("{other:?}"),
        };
        assert_eq!(error.map(session::store::StoreCall::name), Some(call));
    }
    // What a store says of itself is said by nobody's call.
    let own = session::store::StoreError::corrupt();
    assert_eq!(own.during(), None);
}

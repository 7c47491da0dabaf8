//! Rule 13: the public handle. And how ids are made, and which store they are looked for in.

use crate::race::{cookie_of, key_of};
use crate::state::{Handle, Visit, VisitIndexes, visit};
use axum::Router;
use session::store::{Record, Revision, Times};
use session::{Millis, SessionHandle, Sessions};
use session_tests::{Shelf, Site, request, stored_site};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

fn note_id(place: &Arc<Mutex<Vec<Option<SessionHandle>>>>, s: &Handle) {
    place.lock().expect("sane").push(s.id());
}

// Fails when the handle of a new session is another before its first write, after it, after a commit
// or after a rotation; or when a new session inherits one.
#[tokio::test]
async fn rule_13_the_handle_is_stable_and_a_new_session_has_a_new_one() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut visitor = site.visitor();
    let ids = Arc::clone(&seen);
    visitor
        .sends(async move |mut s: Handle| {
            note_id(&ids, &s);
            s.views = 1;
            note_id(&ids, &s);
            s.commit().await.expect("written");
            note_id(&ids, &s);
            s.user = Some("ann".into());
            note_id(&ids, &s);
        })
        .await;
    let ids = Arc::clone(&seen);
    visitor
        .sends(async move |mut s: Handle| {
            note_id(&ids, &s);
            s.rotate();
            s.commit().await.expect("done");
            note_id(&ids, &s);
        })
        .await;
    let mut ids = seen.lock().expect("sane").clone();
    ids.push(visitor.state().id());
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert!(ids[0].is_some());
    let ids = Arc::clone(&seen);
    visitor
        .sends(async move |mut s: Handle| {
            ids.lock().expect("sane").clear();
            note_id(&ids, &s);
            s.destroy();
            note_id(&ids, &s);
            s.views = 1;
        })
        .await;
    let ids = seen.lock().expect("sane").clone();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(visitor.state().id(), ids[1]);
}

// Fails when an optional session is there without one, or not there with one.
#[tokio::test]
async fn rule_13_option_is_none_without_a_live_session() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let there = async |s: Option<Handle>| s.is_some().to_string();
    let cookie = site.cookie(visit(1));
    assert_eq!(site.run(&cookie, there).await.body, "true");
    assert_eq!(site.run("", there).await.body, "false");
    // One that an earlier handle of this request made is there.
    let made = async |mut first: Handle, second: Option<Handle>| {
        first.views = 1;
        second.is_some().to_string()
    };
    assert_eq!(site.run("", made).await.body, "false", "both came before the change");
    shelf.forget(&key_of(site.state(&cookie).id()));
    let reply = site.run(&cookie, there).await;
    assert_eq!((&*reply.body, reply.removes()), ("false", true));
}

// Fails when a taken key is overwritten, or a login fails because of it.
#[tokio::test]
async fn security_33_a_taken_key_is_left_alone_and_another_id_is_made() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let others = Arc::new(Mutex::new(Vec::new()));
    let handle = Arc::new(Mutex::new(None));
    let (named, kept) = (Arc::clone(&handle), Arc::clone(&others));
    shelf.before("create", move |shelf| {
        let key = key_of(*named.lock().expect("sane"));
        let times = Times::new(Millis::from_ms(1), 1, Millis::MAX);
        let record = Record { revision: Revision::FIRST, times, body: b"somebody's".to_vec() };
        shelf.put(key, record.clone());
        kept.lock().expect("sane").push((key, record));
    });
    let reply = site
        .run("", async move |mut s: Handle| {
            *handle.lock().expect("sane") = s.id();
            s.user = Some("ann".into());
        })
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(shelf.calls(), ["index_insert", "create", "index_insert", "create"]);
    assert_eq!(site.state(&cookie_of(&reply)).user.as_deref(), Some("ann"));
    let other = others.lock().expect("sane")[0].clone();
    assert!(shelf.rows().contains(&other));
    let found = site.layer.sessions().by_user("ann").list().await.expect("there");
    assert_eq!(found.len(), 1);
}

// Fails when an engine that says "taken" for ever is asked for ever.
#[tokio::test]
async fn security_33_always_taken_is_an_error() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    shelf.take_all_keys();
    let reply = site.run("", async |mut s: Handle| s.views = 1).await;
    assert_eq!(reply.status, 503);
    assert!(reply.line().is_none());
}

/// A generator that counts: 1, 2, 3 in every byte.
fn counting(from: u8) -> (Arc<AtomicU8>, impl Fn() -> Making + Send + Sync + 'static) {
    let next = Arc::new(AtomicU8::new(from));
    let counter = Arc::clone(&next);
    let make = move || {
        let byte = next.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok::<_, std::fmt::Error>([byte; 32])
        }) as Making
    };
    (counter, make)
}

type Making =
    std::pin::Pin<Box<dyn Future<Output = Result<[u8; 32], std::fmt::Error>> + Send + 'static>>;

// Fails when the generator is not asked for each new id, asked for more, or its answer not used.
#[tokio::test]
async fn an_id_generator_is_asked_once_for_each_new_id() {
    use base64::Engine;
    let (count, make) = counting(1);
    let (site, _) = stored_site::<Visit, _>(|b| b.id_generator(make));
    let mut visitor = site.visitor();
    let secret = |cookie: &str| {
        let token = cookie.split_once('=').expect("a pair").1.to_owned();
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        engine.decode(token).expect("base64url")[16..].to_vec()
    };
    visitor.sends(async |mut s: Handle| s.views = 1).await;
    assert_eq!(secret(&visitor.cookie), [1; 32]);
    visitor.sends(async |mut s: Handle| s.views = 2).await;
    visitor.sends(async |s: Handle| s.views.to_string()).await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
    visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert_eq!(secret(&visitor.cookie), [2; 32]);
    let reply = visitor
        .sends(async |mut s: Handle| {
            s.user = Some("ann".into());
            let mut detached = s.detach().await.expect("a row");
            detached.hits = 1;
            detached.commit().await.expect("written");
        })
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(secret(&visitor.cookie), [3; 32]);
    assert_eq!((visitor.state().hits, count.load(Ordering::SeqCst)), (1, 4));
}

// Fails when zeros or a failure become an id, or when the old session does not survive that.
#[tokio::test]
async fn security_1_a_failing_generator_is_an_error_and_never_zeros() {
    for zeros in [false, true] {
        let broken = Arc::new(AtomicU8::new(0));
        let now = Arc::clone(&broken);
        let (site, shelf) = stored_site::<Visit, _>(|b| {
            b.id_generator(move || {
                let broken = now.load(Ordering::SeqCst) == 1;
                async move {
                    match (broken, zeros) {
                        (false, _) => Ok([7; 32]),
                        (true, true) => Ok([0; 32]),
                        (true, false) => Err("no randomness: secret-reason"),
                    }
                }
            })
        });
        let mut visitor = site.visitor();
        visitor.sends(async |mut s: Handle| s.views = 1).await;
        broken.store(1, Ordering::SeqCst);
        let before = shelf.dump();
        for act in [(|s| s.rotate()) as fn(&mut Handle), |s| s.user = Some("ann".into())] {
            let reply = visitor.sends(async move |mut s: Handle| act(&mut s)).await;
            assert_eq!(reply.status, 500);
            assert!(reply.line().is_none());
            assert!(!reply.body.contains("secret-reason"));
        }
        let reply = site.run("", async |mut s: Handle| s.views = 1).await;
        assert_eq!((reply.status.as_u16(), reply.line()), (500, None));
        assert_eq!(shelf.dump(), before);
        // What needs no id works, ending too.
        assert_eq!(visitor.sends(async |mut s: Handle| s.views = 2).await.status, 200);
        assert!(visitor.sends(async |mut s: Handle| s.destroy()).await.removes());
    }
}

// Fails when the secrets that a generator repeats let one session be opened with another's id.
#[tokio::test]
async fn security_33_repeated_secrets_give_different_sessions() {
    let (site, shelf) =
        stored_site::<Visit, _>(|b| b.id_generator(async || Ok::<_, std::fmt::Error>([9; 32])));
    let mut visitors = [site.visitor(), site.visitor()];
    for (n, visitor) in visitors.iter_mut().enumerate() {
        visitor.sends(async move |mut s: Handle| s.views = n as u64 + 1).await;
    }
    assert_eq!((visitors[0].state().views, visitors[1].state().views), (1, 2));
    assert_eq!(shelf.rows().len(), 2);
}

// Fails when a request's session is looked for in another store than its own, by handlers or by
// `Sessions`; or when the store is asked for though nobody uses the session.
#[tokio::test]
async fn rule_16_stored_with_picks_the_store_of_the_request() {
    let tenants: BTreeMap<&str, Shelf> = [("a", Shelf::default()), ("b", Shelf::default())].into();
    let picked = Arc::new(AtomicU8::new(0));
    let (stores, count) = (tenants.clone(), Arc::clone(&picked));
    let (other, _) = stored_site::<Visit, _>(|b| b);
    let site: Site<Visit> = other.beside(session::SessionLayer::stored_with(move |parts| {
        count.fetch_add(1, Ordering::SeqCst);
        stores[parts.headers["tenant"].to_str().expect("text")].clone()
    }));
    let send = async |tenant: &str, cookie: &str, app: Router| {
        let mut request = request(cookie);
        request.headers_mut().insert("tenant", tenant.parse().expect("a header"));
        site.send(app, request).await
    };
    let login = site.app(async |mut s: Handle| s.user = Some("ann".into()));
    let cookie = cookie_of(&send("a", "", login).await);
    let show = site.app(async |s: Handle| format!("{:?}", s.user));
    assert_eq!(send("a", &cookie, show.clone()).await.body, "Some(\"ann\")");
    assert_eq!(send("b", &cookie, show).await.body, "None");
    assert_eq!((tenants["a"].rows().len(), tenants["b"].rows().len()), (1, 0));
    let count = site.app(async |sessions: Sessions<Visit>| {
        sessions.by_user("ann").count().await.expect("a store").to_string()
    });
    assert_eq!(send("a", "", count.clone()).await.body, "1");
    assert_eq!(send("b", "", count).await.body, "0");
    assert!(matches!(
        site.layer.sessions().get(other_handle(&other)).await,
        Err(session::SessionsError::NoStore)
    ));
    let before = picked.load(Ordering::SeqCst);
    send("a", &cookie, site.app(async || ())).await;
    assert_eq!(picked.load(Ordering::SeqCst), before);
}

fn other_handle(site: &Site<Visit>) -> SessionHandle {
    site.state("").id().expect("a store")
}

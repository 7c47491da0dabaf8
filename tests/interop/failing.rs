//! What fails while a session is in a row of theirs: handlers, clients, and Redis.

use crate::node::Node;
use crate::proxy::{Mode, Proxy, port_of};
use crate::raw::Redis as Line;
use crate::turns::{KEYS, Turns, Visit, count, destroy, redis, show};
use serde_json::json;
use session::compat::koa::{KoaKeys, KoaRows};
use session::store::RedisStore;
use session::{SessionLayer, TypedSession};
use session_tests::servers::{self, Redis};
use session_tests::{Site, request, site_of};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tower::ServiceExt;

/// How long one call may take here.
const PATIENCE: Duration = Duration::from_secs(2);
/// A busy machine needs it.
const SLACK: Duration = Duration::from_secs(20);

fn site(redis: RedisStore) -> Site<Visit> {
    let rows = KoaRows::koa_session(KoaKeys::sha1(KEYS).expect("keys"), redis);
    let site = site_of(SessionLayer::<Visit>::koa_rows(rows).store_timeout(PATIENCE));
    site.named("koa.sess")
}

/// A session with one view in the common Redis.
async fn begun() -> (Turns, Line, String) {
    let url = servers::url("SESSION_TEST_REDIS");
    let options = ["--kind", "koa-session", "--keys", "key-new-2023,key-old-2022", "--redis", &url];
    let mut turns = Turns::new(Node::with(&options), site(redis(&url).await));
    turns.node_sets(json!({ "views": 1 })).await;
    let id = turns.jar.0["koa.sess"].clone();
    (turns, Line::at(&url), id)
}

async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < SLACK, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_failed_request_leaves_the_row_as_it_was() {
    let (mut turns, mut redis, id) = begun().await;
    let before = redis.ask(&["GET", &id]);
    let failed = |mut session: TypedSession<Visit>| async move {
        session.views = 9;
        session.rotate();
        http::StatusCode::INTERNAL_SERVER_ERROR
    };
    let reply = turns.rust(failed).await;
    assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (500, 0));
    let discarded = |mut session: TypedSession<Visit>| async move {
        session.views = 9;
        session.rotate();
        session.discard();
    };
    let reply = turns.rust(discarded).await;
    assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (200, 0));
    assert_eq!(redis.ask(&["GET", &id]), before);
    assert_eq!(turns.node_reads().await.state()["views"], 1);
}

#[tokio::test]
async fn a_panic_leaves_the_row_as_it_was() {
    async fn panics(mut session: TypedSession<Visit>) {
        session.views = 9;
        session.rotate();
        panic!("on purpose");
    }
    let (turns, mut redis, id) = begun().await;
    let before = redis.ask(&["GET", &id]);
    let app = turns.rust.app(panics).layer(tower_http::catch_panic::CatchPanicLayer::new());
    let reply = turns.rust.send(app, request(&turns.jar.header())).await;
    assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (500, 0));
    assert_eq!(redis.ask(&["GET", &id]), before);
}

/// Ending a session is stronger than failing.
#[tokio::test]
async fn a_failed_request_ends_the_session_all_the_same() {
    let (mut turns, mut redis, id) = begun().await;
    turns
        .rust(|mut session: TypedSession<Visit>| async move {
            session.destroy();
            http::StatusCode::INTERNAL_SERVER_ERROR
        })
        .await;
    assert!(turns.jar.0.is_empty(), "{:?}", turns.jar);
    assert_eq!(redis.ask(&["EXISTS", &id]), ":0");
}

/// The old row goes when the response does, which brings the new id.
#[tokio::test]
async fn a_rotation_that_was_committed_takes_the_old_row_along() {
    let (mut turns, redis, id) = begun().await;
    let url = servers::url("SESSION_TEST_REDIS");
    let (old, line) = (id.clone(), Arc::new(Mutex::new(redis)));
    let seen = Arc::clone(&line);
    for status in [200, 500] {
        let (old, seen) = (turns.jar.0["koa.sess"].clone(), Arc::clone(&seen));
        let asked = old.clone();
        turns
            .rust(move |mut session: TypedSession<Visit>| async move {
                session.views += 1;
                session.rotate();
                session.commit().await.expect("Redis is well");
                let there = seen.lock().expect("not poisoned").ask(&["EXISTS", &asked]);
                assert_eq!(there, ":1", "until the response the client has the old id alone");
                http::StatusCode::from_u16(status).expect("a status")
            })
            .await;
        let new = turns.jar.0["koa.sess"].clone();
        assert_ne!(new, old, "{status}");
        assert_eq!(Line::at(&url).ask(&["EXISTS", &old, &new]), ":1", "{status}");
    }
    assert_ne!(turns.jar.0["koa.sess"], old);
    assert_eq!(turns.node_reads().await.state()["views"], 3);
}

/// The client is gone while the row is written: it is written or it is not, and the session lives on under
/// the id that the client has.
#[tokio::test]
async fn a_client_that_goes_while_a_row_is_written_keeps_its_session() {
    let (turns, mut redis, id) = begun().await;
    let url = servers::url("SESSION_TEST_REDIS");
    let proxy = Arc::new(Proxy::start(port_of(&url)).await);
    let mut far =
        Turns::new(turns.node, site(self::redis(&proxy.url(&url)).await)).with(turns.jar.clone());
    far.rust_reads().await;
    let (ready, mut is_ready) = tokio::sync::mpsc::channel(1);
    let silent = Arc::clone(&proxy);
    let app = far.rust.app(move |mut session: TypedSession<Visit>| async move {
        session.views = 2;
        silent.set(Mode::SwallowReplies);
        let _ = ready.send(()).await;
    });
    let asked = tokio::spawn(app.oneshot(request(&far.jar.header())));
    is_ready.recv().await.expect("it was reached");
    soon("the row is written", || redis.ask(&["GET", &id]).contains(r#""views":2"#)).await;
    asked.abort();
    assert!(asked.await.is_err_and(|error| error.is_cancelled()));
    proxy.break_all().await;
    assert_eq!(far.rust_reads().await["state"]["views"], 2);
    assert_eq!(far.node_reads().await.state()["views"], 2);
}

/// A logout does not depend on the client's waiting for the answer.
#[tokio::test]
async fn a_client_that_goes_while_its_session_ends_is_logged_out() {
    let (turns, mut redis, id) = begun().await;
    let app = turns.rust.app(|mut session: TypedSession<Visit>| async move {
        session.destroy();
        std::future::pending::<()>().await;
    });
    let mut asked = Box::pin(app.oneshot(request(&turns.jar.header())));
    // The row is read, and the handler waits for ever.
    let waits = tokio::time::timeout(Duration::from_millis(500), &mut asked).await;
    assert!(waits.is_err());
    drop(asked);
    soon("the row is deleted", || redis.ask(&["EXISTS", &id]) == ":0").await;
}

/// An id that nobody ever got is nobody's: the one before holds, and a new session leaves no row.
#[tokio::test]
async fn what_was_committed_under_a_new_id_goes_with_the_client() {
    let Down { redis, mut turns } = down().await;
    let mut line = Line::at(&redis.url());
    let jar = turns.jar.header();
    for cookie in [jar, String::new()] {
        let (committed, mut is_committed) = tokio::sync::mpsc::channel(1);
        let app = turns.rust.app(move |mut session: TypedSession<Visit>| async move {
            session.views += 1;
            session.rotate();
            session.commit().await.expect("Redis is well");
            let _ = committed.send(()).await;
            std::future::pending::<()>().await;
        });
        let asked = tokio::spawn(app.oneshot(request(&cookie)));
        is_committed.recv().await.expect("it was reached");
        assert_eq!(line.ask(&["DBSIZE"]), ":2");
        asked.abort();
        assert!(asked.await.is_err_and(|error| error.is_cancelled()));
        soon("the new row is deleted", || line.ask(&["DBSIZE"]) == ":1").await;
        assert_eq!(turns.rust_reads().await["state"]["views"], 1, "as before");
    }
}

/// A server of our own, which can be killed. Its rows are on its disk.
struct Down {
    redis: servers::Server,
    turns: Turns,
}

async fn down() -> Down {
    let redis = Redis::start(&Redis::EVERY_WRITE_ON_DISK).expect("Redis starts");
    // Node would complain of this Redis for as long as it runs: it has nothing to do with it.
    let node = Node::with(&["--kind", "koa-session", "--keys", KEYS[0]]);
    let mut turns = Turns::new(node, site(self::redis(&redis.url()).await));
    turns.rust_counts().await;
    Down { redis, turns }
}

#[tokio::test]
async fn redis_down_is_503_and_recovers() {
    let Down { mut redis, mut turns } = down().await;
    redis.kill();
    let jar = turns.jar.clone();
    for _ in 0..3 {
        let begin = Instant::now();
        let reply = turns.rust(show::<Visit>).await;
        assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (503, 0), "{reply:?}");
        assert!(begin.elapsed() < PATIENCE + SLACK);
        let reply = turns.rust(count).await;
        assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (503, 0), "{reply:?}");
    }
    assert_eq!(turns.jar, jar, "nobody is logged out");
    // Who does not ask for the session does not notice.
    assert_eq!(turns.rust(|| async { "fine" }).await.body, "fine");
    redis.restart().expect("Redis starts");
    turns.rust_counts().await;
    assert_eq!(turns.rust_reads().await["state"]["views"], 2);
}

#[tokio::test]
async fn a_write_that_redis_does_not_take_is_503_and_the_session_stays() {
    let Down { redis, mut turns } = down().await;
    let url = redis.url();
    let shared = Arc::new(Mutex::new(redis));
    let killer = Arc::clone(&shared);
    let reply = turns
        .rust(move |mut session: TypedSession<Visit>| async move {
            session.views = 9;
            killer.lock().expect("not poisoned").kill();
        })
        .await;
    assert_eq!((reply.status.as_u16(), reply.set_cookies().len()), (503, 0), "{reply:?}");
    shared.lock().expect("not poisoned").restart().expect("Redis starts");
    assert_eq!(Line::at(&url).ask(&["DBSIZE"]), ":1");
    assert_eq!(turns.rust_reads().await["state"]["views"], 1);
}

/// Who logs out while Redis is down is told that it failed; once Redis is back, the row goes.
#[tokio::test]
async fn a_logout_that_redis_does_not_take_is_carried_out_later() {
    let Down { redis, mut turns } = down().await;
    let id = turns.jar.0["koa.sess"].clone();
    let url = redis.url();
    let shared = Arc::new(Mutex::new(redis));
    let killer = Arc::clone(&shared);
    let reply = turns
        .rust(move |session: TypedSession<Visit>| async move {
            killer.lock().expect("not poisoned").kill();
            destroy(session).await;
        })
        .await;
    assert_eq!(reply.status, 503, "{reply:?}");
    shared.lock().expect("not poisoned").restart().expect("Redis starts");
    let mut line = Line::at(&url);
    soon("the row is deleted", || line.ask(&["EXISTS", &id]) == ":0").await;
}

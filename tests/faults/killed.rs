//! Servers that are killed in the middle of load, and started again: the app goes on by itself, what
//! was acknowledged is there where the engine promises it, and what was ended stays ended.

use crate::engines::{Engine, PATIENCE, RECOVERY, SLACK, Terms};
use crate::load::{Load, Lost};
use session::store::StoreErrorKind;
use session_tests::servers::{MariaDb, Memcached, Postgres, Redis, Server};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often a server is killed under one load.
const KILLS: usize = 2;

fn terms() -> Terms {
    Terms { store: Duration::from_secs(2), ..Terms::default() }
}

/// With `appendonly yes` and `appendfsync always`: acknowledged is on the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_redis_that_syncs_always_is_killed_under_load_and_nothing_is_lost() {
    nothing_is_lost(Engine::Redis, Redis::start(&Redis::EVERY_WRITE_ON_DISK)).await;
}

/// With `fsync` and `synchronous_commit` on, as they are by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_postgres_is_killed_under_load_and_nothing_is_lost() {
    nothing_is_lost(Engine::Postgres, Postgres::start(&[])).await;
}

/// With `innodb_flush_log_at_trx_commit = 1`, as it is by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_mariadb_is_killed_under_load_and_nothing_is_lost() {
    nothing_is_lost(Engine::MariaDb, MariaDb::start(&[])).await;
}

async fn nothing_is_lost(engine: Engine, server: Result<Server, session_tests::servers::Trouble>) {
    let mut server = server.expect("a server");
    let site = engine.site(&server.url(), terms()).await;
    let load = Load::start(&site).await;
    for kill in 1..=KILLS {
        load.acknowledged(100).await;
        server.kill();
        load.refused(20).await;
        tokio::task::block_in_place(|| server.restart().expect("back again"));
        let took = load.each_counted().await;
        println!("{engine:?}, kill {kill}: well again {took:?} after the restart");
        assert!(took < RECOVERY, "well again after {took:?}");
    }
    load.acknowledged(100).await;
    println!("{engine:?}: {} acknowledged changes", load.total());
    assert_eq!(load.end(&site).await, Lost::default());
}

/// The first to find out may wait for as long as a pool is patient: the server may be starting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_while_a_server_is_down_nobody_waits_for_it() {
    let servers = [
        (Engine::Redis, Redis::start(&Redis::EVERY_WRITE_ON_DISK)),
        (Engine::Postgres, Postgres::start(&[])),
        (Engine::MariaDb, MariaDb::start(&[])),
    ];
    for (engine, server) in servers {
        let mut server = server.expect("a server");
        let site = engine.site(&server.url(), Terms::default()).await;
        let mut ann = site.visitor();
        ann.gets("/login/ann").await;
        server.kill();
        crate::app::refused(&ann.sends("/hit").await);
        site.heard.take();
        let begin = Instant::now();
        for _ in 0..20 {
            crate::app::refused(&ann.sends("/hit").await);
        }
        let took = begin.elapsed();
        println!("{engine:?}: 20 refusals in {took:?}");
        // One of them may be the one that waits.
        assert!(took < PATIENCE + SLACK, "{engine:?}: 20 refusals in {took:?}");
        for outage in site.heard.outages() {
            assert_eq!(outage.kind, Some(StoreErrorKind::Unavailable), "{engine:?}: {outage:?}");
        }
        tokio::task::block_in_place(|| server.restart().expect("back again"));
        assert!(ann.gets("/hit").await.starts_with("hits=1 "), "the next request works");
    }
}

/// Nothing survives memcached, so nothing is to be found: neither what was alive nor what was ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_memcached_is_killed_and_no_session_comes_back() {
    let server = Memcached::start(&[]).expect("memcached");
    let url = server.url();
    let server = Arc::new(Mutex::new(server));
    let site = Engine::Memcached.site(&url, terms()).await;
    let (mut ann, mut bob) = (site.visitor(), site.visitor());
    ann.gets("/login/ann").await;
    bob.gets("/login/bob").await;
    let (killed, cookie) = (Arc::clone(&server), ann.cookie.clone());
    // Read before, written after: what was read is not brought back.
    site.between.once(move || {
        let mut server = killed.lock().expect("not poisoned");
        server.kill();
        server.restart().expect("back again");
    });
    let reply = ann.asks("/hit").await;
    // Refused, if the store met the broken connection; else it asked, and there was nothing.
    assert!([409, 503].contains(&reply.status.as_u16()), "{reply:?}");
    for cookie in [&cookie, &bob.cookie] {
        let text = site.visitor_with(cookie).gets("/read").await;
        assert!(text.starts_with("hits=0 user= "), "it is back: {text}");
        let mut visitor = site.visitor_with(cookie);
        visitor.gets("/hit").await;
        assert_ne!(visitor.cookie, *cookie, "an unknown id is not adopted");
    }
    // While it is away there is no session, and the very next request after it is back works.
    server.lock().expect("not poisoned").kill();
    let begin = Instant::now();
    for _ in 0..20 {
        crate::app::refused(&bob.sends("/hit").await);
    }
    assert!(begin.elapsed() < RECOVERY, "refused connections cost no time");
    tokio::task::block_in_place(|| {
        server.lock().expect("not poisoned").restart().expect("back again");
    });
    assert!(site.visitor().gets("/login/carl").await.contains("user=carl"));
}

/// The same, with many who ask at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_31_memcached_is_killed_under_load_and_no_logout_is_undone() {
    let mut server = Memcached::start(&[]).expect("memcached");
    let site = Engine::Memcached.site(&server.url(), terms()).await;
    let load = Load::start(&site).await;
    load.acknowledged(100).await;
    server.kill();
    load.refused(20).await;
    tokio::task::block_in_place(|| server.restart().expect("back again"));
    // Counters are gone, so that nobody counts; visitors come anew.
    let took = load.acknowledged(50).await;
    assert!(took < RECOVERY, "well again after {took:?}");
    let lost = load.end(&site).await;
    assert_eq!(lost.logouts, 0, "{lost:?}");
    assert!(lost.increments > 0 && lost.logins > 0, "all of it: {lost:?}");
}

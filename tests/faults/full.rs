//! Servers that are there and can't do what they are asked: full, read-only, without room for
//! another connection, without their scripts or tables.

use crate::app::{Site, Visitor, number, refused, shown};
use crate::engines::{Engine, PATIENCE, RECOVERY, SLACK, Terms, site};
use crate::raw::{Redis as Line, hold_postgres, psql};
use crate::state::{Kind, Plain, Visit};
use session::SessionLayer;
use session::store::{PostgresStore, RedisStore, StoreErrorKind};
use session_tests::servers::{Postgres, Redis};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

const IN_MEMORY: [&str; 4] = ["--save", "", "--appendonly", "no"];

/// A refusal that is told to be the server's own.
async fn refused_as(site: &Site, visitor: &Visitor, path: &str, kind: StoreErrorKind, hint: &str) {
    site.heard.take();
    refused(&visitor.sends(path).await);
    for outage in site.heard.outages() {
        assert_eq!(outage.kind, Some(kind), "{path}: {outage:?}");
        assert!(outage.text.contains(hint), "{path}: {outage:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_redis_forgets_its_scripts_under_load_and_nobody_notices() {
    let server = Redis::start(&IN_MEMORY).expect("Redis");
    let site = Engine::Redis.site(&server.url(), Terms::default()).await;
    let mut counter = site.visitor();
    counter.gets("/login/counter").await;
    let stop = Arc::new(AtomicBool::new(false));
    let (url, stopped) = (server.url(), Arc::clone(&stop));
    let flushing = tokio::task::spawn_blocking(move || {
        let mut line = Line::at(&url);
        let mut flushes = 0;
        while !stopped.load(Ordering::SeqCst) {
            assert_eq!(line.ask(&["SCRIPT", "FLUSH"]), "+OK");
            flushes += 1;
        }
        flushes
    });
    let counting = (0..8).map(|_| {
        let counter = counter.clone();
        tokio::spawn(async move {
            for _ in 0..25 {
                let reply = counter.sends("/hit").await;
                assert_eq!(reply.status, 200, "{reply:?}");
            }
        })
    });
    for client in counting.collect::<Vec<_>>() {
        client.await.expect("all answers are 200");
    }
    stop.store(true, Ordering::SeqCst);
    assert!(flushing.await.expect("flushed") > 10);
    assert_eq!(number(&counter.gets("/read").await, "hits"), 200);
    assert_eq!(site.heard.count("outage"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_redis_out_of_memory_refuses_changes_and_still_reads_and_ends() {
    let server = Redis::start(&[&IN_MEMORY[..], &["--maxmemory-policy", "noeviction"]].concat());
    let server = server.expect("Redis");
    let store = RedisStore::connect(server.url().as_str()).await.expect("Redis");
    let site = site::<Visit, _>(SessionLayer::stored(store), Terms::default());
    let (mut ann, mut bob) = (site.visitor(), site.visitor());
    ann.gets("/login/ann").await;
    bob.gets("/login/bob").await;

    let mut line = Line::at(&server.url());
    assert_eq!(line.ask(&["CONFIG", "SET", "maxmemory", "1000"]), "+OK");
    refused_as(&site, &ann, "/hit", StoreErrorKind::Busy, "maxmemory").await;
    refused_as(&site, &site.visitor(), "/hit", StoreErrorKind::Busy, "maxmemory").await;
    refused_as(&site, &site.visitor(), "/login/eve", StoreErrorKind::Busy, "maxmemory").await;
    assert!(ann.gets("/read").await.starts_with("hits=0 user=ann "));
    let cookie = bob.cookie.clone();
    bob.gets("/logout").await;
    let text = site.visitor_with(&cookie).gets("/read").await;
    assert_eq!(shown(&text, "user"), "", "{text}");

    assert_eq!(line.ask(&["CONFIG", "SET", "maxmemory", "0"]), "+OK");
    assert_eq!(number(&ann.gets("/hit").await, "hits"), 1);
    let text = site.visitor_with(&cookie).gets("/read").await;
    assert_eq!(shown(&text, "user"), "", "it stays ended: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_redis_out_of_memory_still_extends_sessions() {
    still_extends::<Plain>().await;
}

/// Its entry in the index is extended, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_redis_out_of_memory_still_extends_sessions_with_an_index() {
    still_extends::<Visit>().await;
}

async fn still_extends<T: Kind>() {
    let server = Redis::start(&[&IN_MEMORY[..], &["--maxmemory-policy", "noeviction"]].concat());
    let server = server.expect("Redis");
    let store = RedisStore::connect(server.url().as_str()).await.expect("Redis");
    let site = site(SessionLayer::<T>::stored(store).rolling(), Terms::default());
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    // The server knows the script.
    ann.gets_in(RECOVERY, "/hit").await;
    Line::at(&server.url()).ask(&["CONFIG", "SET", "maxmemory", "1000"]);
    let begin = SystemTime::now();
    while begin.elapsed().is_ok_and(|passed| passed < Duration::from_millis(2)) {
        tokio::task::yield_now().await;
    }
    site.heard.take();
    let text = ann.gets("/read").await;
    assert!(text.starts_with("hits=1 user=ann "), "{text}");
    let heard = site.heard.take();
    assert!(heard.iter().any(|noted| noted.name == "renewed"), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_redis_that_became_a_replica_refuses_changes_and_is_well_as_a_primary() {
    let server = Redis::start(&IN_MEMORY).expect("Redis");
    let site = Engine::Redis.site(&server.url(), Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    let mut line = Line::at(&server.url());
    for (makes, breaks, heals, hint) in [
        ("READONLY", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "replica"),
        (
            "NOREPLICAS",
            ["CONFIG", "SET", "min-replicas-to-write 1"],
            ["CONFIG", "SET", "min-replicas-to-write 0"],
            "min-replicas-to-write",
        ),
    ] {
        let ask = |line: &mut Line, words: [&str; 3]| {
            let words: Vec<&str> = words[..2].iter().copied().chain(words[2].split(' ')).collect();
            assert_eq!(line.ask(&words), "+OK", "{words:?}");
        };
        let before = number(&ann.gets("/read").await, "hits");
        ask(&mut line, breaks);
        for path in ["/hit", "/logout", "/login/bob"] {
            refused_as(&site, &ann, path, StoreErrorKind::Busy, hint).await;
        }
        assert!(ann.gets("/read").await.contains("user=ann"), "{makes}: still read");
        ask(&mut line, heals);
        assert_eq!(number(&ann.gets("/hit").await, "hits"), before + 1, "{makes}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_postgres_at_its_connection_limit_is_a_bounded_refusal() {
    let server = Postgres::start(&["-c", "max_connections=8"]).expect("PostgreSQL");
    let url = server.url();
    let site = Engine::Postgres.site(&url, Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/login/ann").await;
    // The store's own connections end, and others take their places.
    psql(
        &url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    let mut held = Vec::new();
    let begin = Instant::now();
    let full = loop {
        match hold_postgres(&url) {
            Ok(connection) => held.push(connection),
            // The one that psql had may not be free yet, and is taken then.
            Err(full) if held.len() >= 8 => break full,
            Err(_) => assert!(begin.elapsed() < RECOVERY, "{} of 8 places", held.len()),
        }
    };
    assert!(full.contains("53300"), "{full}");
    for path in ["/hit", "/read", "/login/bob", "/logout"] {
        site.heard.take();
        let begin = Instant::now();
        refused(&ann.sends(path).await);
        let took = begin.elapsed();
        assert!(took < PATIENCE + SLACK, "{path} took {took:?}");
        let expected = [StoreErrorKind::Busy, StoreErrorKind::Timeout, StoreErrorKind::Unavailable];
        for outage in site.heard.outages() {
            assert!(outage.kind.is_some_and(|kind| expected.contains(&kind)), "{outage:?}");
        }
    }
    assert_eq!(ann.gets("/untouched").await, "fine");
    drop(held);
    let text = ann.gets_in(RECOVERY, "/hit").await;
    assert!(text.starts_with("hits=1 user=ann "), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_postgres_without_its_tables_names_migrate_and_is_well_after_it() {
    let server = Postgres::start(&[]).expect("PostgreSQL");
    let url = server.url();
    let store = PostgresStore::connect(&url).await.expect("PostgreSQL");
    let site = site::<Visit, _>(SessionLayer::stored(store.clone()), Terms::default());
    // Before the first migration, and after somebody dropped the tables.
    for _ in 0..2 {
        let mut ann = site.visitor();
        refused_as(&site, &ann, "/login/ann", StoreErrorKind::Refused, "`migrate()`").await;
        assert_eq!(ann.gets("/untouched").await, "fine");
        store.migrate().await.expect("tables");
        ann.gets("/login/ann").await;
        assert_eq!(number(&ann.gets("/hit").await, "hits"), 1);
        psql(&url, "DROP TABLE sessions, sessions_index");
        for path in ["/read", "/hit", "/logout"] {
            refused_as(&site, &ann, path, StoreErrorKind::Refused, "`migrate()`").await;
        }
    }
}

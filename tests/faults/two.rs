//! Two instances of the app, each with connections of its own: nothing is lost.

use crate::app::{Site, Visitor, number};
use crate::engines::{Engine, Terms, site};
use crate::sqlite::File;
use crate::state::Visit;
use session::SessionLayer;
use session::store::{MemoryStore, RedisClusterStore};
use session_tests::servers;
use std::time::Duration;

/// How many increments, and how many at once.
const INCREMENTS: u64 = 200;
const AT_ONCE: u64 = 16;

fn terms() -> Terms {
    let pause = Duration::from_millis(1);
    Terms { store: Duration::from_secs(5), pause, ..Terms::default() }
}

macro_rules! two_instances {
    ($module:ident, $sites:expr) => {
        mod $module {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn rule_23_200_increments_by_16_at_once_add_up_to_200() {
                let (_keep, sites) = $sites.await;
                increments(sites).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn rule_23_100_and_100_writes_of_two_fields_lose_nothing() {
                let (_keep, sites) = $sites.await;
                two_fields(sites).await;
            }
        }
    };
}

two_instances!(redis, common(Engine::Redis));
two_instances!(postgres, common(Engine::Postgres));
two_instances!(mariadb, common(Engine::MariaDb));
two_instances!(memcached, common(Engine::Memcached));
two_instances!(redis_cluster, cluster());
two_instances!(sqlite, sqlite());
two_instances!(memory_of_one_process, memory());

async fn common(engine: Engine) -> ((), [Site; 2]) {
    let url = engine.url();
    ((), [engine.site(&url, terms()).await, engine.site(&url, terms()).await])
}

async fn cluster() -> ((), [Site; 2]) {
    let urls = servers::url("SESSION_TEST_REDIS_CLUSTER");
    let one = async || {
        let store = RedisClusterStore::connect(urls.split(',')).await.expect("a cluster");
        site::<Visit, _>(SessionLayer::stored(store), terms())
    };
    ((), [one().await, one().await])
}

async fn sqlite() -> (File, [Site; 2]) {
    let file = File::new("two");
    let one = async || site::<Visit, _>(SessionLayer::stored(file.open().await), terms());
    let sites = [one().await, one().await];
    (file, sites)
}

async fn memory() -> ((), [Site; 2]) {
    let store = MemoryStore::new();
    let one = || site::<Visit, _>(SessionLayer::stored(store.clone()), terms());
    ((), [one(), one()])
}

async fn increments(sites: [Site; 2]) {
    let mut counter = sites[0].visitor();
    counter.gets("/login/counter").await;
    let clients = (0..AT_ONCE).map(|n| {
        // Each instance has every second client; 200 are not a multiple of 16.
        let client = sites[usize::from(n % 2 == 1)].visitor_with(&counter.cookie);
        let requests = INCREMENTS / AT_ONCE + u64::from(n < INCREMENTS % AT_ONCE);
        tokio::spawn(async move {
            for _ in 0..requests {
                let reply = client.sends("/hit").await;
                assert_eq!(reply.status, 200, "{reply:?}");
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("all answers are 200");
    }
    for site in &sites {
        let text = site.visitor_with(&counter.cookie).gets("/read").await;
        assert_eq!(number(&text, "hits"), INCREMENTS, "{text}");
    }
    let conflicts: usize = sites.iter().map(|site| site.heard.count("conflict")).sum();
    println!("{conflicts} conflicts");
    assert!(conflicts > 0, "they never met");
}

async fn two_fields(sites: [Site; 2]) {
    let mut first = sites[0].visitor();
    first.gets("/login/ann").await;
    let second = sites[1].visitor_with(&first.cookie);
    let (left, right) = (writes(first.clone(), "left"), writes(second, "right"));
    tokio::join!(left, right);
    let text = first.gets("/read").await;
    assert_eq!((number(&text, "left"), number(&text, "right")), (100, 100), "{text}");
}

/// Nobody else writes this field: each request sees what the one before wrote.
async fn writes(mut visitor: Visitor, field: &str) {
    for n in 1..=100 {
        let before = visitor.gets(&format!("/{field}/{n}")).await;
        assert_eq!(number(&before, field), n - 1, "{before}");
    }
}

//! Stores on servers.

use session::Keys;
use session::store::{
    Cache, Encrypted, MemcachedStore, MySqlStore, PostgresStore, RedisClusterStore, RedisStore,
};
use session::testing::conformance::Suite;
use session_tests::servers::{Redis, url};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let [one, two] = two_redis("SESSION_TEST_REDIS").await;
    Suite::new(one, two).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_with_every_write_on_the_disk() {
    let [one, two] = two_redis("SESSION_TEST_REDIS_AOF").await;
    Suite::new(one, two).seed(2).tasks(1000).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_over_redis() {
    let [store, _] = two_redis("SESSION_TEST_REDIS").await;
    let store = Cache::new(store, Duration::from_secs(3600));
    Suite::new(store.clone(), store).seed(3).tasks(1000).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_over_a_socket_in_the_file_system() {
    let options = ["--save", "", "--unixsocket", "redis.sock"];
    let server = tokio::task::block_in_place(|| Redis::start(&options)).expect("Redis");
    let client = redis::Client::open(server.url()).expect("its address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis");
    let folder = redis::cmd("CONFIG").arg("GET").arg("dir").query_async(&mut connection).await;
    let (_, folder): (String, String) = folder.expect("its folder");
    let url = format!("unix://{folder}/redis.sock");
    let store = || RedisStore::connect(url.as_str());
    let (one, two) = (store().await.expect("Redis"), store().await.expect("Redis"));
    Suite::new(one, two).seed(4).tasks(1000).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_rows_in_redis() {
    let keys = Keys::random().expect("keys");
    let [one, two] =
        two_redis("SESSION_TEST_REDIS").await.map(|store| Encrypted::new(store, &keys));
    Suite::new(one, two).seed(10).tasks(1000).run().await.assert();
}

async fn two_redis(variable: &str) -> [RedisStore; 2] {
    let url = url(variable);
    let store = || RedisStore::connect(url.as_str());
    [store().await.expect("Redis"), store().await.expect("Redis")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_cluster() {
    let urls = url("SESSION_TEST_REDIS_CLUSTER");
    let store = || RedisClusterStore::connect(urls.split(','));
    let (one, two) = (store().await.expect("a cluster"), store().await.expect("a cluster"));
    Suite::new(one, two).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let url = url("SESSION_TEST_POSTGRES");
    let store = || PostgresStore::connect(&url);
    let (one, two) = (store().await.expect("PostgreSQL"), store().await.expect("PostgreSQL"));
    one.migrate().await.expect("a table");
    Suite::new(one, two).tasks(1000).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql() {
    let url = url("SESSION_TEST_MYSQL");
    let store = || MySqlStore::connect(&url);
    let (one, two) = (store().await.expect("MariaDB"), store().await.expect("MariaDB"));
    one.migrate().await.expect("a table");
    Suite::new(one, two).tasks(1000).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memcached() {
    let url = url("SESSION_TEST_MEMCACHED");
    let store = || MemcachedStore::connect(url.as_str());
    let (one, two) = (store().await.expect("memcached"), store().await.expect("memcached"));
    // An item of at most 1 MiB holds key, head and body.
    Suite::new(one, two).whole_seconds().largest_body(1_000_000).run().await.assert();
}

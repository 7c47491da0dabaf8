//! Rows of `docs/behaviours.md` that only a real server can show: what is under which key, in which
//! database, and for how long.

use crate::raw;
use session::store::{
    Lease, MemcachedStore, Record, RedisClusterStore, RedisStore, Revision, RowKey, Store, Times,
};
use session::{Millis, Session, SessionLayer, TypedSession, hours, minutes, seconds};
use session_tests::servers::{Memcached, Redis, RedisCluster, Server};
use session_tests::{Site, site_of};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::ops::RangeInclusive;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rotate, index)]
    user: Option<String>,
}

type Handle = TypedSession<Visit>;

/// What is left in milliseconds of a session of a day that was just written, with its ten seconds.
const A_DAY: RangeInclusive<i64> = 86_300_000..=86_410_000;

fn server() -> Server {
    tokio::task::block_in_place(|| Redis::start(&["--save", ""])).expect("a server")
}

async fn redis(address: String) -> Site<Visit> {
    site_of(SessionLayer::<Visit>::stored(RedisStore::connect(address).await.expect("Redis")))
}

/// The keys of sessions, without those of users.
fn rows(redis: &mut raw::Redis, prefix: &str) -> Vec<String> {
    let keys = redis.ask(&["KEYS", &format!("{prefix}*")]);
    let of_row = |key: &&str| key.len() == prefix.len() + 64;
    keys.lines().filter(of_row).map(str::to_owned).collect()
}

fn left(redis: &mut raw::Redis, key: &str) -> i64 {
    let answer = redis.ask(&["PTTL", key]);
    answer.strip_prefix(':').and_then(|number| number.parse().ok()).expect("a number")
}

async fn view(mut s: Handle) -> String {
    s.views += 1;
    format!("{} {}", s.is_new(), s.views)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_13_keys_have_the_prefix() {
    let server = server();
    let store = RedisStore::builder(server.url()).prefix("p:").connect().await.expect("Redis");
    let site = site_of(SessionLayer::<Visit>::stored(store));
    let mut visitor = site.visitor();
    assert_eq!(visitor.sends(view).await.body, "true 1");
    visitor.sends(async |mut s: Handle| s.user = Some("ann".to_owned())).await;
    let mut raw = raw::Redis::at(&server.url());
    let keys = raw.ask(&["KEYS", "*"]);
    assert_eq!(keys.lines().count(), 2, "a row and a user: {keys}");
    assert!(keys.lines().all(|key| key.starts_with("p:")), "{keys}");
    assert_eq!(rows(&mut raw, "p:").len(), 1);

    let server = tokio::task::block_in_place(|| Memcached::start(&[])).expect("a server");
    let store = MemcachedStore::builder(server.url()).prefix("p:").connect().await;
    let (key, now) = (RowKey::from_bytes([7; 32]), Millis::from_ms(1_700_000_000_000));
    let times = Times::new(now, 60_000, Millis::from_ms(now.ms() + 60_000));
    let record = Record { revision: Revision::FIRST, times, body: b"needle".to_vec() };
    let lease = Lease { now, keep: seconds(60), may_shorten: false };
    store.expect("memcached").create(&key, &record, lease).await.expect("created");
    let mut line = TcpStream::connect(("127.0.0.1", server.port())).expect("memcached");
    let name = format!("p:{}", "07".repeat(32));
    line.write_all(format!("get {name}\r\n").as_bytes()).expect("sent");
    let mut answer = String::new();
    BufReader::new(line).read_line(&mut answer).expect("an answer");
    assert!(answer.starts_with(&format!("VALUE {name} ")), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_12_the_url_says_which_database() {
    let server = server();
    let mut raw = raw::Redis::at(&server.url());
    let (zero, one) = (redis(server.url()).await, redis(format!("{}/1", server.url())).await);
    let mut visitor = one.visitor();
    visitor.sends(view).await;
    assert_eq!(rows(&mut raw, "session:").len(), 0);
    assert_eq!(raw.ask(&["SELECT", "1"]), "+OK");
    assert_eq!(rows(&mut raw, "session:").len(), 1);
    assert_eq!(visitor.sends(view).await.body, "false 2");
    assert_eq!(zero.run(&visitor.cookie, view).await.body, "true 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_12_pttl_is_what_is_left() {
    let server = server();
    let site = redis(server.url()).await;
    let mut raw = raw::Redis::at(&server.url());
    let mut visitor = site.visitor();
    visitor.sends(view).await;
    let key = rows(&mut raw, "session:").remove(0);
    assert!(A_DAY.contains(&left(&mut raw, &key)), "created");
    assert_eq!(raw.ask(&["PEXPIRE", &key, "1000000"]), ":1");
    visitor.sends(view).await;
    assert!(left(&mut raw, &key) > 0, "updated");
    // The library's clock goes on, the server's does not: a touch gives the row a day from now.
    site.clock.advance(hours(13));
    visitor.sends(async |_: Handle| {}).await;
    assert!(A_DAY.contains(&left(&mut raw, &key)), "touched");
    let shorter = async |mut s: Handle| s.set_max_age(minutes(10)).expect("possible");
    visitor.sends(shorter).await;
    assert!((500_000..=610_000).contains(&left(&mut raw, &key)), "shortened");
    let begin = std::time::Instant::now();
    visitor.sends(async |mut s: Handle| s.user = Some("ann".to_owned())).await;
    let set = raw.ask(&["KEYS", "session:i:*"]);
    // The entry is written first, so that it may end earlier, by no more than the request took.
    let took = i64::try_from(begin.elapsed().as_millis()).expect("soon") + 1;
    assert!(
        left(&mut raw, &set) + took >= left(&mut raw, &key),
        "an entry is there as long as its row"
    );
    visitor.sends(async |mut s: Handle| s.destroy()).await;
    assert!((1..=60_000).contains(&left(&mut raw, &key)), "remembered for a minute");
    assert_eq!(raw.ask(&["KEYS", "session:i:*"]), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_12_bad_bytes_are_no_error() {
    let server = server();
    let site = redis(server.url()).await;
    let mut raw = raw::Redis::at(&server.url());
    let mut visitor = site.visitor();
    visitor.sends(view).await;
    let cookie = visitor.cookie.clone();
    let key = rows(&mut raw, "session:").remove(0);
    let spoils: [&[&str]; 3] = [
        &["SET", &key, "garbage"],
        &["SET", &key, "{\"views\":5,\"_expire\":1}"],
        &["RPUSH", &key, "a", "list"],
    ];
    for spoil in spoils {
        raw.ask(&["DEL", &key]);
        raw.ask(spoil);
        site.events.take();
        let look = async |s: Handle| format!("{} {}", s.is_new(), s.views);
        let reply = site.run(&cookie, look).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "true 0"), "{spoil:?}");
        assert_eq!(site.events.take(), ["undecodable"], "{spoil:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_12_a_client_that_is_there_is_used() {
    let server = server();
    let client = redis::Client::open(format!("{}/2", server.url())).expect("an address");
    let connection = client.get_connection_manager().await.expect("Redis");
    let store = RedisStore::from_connection(connection).prefix("own:").connect().await;
    let site = site_of(SessionLayer::<Visit>::stored(store.expect("Redis")));
    let mut visitor = site.visitor();
    visitor.sends(view).await;
    assert_eq!(visitor.sends(view).await.body, "false 2");
    let mut raw = raw::Redis::at(&server.url());
    raw.ask(&["SELECT", "2"]);
    assert_eq!(rows(&mut raw, "own:").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_12_a_cluster_sets_the_lifetime() {
    let cluster = tokio::task::block_in_place(|| RedisCluster::start(&[])).expect("a cluster");
    let urls = cluster.urls();
    let store = RedisClusterStore::connect(urls.iter().map(String::as_str)).await;
    let site = site_of(SessionLayer::<Visit>::stored(store.expect("a cluster")));
    let mut visitor = site.visitor();
    visitor.sends(view).await;
    assert_eq!(visitor.sends(view).await.body, "false 2");
    let mut found = 0;
    for url in &urls {
        let mut raw = raw::Redis::at(url);
        if !raw.ask(&["ROLE"]).starts_with("master") {
            continue;
        }
        for key in rows(&mut raw, "session:") {
            assert!(A_DAY.contains(&left(&mut raw, &key)), "{key}");
            found += 1;
        }
    }
    assert_eq!(found, 1);
}

//! Moving over: each kind of theirs, into a cookie and into a store.

use crate::cookies::rich;
use crate::jar::Jar;
use crate::node::{Answer, Node};
use crate::raw::Redis;
use crate::rows::exists;
use crate::turns::{DAY, KEYS, NOW, Turns, Visit, count, destroy, redis};
use serde_json::{Value, json};
use session::compat::koa::{KoaCookies, KoaKeys, KoaRows, Moving};
use session::{MergeAccepted, SessionBuilder, SessionLayer, days, hours};
use session_tests::{Shelf, ring, servers, site_of};
use std::time::{Duration, SystemTime};

const OURS: &str = "__Host-session";

/// What is moved over from.
struct From {
    node: &'static Node,
    name: &'static str,
    moving: fn(redis: session::store::RedisStore) -> Moving,
    /// Of the row, before its id; `None`: it is all in the cookie.
    prefix: Option<&'static str>,
}

fn until() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(NOW + 14 * DAY)
}

fn sha1() -> KoaKeys {
    KoaKeys::sha1(KEYS).expect("keys")
}

fn sha256() -> KoaKeys {
    KoaKeys::sha256(KEYS).expect("keys")
}

fn kinds(more: &[&str]) -> Vec<From> {
    let url = servers::url("SESSION_TEST_REDIS");
    let node = |options: &[&str]| {
        let keys = ["--keys", "key-new-2023,key-old-2022"];
        Node::with(&[&keys, options, more].concat())
    };
    vec![
        From {
            node: node(&["--kind", "koa-session"]),
            name: "koa.sess",
            moving: |_| KoaCookies::new(sha1()).accept_until(until()),
            prefix: None,
        },
        From {
            node: node(&["--kind", "koa-session", "--algorithm", "sha256"]),
            name: "koa.sess",
            moving: |_| KoaCookies::new(sha256()).accept_until(until()),
            prefix: None,
        },
        From {
            node: node(&["--kind", "egg"]),
            name: "EGG_SESS",
            moving: |_| KoaCookies::new(sha256()).name("EGG_SESS").accept_until(until()),
            prefix: None,
        },
        From {
            node: node(&["--kind", "koa-generic-session", "--redis", &url]),
            name: "koa.sid",
            moving: |redis| KoaRows::generic_session(sha1(), redis).accept_until(until()),
            prefix: Some("koa:sess:"),
        },
    ]
}

/// koa-session can't write browser sessions into Redis, so that it is not among `kinds` with them.
fn in_rows() -> From {
    let url = servers::url("SESSION_TEST_REDIS");
    let options = ["--kind", "koa-session", "--keys", "key-new-2023,key-old-2022", "--redis", &url];
    From {
        node: Node::with(&options),
        name: "koa.sess",
        moving: |redis| KoaRows::koa_session(sha1(), redis).accept_until(until()),
        prefix: Some(""),
    }
}

impl From {
    async fn moving(&self) -> Moving {
        (self.moving)(redis(&servers::url("SESSION_TEST_REDIS")).await)
    }

    /// A site that moves them into its cookies, and one that moves them into a store.
    async fn both(&self) -> [Turns; 2] {
        let signed = SessionLayer::<Visit>::signed(ring("k")).moving_from(self.moving().await);
        let stored = SessionLayer::<Visit>::stored(Shelf::default());
        [self.turns(signed), self.turns(stored.moving_from(self.moving().await))]
    }

    fn turns<M: MergeAccepted<Visit>>(&self, layer: SessionBuilder<Visit, M>) -> Turns {
        Turns::new(self.node, site_of(layer))
    }

    fn key(&self, jar: &Jar) -> Option<String> {
        self.prefix.map(|prefix| format!("{prefix}{}", jar.0[self.name]))
    }
}

#[tokio::test]
async fn every_kind_moves_over_and_node_sees_no_session_any_more() {
    for from in kinds(&[]).into_iter().chain([in_rows()]) {
        for mut turns in from.both().await {
            turns.node_sets(rich()).await;
            let theirs = turns.jar.clone();
            let seen = turns.rust_reads().await;
            assert_eq!(seen["new"], false, "{}", from.name);
            assert_eq!(seen["state"]["text"], rich()["text"]);
            assert_eq!(seen["state"]["list"], rich()["list"]);
            assert_eq!(seen["state"]["date"], "2023-11-14T22:13:20.000Z");
            assert_eq!(turns.jar.0.keys().collect::<Vec<_>>(), [OURS], "theirs is removed");
            let seen: Answer = turns.node_reads().await;
            assert_eq!((seen.is_new(), seen.state()), (true, &json!({})));
            // It goes on as one of ours.
            turns.at(NOW + DAY / 2);
            turns.rust_counts().await;
            turns.at(NOW + DAY);
            assert_eq!(turns.rust_reads().await["state"]["views"], 2);
            // Who comes back with theirs, beside ours, gets ours.
            turns.jar.0.extend(theirs.0);
            assert_eq!(turns.rust_reads().await["state"]["views"], 2);
        }
    }
}

#[tokio::test]
async fn browser_sessions_move_over_until_the_date() {
    for from in kinds(&["--max-age", "session"]) {
        for mut turns in from.both().await {
            turns.node_sets(json!({ "views": 1 })).await;
            let theirs = turns.jar.clone();
            turns.at(NOW + 14 * DAY);
            assert_eq!(turns.rust_reads().await["state"]["views"], 1, "{}", from.name);
            turns.jar = theirs;
            turns.at(NOW + 14 * DAY + 1);
            assert_eq!(turns.rust_reads().await["new"], true, "{}", from.name);
        }
    }
}

#[tokio::test]
async fn expired_and_tampered_ones_don_t_move() {
    for from in kinds(&[]).into_iter().chain([in_rows()]) {
        for mut turns in from.both().await {
            turns.node_sets(json!({ "views": 1 })).await;
            let good = turns.jar.clone();
            let signature = format!("{}.sig", from.name);
            let mut unsigned = good.clone();
            unsigned.0.remove(&signature);
            let mut changed = good.clone();
            let value = changed.0[from.name].replacen(char::is_alphanumeric, "-", 1);
            changed.0.insert(from.name.to_owned(), value);
            let foreign = Jar::signed(from.name, &good.0[from.name], "nobody's");
            for jar in [unsigned, changed, foreign] {
                turns.jar = jar.clone();
                assert_eq!(turns.rust_reads().await["new"], true, "{jar:?}");
                assert_eq!(turns.jar, jar, "left alone");
            }
            match from.key(&good) {
                Some(key) if from.name == "koa.sid" => {
                    let mut redis = Redis::at(&servers::url("SESSION_TEST_REDIS"));
                    assert_eq!(redis.ask(&["PEXPIRE", &key, "0"]), ":1");
                }
                _ => turns.at(NOW + DAY + 1),
            }
            turns.jar = good;
            assert_eq!(turns.rust_reads().await["new"], true, "{}", from.name);
        }
    }
}

#[tokio::test]
async fn sessions_under_the_older_key_move_too() {
    let url = servers::url("SESSION_TEST_REDIS");
    let old = |kind: &'static str, more: &[&str]| {
        Node::with(&[&["--kind", kind, "--keys", KEYS[1]], more].concat())
    };
    let mut all = kinds(&[]);
    all.push(in_rows());
    let nodes = [
        old("koa-session", &[]),
        old("koa-session", &["--algorithm", "sha256"]),
        old("egg", &[]),
        old("koa-generic-session", &["--redis", &url]),
        old("koa-session", &["--redis", &url]),
    ];
    for (from, node) in all.into_iter().zip(nodes) {
        let from = From { node, ..from };
        for mut turns in from.both().await {
            turns.node_sets(json!({ "views": 1 })).await;
            assert_eq!(turns.rust_reads().await["state"]["views"], 1, "{}", from.name);
            assert_eq!(turns.jar.0.keys().collect::<Vec<_>>(), [OURS]);
        }
    }
}

#[tokio::test]
async fn a_lifetime_of_the_sessions_own_becomes_the_layers() {
    for from in kinds(&[]).into_iter().chain([in_rows()]) {
        let layer = SessionLayer::<Visit>::stored(Shelf::default()).max_age(hours(1));
        let mut turns = from.turns(layer.absolute(days(2)).moving_from(from.moving().await));
        turns.node_sets(json!({ "views": 1 })).await;
        turns.node("POST", "/max-age?ms=600000", None).await;
        turns.rust_counts().await;
        turns.at(NOW + 3_600_000);
        assert_eq!(turns.rust_reads().await["state"]["views"], 2, "{}", from.name);
        turns.at(NOW + 2 * 3_600_000 + 1);
        assert_eq!(turns.rust_reads().await["new"], true, "{}", from.name);
    }
}

#[tokio::test]
async fn empty_sessions_move() {
    for from in kinds(&[]).into_iter().chain([in_rows()]) {
        for mut turns in from.both().await {
            let saved = turns.node("POST", "/save", None).await;
            assert_eq!((saved.status, turns.jar.0.len()), (200, 2), "{saved:?}");
            assert_eq!(turns.rust_reads().await["new"], false, "{}", from.name);
            assert_eq!(turns.jar.0.keys().collect::<Vec<_>>(), [OURS]);
        }
    }
}

/// Who logs out logs out there, too. A row of theirs ends by itself, as it does when its session has moved:
/// until `accept_until` a copy of its cookie is as good as one of a cookie that holds all.
#[tokio::test]
async fn who_ends_the_session_ends_theirs() {
    for from in kinds(&[]).into_iter().chain([in_rows()]) {
        for mut turns in from.both().await {
            turns.node_sets(json!({ "views": 1 })).await;
            let key = from.key(&turns.jar);
            turns.rust(destroy).await;
            assert!(turns.jar.0.is_empty(), "{:?}", turns.jar);
            assert!(turns.node_reads().await.is_new());
            assert_eq!(turns.rust_reads().await["new"], true, "{}", from.name);
            assert!(key.is_none_or(|key| exists(&key)), "{}", from.name);
        }
    }
}

/// Nothing has moved until the client was told: theirs holds after a failure.
#[tokio::test]
async fn a_failed_request_moves_nothing() {
    for from in kinds(&[]).into_iter().chain([in_rows()]) {
        for mut turns in from.both().await {
            turns.node_sets(json!({ "views": 1 })).await;
            let theirs = turns.jar.clone();
            let reply = turns
                .rust(|session: session::TypedSession<Visit>| async move {
                    assert_eq!(session.views, 1);
                    http::StatusCode::INTERNAL_SERVER_ERROR
                })
                .await;
            assert!(reply.set_cookies().is_empty(), "{:?}", reply.set_cookies());
            assert_eq!(turns.jar, theirs);
            let seen: Value = turns.node_reads().await.state().clone();
            assert_eq!(seen, json!({ "views": 1 }));
            assert_eq!(turns.rust(count).await.body, "2");
        }
    }
}

//! koa-generic-session's rows in Redis, side by side.

use crate::cookies::rich_content_takes_turns;
use crate::jar::Jar;
use crate::node::Node;
use crate::raw::Redis;
use crate::rows::{exists, lives_for, plant, row, row_of};
use crate::turns::{DAY, KEYS, NOW, Turns, Visit, destroy, redis, rotate};
use serde_json::{Value, json};
use session::compat::koa::{KoaKeys, KoaRows};
use session::{MaxAge, SessionBuilder, SessionLayer, TypedSession};
use session_tests::{servers, site_of};
use std::time::Duration;

fn node(more: &[&str]) -> &'static Node {
    let url = servers::url("SESSION_TEST_REDIS");
    let keys = "key-new-2023,key-old-2022";
    let common = ["--kind", "koa-generic-session", "--keys", keys, "--redis", &url];
    Node::with(&[&common, more].concat())
}

async fn theirs() -> KoaRows {
    let redis = redis(&servers::url("SESSION_TEST_REDIS")).await;
    KoaRows::generic_session(KoaKeys::sha1(KEYS).expect("keys"), redis)
}

async fn layer() -> SessionBuilder<Visit> {
    SessionLayer::<Visit>::koa_rows(theirs().await)
}

fn turns(node: &'static Node, layer: SessionBuilder<Visit>) -> Turns {
    Turns::new(node, site_of(layer).named("koa.sid"))
}

fn key(turns: &Turns) -> String {
    format!("koa:sess:{}", turns.jar.0["koa.sid"])
}

/// The row as JSON, and its life in milliseconds.
fn object(key: &str) -> (Value, i64) {
    let (text, left) = row(key);
    (serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")), left)
}

fn cookie_of(max_age: Value) -> Value {
    json!({ "httpOnly": true, "path": "/", "overwrite": true, "signed": true, "maxAge": max_age })
}

#[tokio::test]
async fn rich_content_takes_turns_in_generic_rows() {
    rich_content_takes_turns(&mut turns(node(&[]), layer().await)).await;
}

#[tokio::test]
async fn a_generic_row_is_theirs_in_key_content_and_lifetime() {
    let mut turns = turns(node(&[]), layer().await);
    turns.rust_counts().await;
    assert_eq!(turns.jar.0.len(), 2, "{:?}", turns.jar);
    let (row, left) = object(&key(&turns));
    assert_eq!((&row["cookie"], &row["views"]), (&cookie_of(json!(DAY)), &json!(1)));
    lives_for(left, DAY);
    let before = turns.jar.clone();
    let seen = turns.node_sets(json!({ "text": "on" })).await;
    assert!(!seen.is_new());
    assert_eq!(turns.jar, before, "Node goes on with it");
    assert_eq!(object(&key(&turns)).0["cookie"], cookie_of(json!(DAY)));
    lives_for(object(&key(&turns)).1, DAY);
    turns.rust_counts().await;
    assert_eq!(turns.node_reads().await.state()["views"], 2);
}

#[tokio::test]
async fn a_prefix_stands_before_the_id_in_redis_alone() {
    let rows = theirs().await.prefix("p:");
    let mut turns = turns(node(&["--prefix", "p:"]), SessionLayer::<Visit>::koa_rows(rows));
    turns.rust_counts().await;
    assert!(exists(&format!("p:{}", turns.jar.0["koa.sid"])), "{:?}", turns.jar);
    assert_eq!(turns.node_reads().await.state()["views"], 1);
    turns.node_sets(json!({ "views": 2 })).await;
    assert_eq!(turns.rust_reads().await["state"]["views"], 2);
}

#[tokio::test]
async fn a_lifetime_of_the_sessions_own_stays() {
    let mut turns = turns(node(&[]), layer().await);
    turns.node_sets(json!({ "views": 1 })).await;
    turns.node("POST", "/max-age?ms=60000", None).await;
    lives_for(object(&key(&turns)).1, 60_000);
    let reply = turns.rust_counts().await;
    assert!(reply.set_cookies()[0].contains("Max-Age=60;"), "{:?}", reply.set_cookies());
    let (row, left) = object(&key(&turns));
    assert_eq!(row["cookie"], cookie_of(json!(60_000)));
    lives_for(left, 60_000);
    turns
        .rust(|mut session: TypedSession<Visit>| async move {
            session.set_max_age(Duration::from_millis(30_500)).expect("a lifetime");
        })
        .await;
    lives_for(object(&key(&turns)).1, 31_000);
    turns.node_sets(json!({ "text": "on" })).await;
    let (row, left) = object(&key(&turns));
    assert_eq!(row["cookie"], cookie_of(json!(30_500)));
    lives_for(left, 31_000);
}

/// Theirs have no end in Redis; of ours the row ends a day after it was written last.
#[tokio::test]
async fn browser_sessions_of_generic_session_stay_browser_sessions() {
    for more in [&["--max-age", "session"][..], &[]] {
        let mut turns = turns(node(more), layer().await);
        turns.node_sets(json!({ "views": 1 })).await;
        if more.is_empty() {
            turns.node("POST", "/max-age?ms=session", None).await;
        }
        let before = object(&key(&turns));
        assert_eq!((&before.0["cookie"]["maxAge"], before.1), (&Value::Null, -1));
        let reply = turns.rust_counts().await;
        for line in reply.set_cookies() {
            assert!(!line.contains("Max-Age"), "{line}");
        }
        let (row, left) = object(&key(&turns));
        assert_eq!(row["cookie"]["maxAge"], Value::Null, "{row}");
        lives_for(left, DAY);
        let reply = turns
            .rust(|session: TypedSession<Visit>| async move { format!("{:?}", session.max_age()) });
        assert_eq!(reply.await.body, format!("{:?}", MaxAge::Browser));
        let seen = turns.node_sets(json!({ "text": "on" })).await;
        assert!(seen.set_cookies.iter().all(|line| !line.contains("expires")), "{seen:?}");
    }
}

/// What the Node application said about its cookie holds for Node's later writes: it is not ours to
/// change.
#[tokio::test]
async fn what_a_row_says_about_the_cookie_stays() {
    let mut turns = turns(node(&[]), layer().await);
    let id = format!("generic-cookie-{}", std::process::id());
    let text = r#"{"cookie":{"maxAge":60000,"httpOnly":false,"path":"/app","sameSite":"strict","overwrite":true,"signed":true},"views":1}"#;
    plant(&format!("koa:sess:{id}"), text);
    turns.jar = Jar::signed("koa.sid", &id, KEYS[0]);
    turns.rust_counts().await;
    let (row, left) = object(&format!("koa:sess:{id}"));
    let before: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!((&row["cookie"], &row["views"]), (&before["cookie"], &json!(2)));
    lives_for(left, 60_000);
    let seen = turns.node_sets(json!({ "views": 3 })).await;
    assert!(seen.set_cookies[0].contains("path=/app"), "{seen:?}");
}

#[tokio::test]
async fn either_ends_a_generic_session_and_its_row() {
    let mut turns = turns(node(&[]), layer().await);
    for by_rust in [true, false] {
        turns.node_sets(json!({ "views": 1 })).await;
        let (jar, key) = (turns.jar.clone(), key(&turns));
        assert!(exists(&key));
        if by_rust {
            turns.rust(destroy).await;
        } else {
            turns.node("POST", "/destroy", None).await;
        }
        assert!(!exists(&key), "{by_rust}");
        assert!(turns.jar.0.is_empty(), "{:?}", turns.jar);
        turns.jar = jar.clone();
        assert!(turns.node_reads().await.is_new());
        turns.jar = jar;
        assert_eq!(turns.rust_reads().await["new"], true);
        turns.jar = Jar::default();
    }
}

#[tokio::test]
async fn rotation_gives_a_new_generic_id_and_the_old_row_goes() {
    let mut turns = turns(node(&[]), layer().await);
    turns.node_sets(json!({ "views": 1, "theirs": { "_expire": 1 }, "_mine": 2 })).await;
    let before = key(&turns);
    turns.rust(rotate).await;
    assert_ne!(key(&turns), before);
    assert!(!exists(&before) && exists(&key(&turns)));
    let seen = turns.node_reads().await;
    let state = json!({ "views": 1, "theirs": { "_expire": 1 }, "_mine": 2 });
    assert_eq!(seen.state(), &state, "an underscore means nothing to them");
}

/// A row without `cookie` is one for Node, too; what we write has one, else Node would send an unsigned
/// cookie.
#[tokio::test]
async fn rows_without_a_cookie_get_one() {
    let mut turns = turns(node(&[]), layer().await);
    for (index, text) in [r#"{"views":1}"#, r#"{"views":1,"cookie":null}"#].iter().enumerate() {
        let id = format!("generic-bare-{index}-{}", std::process::id());
        plant(&format!("koa:sess:{id}"), text);
        turns.jar = Jar::signed("koa.sid", &id, KEYS[0]);
        turns.rust_counts().await;
        let (row, left) = object(&format!("koa:sess:{id}"));
        assert_eq!((&row["cookie"], &row["views"]), (&cookie_of(json!(DAY)), &json!(2)));
        lives_for(left, DAY);
        let seen = turns.node_sets(json!({ "text": "on" })).await;
        assert!(!seen.is_new());
        assert_eq!(turns.rust_reads().await["state"]["views"], 2);
    }
}

#[tokio::test]
async fn corrupt_generic_rows_and_foreign_roots_are_new_sessions() {
    let mut turns = turns(node(&[]), layer().await);
    let rows =
        ["", "null", "0", "5", "[]", "[3]", r#""text""#, "not json", "{", r#"{"views":"many"}"#];
    for (index, text) in rows.iter().enumerate() {
        let id = format!("generic-planted-{index}-{}", std::process::id());
        plant(&format!("koa:sess:{id}"), text);
        turns.jar = Jar::signed("koa.sid", &id, KEYS[0]);
        assert_eq!(turns.rust_reads().await["new"], true, "{text}");
        turns.jar = Jar::signed("koa.sid", &id, KEYS[0]);
        turns.rust_counts().await;
        assert_ne!(turns.jar.0["koa.sid"], id, "{text}");
        assert_eq!(row(&format!("koa:sess:{id}")).0, *text, "nobody's row is touched");
        assert_eq!(turns.node_reads().await.state()["views"], 1, "{text}");
    }
}

/// Their rows say nothing of their end: it is Redis's.
#[tokio::test]
async fn a_generic_session_ends_when_its_row_does() {
    let mut turns = turns(node(&[]), layer().await);
    turns.rust_counts().await;
    turns.at(NOW + 100 * DAY);
    assert!(!turns.node_reads().await.is_new());
    assert_eq!(turns.rust_reads().await["new"], false);
    let jar = turns.jar.clone();
    let mut redis = Redis::at(&servers::url("SESSION_TEST_REDIS"));
    assert_eq!(redis.ask(&["PEXPIRE", &key(&turns), "0"]), ":1");
    assert_eq!(turns.rust_reads().await["new"], true);
    turns.jar = jar;
    assert!(turns.node_reads().await.is_new());
}

#[tokio::test]
async fn the_generic_vector_is_written_by_both() {
    #[derive(session::Session)]
    struct Vector {
        n: u64,
    }
    let site = site_of(SessionLayer::<Vector>::koa_rows(theirs().await)).named("koa.sid");
    site.clock.set(NOW);
    let set = |mut session: TypedSession<Vector>| async move { session.n = 1 };
    let reply = site.run("", set).await;
    let mut ours = Jar::default();
    ours.keep(reply.set_cookies());
    assert_eq!(row(&format!("koa:sess:{}", ours.0["koa.sid"])).0, row_of("Generic"));
    let answer = node(&[]).ask("POST", "/set", NOW, "", Some(&json!({ "n": 1 }))).await;
    let mut theirs = Jar::default();
    theirs.keep(answer.set_cookies.iter().map(String::as_str));
    assert_eq!(row(&format!("koa:sess:{}", theirs.0["koa.sid"])).0, row_of("Generic"));
}

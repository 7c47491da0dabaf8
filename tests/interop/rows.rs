//! koa-session's rows in Redis, side by side: `SessionLayer::koa_rows`.

use crate::cookies::rich_content_takes_turns;
use crate::jar::Jar;
use crate::node::Node;
use crate::raw::Redis;
use crate::turns::{DAY, KEYS, NOW, Turns, Visit, destroy, redis, rotate};
use serde_json::{Value, json};
use session::compat::koa::{KoaKeys, KoaRows};
use session::{SessionBuilder, SessionLayer, TypedSession};
use session_tests::{servers, site_of};
use std::time::Duration;

/// How long a row outlives its session, as koa-session has it.
const GRACE: u64 = 10_000;

fn url() -> String {
    servers::url("SESSION_TEST_REDIS")
}

fn node(more: &[&str]) -> &'static Node {
    let url = url();
    let common = ["--kind", "koa-session", "--keys", "key-new-2023,key-old-2022", "--redis", &url];
    Node::with(&[&common, more].concat())
}

async fn theirs() -> KoaRows {
    KoaRows::koa_session(KoaKeys::sha1(KEYS).expect("keys"), redis(&url()).await)
}

async fn layer() -> SessionBuilder<Visit> {
    SessionLayer::<Visit>::koa_rows(theirs().await)
}

fn turns(node: &'static Node, layer: SessionBuilder<Visit>) -> Turns {
    Turns::new(node, site_of(layer).named("koa.sess"))
}

/// What Redis has under this key, and how many milliseconds longer; empty if nothing.
pub fn row(key: &str) -> (String, i64) {
    let mut redis = Redis::at(&url());
    let text = redis.ask(&["GET", key]);
    let left = redis.ask(&["PTTL", key]);
    (text, left.trim_start_matches(':').parse().expect("a number"))
}

pub fn exists(key: &str) -> bool {
    Redis::at(&url()).ask(&["EXISTS", key]) == ":1"
}

/// Puts a row there that nobody wrote.
pub fn plant(key: &str, text: &str) {
    assert_eq!(Redis::at(&url()).ask(&["SET", key, text, "EX", "100"]), "+OK");
}

/// A row lives for so many milliseconds from now.
#[track_caller]
pub fn lives_for(left: i64, expected: u64) {
    let expected = i64::try_from(expected).expect("small");
    assert!((expected - 5000..=expected).contains(&left), "{left}, not {expected}");
}

#[tokio::test]
async fn rich_content_takes_turns_in_rows() {
    rich_content_takes_turns(&mut turns(node(&[]), layer().await)).await;
}

#[tokio::test]
async fn a_row_is_theirs_in_key_text_and_lifetime() {
    let mut turns = turns(node(&[]), layer().await);
    turns.node_sets(json!({ "views": 1 })).await;
    let id = turns.jar.0["koa.sess"].clone();
    let (text, left) = row(&id);
    assert_eq!(text, format!(r#"{{"views":1,"_expire":{},"_maxAge":{DAY}}}"#, NOW + DAY));
    lives_for(left, DAY + GRACE);

    turns.at(NOW + 7);
    turns.rust_counts().await;
    assert_eq!(turns.jar.0["koa.sess"], id, "the same row");
    let (text, left) = row(&id);
    assert!(text.starts_with(r#"{"views":2,"#), "{text}");
    assert!(text.ends_with(&format!(r#""_expire":{},"_maxAge":{DAY}}}"#, NOW + 7 + DAY)), "{text}");
    lives_for(left, DAY + GRACE);

    // One that began here.
    turns.jar = Jar::default();
    turns.rust_counts().await;
    let id = turns.jar.0["koa.sess"].clone();
    assert_eq!(
        row(&id).0,
        format!(
            r#"{{"views":1,"user":null,"text":"","list":[],"map":{{}},"big":null,"date":null,"_expire":{},"_maxAge":{DAY}}}"#,
            NOW + 7 + DAY
        )
    );
    lives_for(row(&id).1, DAY + GRACE);
    turns.node_sets(json!({ "text": "on" })).await;
    assert_eq!(turns.jar.0["koa.sess"], id, "Node goes on with it");
}

#[tokio::test]
async fn lifetimes_are_whole_seconds_rounded_up() {
    let mut turns = turns(node(&[]), layer().await);
    turns.node_sets(json!({ "views": 1 })).await;
    let id = turns.jar.0["koa.sess"].clone();
    turns.node("POST", "/max-age?ms=60001", None).await;
    let theirs = row(&id);
    lives_for(theirs.1, 71_000);
    turns
        .rust(|mut session: TypedSession<Visit>| async move {
            session.set_max_age(Duration::from_millis(60_001)).expect("a lifetime");
        })
        .await;
    let ours = row(&id);
    let end = format!(r#""_expire":{},"_maxAge":60001}}"#, NOW + 60_001);
    assert!(theirs.0.ends_with(&end) && ours.0.ends_with(&end), "{theirs:?}, {ours:?}");
    assert!(ours.1 > 66_000 && ours.1 <= 71_000, "{ours:?}");
    turns.rust_counts().await;
    lives_for(row(&id).1, 71_000);
}

#[tokio::test]
async fn a_prefix_is_a_part_of_the_id() {
    let rows = theirs().await.prefix("app:");
    let mut turns = turns(node(&["--prefix", "app:"]), SessionLayer::<Visit>::koa_rows(rows));
    turns.node_sets(json!({ "views": 1 })).await;
    assert!(turns.jar.0["koa.sess"].starts_with("app:"), "{:?}", turns.jar);
    assert_eq!(turns.rust_reads().await["state"]["views"], 1);
    turns.jar = Jar::default();
    turns.rust_counts().await;
    let id = turns.jar.0["koa.sess"].clone();
    assert!(id.starts_with("app:") && exists(&id), "{id}");
    assert_eq!(turns.node_reads().await.state()["views"], 1);
}

#[tokio::test]
async fn either_ends_a_session_and_its_row() {
    let mut turns = turns(node(&[]), layer().await);
    for by_rust in [true, false] {
        turns.node_sets(json!({ "views": 1 })).await;
        let jar = turns.jar.clone();
        assert!(exists(&jar.0["koa.sess"]));
        if by_rust {
            turns.rust(destroy).await;
        } else {
            turns.node("POST", "/destroy", None).await;
        }
        assert!(!exists(&jar.0["koa.sess"]), "{by_rust}");
        assert!(turns.jar.0.is_empty(), "{:?}", turns.jar);
        // A copied cookie is worth nothing.
        turns.jar = jar.clone();
        assert!(turns.node_reads().await.is_new());
        turns.jar = jar;
        assert_eq!(turns.rust_reads().await["new"], true);
        turns.jar = Jar::default();
    }
}

#[tokio::test]
async fn rotation_gives_a_new_id_and_the_old_row_goes() {
    let mut turns = turns(node(&[]), layer().await);
    turns.node_sets(json!({ "views": 1, "theirs": [1] })).await;
    let before = turns.jar.0["koa.sess"].clone();
    turns.rust(rotate).await;
    let after = turns.jar.0["koa.sess"].clone();
    assert_ne!(before, after);
    assert!(!exists(&before) && exists(&after));
    let seen = turns.node_reads().await;
    assert_eq!(seen.state(), &json!({ "views": 1, "theirs": [1] }));
    // So does a login.
    turns
        .rust(|mut session: TypedSession<Visit>| async move { session.user = Some("ann".into()) })
        .await;
    let login = turns.jar.0["koa.sess"].clone();
    assert!(login != after && !exists(&after) && exists(&login));
    assert_eq!(turns.node_reads().await.state()["theirs"], json!([1]));
    // And theirs is followed here.
    turns.node("POST", "/regenerate", None).await;
    assert_ne!(turns.jar.0["koa.sess"], login);
    assert!(!exists(&login));
    assert_eq!(turns.rust_reads().await["state"]["user"], "ann");
}

/// Both look at `_expire`: Redis would have kept the row for some seconds yet.
#[tokio::test]
async fn both_judge_the_end_of_a_row_alike() {
    let mut turns = turns(node(&[]), layer().await);
    turns.rust_counts().await;
    let jar = turns.jar.clone();
    for (now, over) in [(NOW + DAY, false), (NOW + DAY + 1, true)] {
        turns.at(now);
        turns.jar = jar.clone();
        assert_eq!(turns.node_reads().await.is_new(), over);
        assert_eq!(turns.rust_reads().await["new"], over);
    }
    // A new session has a new row.
    turns.jar = jar.clone();
    turns.rust_counts().await;
    assert_ne!(turns.jar.0["koa.sess"], jar.0["koa.sess"]);
    assert_eq!(turns.node_reads().await.state()["views"], 1);
}

/// Node takes some of these for sessions; here they are none, and who writes gets a row of their own.
#[tokio::test]
async fn corrupt_rows_and_foreign_roots_are_new_sessions() {
    let mut turns = turns(node(&[]), layer().await);
    let live = format!(r#""_expire":{}"#, NOW + DAY);
    let rows = [
        String::new(),
        "null".into(),
        "0".into(),
        "5".into(),
        "true".into(),
        "[]".into(),
        "[3]".into(),
        r#""text""#.into(),
        "not json".into(),
        "{".into(),
        format!("{{{live}}}}}"),
        format!(r#"[{{"views":1,{live}}}]"#),
        format!(r#"{{"views":"many",{live}}}"#),
        r#"{"views":1}"#.into(),
        r#"{"views":1,"_expire":"9999999999999"}"#.into(),
        r#"{"views":1,"_expire":null}"#.into(),
        r#"{"views":1,"_session":false}"#.into(),
        format!(r#"{{"views":1,"_expire":{}}}"#, NOW - 1),
    ];
    for (index, text) in rows.iter().enumerate() {
        let id = format!("planted-{index}-{}", std::process::id());
        plant(&id, text);
        let jar = Jar::signed("koa.sess", &id, KEYS[0]);
        turns.jar = jar.clone();
        let seen = turns.rust_reads().await;
        assert_eq!((&seen["new"], &seen["state"]["views"]), (&json!(true), &json!(0)), "{text}");
        turns.jar = jar;
        turns.rust_counts().await;
        assert_ne!(turns.jar.0["koa.sess"], id, "{text}");
        assert_eq!(row(&id).0, *text, "nobody's row is touched");
        let seen = turns.node_reads().await;
        assert_eq!(seen.state()["views"], 1, "{text}: {seen:?}");
    }
}

#[tokio::test]
async fn an_id_that_is_unknown_unsigned_or_under_another_key_is_a_new_session() {
    let mut turns = turns(node(&[]), layer().await);
    let id = format!("chosen-{}", std::process::id());
    let unknown = Jar::signed("koa.sess", &id, KEYS[0]);
    turns.jar = unknown.clone();
    assert_eq!(turns.rust_reads().await["new"], true);
    turns.jar = unknown.clone();
    turns.rust_counts().await;
    assert_ne!(turns.jar.0["koa.sess"], id, "never taken up");
    assert!(!exists(&id));

    plant(&id, &format!(r#"{{"views":4,"_expire":{}}}"#, NOW + DAY));
    turns.jar = unknown.clone();
    assert_eq!(turns.rust_reads().await["state"]["views"], 4);
    let mut unsigned = unknown.clone();
    unsigned.0.remove("koa.sess.sig");
    for jar in [unsigned, Jar::signed("koa.sess", &id, "nobody's"), {
        let mut renamed = unknown.clone();
        renamed.0.insert("koa.sess.sig".into(), crate::jar::sign(KEYS[0], "koa.sid", &id));
        renamed
    }] {
        turns.jar = jar.clone();
        assert_eq!(turns.rust_reads().await["new"], true, "{jar:?}");
        turns.jar = jar.clone();
        assert!(turns.node_reads().await.is_new(), "{jar:?}");
    }
}

/// egg keeps them for a day; koa-redis can't write them, and reads them.
#[tokio::test]
async fn browser_sessions_of_eggs_stay_browser_sessions() {
    let url = url();
    let egg = Node::with(&[
        "--kind",
        "egg",
        "--keys",
        "key-new-2023",
        "--redis",
        &url,
        "--max-age",
        "session",
    ]);
    let keys = KoaKeys::sha256([KEYS[0]]).expect("a key");
    let rows = KoaRows::koa_session(keys, redis(&url).await).name("EGG_SESS");
    let site = site_of(SessionLayer::<Visit>::koa_rows(rows)).named("EGG_SESS");
    let mut turns = Turns::new(egg, site);
    turns.node_sets(json!({ "views": 1 })).await;
    let id = turns.jar.0["EGG_SESS"].clone();
    assert_eq!(row(&id).0, r#"{"views":1,"_session":true}"#);
    let reply = turns.rust_counts().await;
    assert!(reply.set_cookies().iter().all(|line| !line.contains("Max-Age")), "{reply:?}");
    let (text, left) = row(&id);
    assert!(text.ends_with(r#""_session":true}"#), "{text}");
    lives_for(left, DAY + GRACE);
    turns.node_sets(json!({ "text": "on" })).await;
    assert_eq!(turns.rust_reads().await["state"]["views"], 2);
}

#[tokio::test]
async fn keys_are_rotated_and_rows_stay() {
    let url = url();
    let older = Node::with(&["--kind", "koa-session", "--keys", KEYS[1], "--redis", &url]);
    let mut turns = turns(older, layer().await);
    turns.node_sets(json!({ "views": 1 })).await;
    let (id, before) = (turns.jar.0["koa.sess"].clone(), row(&turns.jar.0["koa.sess"]).0);
    assert_eq!(Redis::at(&url).ask(&["PEXPIRE", &id, "50000"]), ":1");
    let signature = turns.jar.0["koa.sess.sig"].clone();
    assert_eq!(turns.rust_reads().await["state"]["views"], 1);
    assert_ne!(turns.jar.0["koa.sess.sig"], signature, "signed anew");
    assert_eq!(turns.jar.0["koa.sess"], id);
    // The row is not written: what somebody else writes meanwhile stays.
    let (after, left) = row(&id);
    assert_eq!(after, before);
    lives_for(left, 50_000);
    let mut both = self::turns(node(&[]), layer().await).with(turns.jar.clone());
    assert_eq!(both.node_reads().await.state()["views"], 1);
}

/// Of two that write at once the last one wins, as in koa; nothing is mixed up.
#[tokio::test]
async fn the_last_write_wins() {
    let mut turns = turns(node(&[]), layer().await);
    turns.node_sets(json!({ "views": 1, "theirs": "first" })).await;
    let (cookie, now, node) = (turns.jar.header(), turns.now(), turns.node);
    turns
        .rust(move |mut session: TypedSession<Visit>| async move {
            // Loaded above; Node writes before this request does.
            let sets: Value = json!({ "theirs": "second", "views": 50 });
            node.ask("POST", "/set", now, &cookie, Some(&sets)).await;
            session.views += 1;
        })
        .await;
    let seen = turns.node_reads().await;
    assert_eq!((&seen.state()["views"], &seen.state()["theirs"]), (&json!(2), &json!("first")));
}

const PAGE: &str = include_str!("../../docs/koa-wire-format.md");

/// The row of a vector of `docs/koa-wire-format.md`.
pub fn row_of(vector: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("\n**{vector}.**")).expect("it is on the page");
    rest.lines().find_map(|line| line.strip_prefix("row ")).expect("it has a row")
}

#[tokio::test]
async fn vector_f_is_a_row_for_both_and_written_by_both() {
    #[derive(session::Session)]
    struct Vector {
        a: u64,
    }
    assert_eq!(row_of("F"), r#"{"a":1,"_expire":1700086400000,"_maxAge":86400000}"#);
    let site = site_of(SessionLayer::<Vector>::koa_rows(theirs().await)).named("koa.sess");
    site.clock.set(NOW);
    let set = |mut session: TypedSession<Vector>| async move { session.a = 1 };
    let reply = site.run("", set).await;
    let mut ours = Jar::default();
    ours.keep(reply.set_cookies());
    assert_eq!(row(&ours.0["koa.sess"]).0, row_of("F"));
    let answer = node(&[]).ask("POST", "/set", NOW, "", Some(&json!({ "a": 1 }))).await;
    let mut theirs = Jar::default();
    theirs.keep(answer.set_cookies.iter().map(String::as_str));
    assert_eq!(row(&theirs.0["koa.sess"]).0, row_of("F"));
}

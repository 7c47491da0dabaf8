//! koa-session's cookies, side by side: `SessionLayer::koa`.

use crate::jar::Jar;
use crate::node::Node;
use crate::turns::{DAY, KEYS, NOW, Turns, Visit, count, destroy, rotate};
use serde_json::{Value, json};
use session::compat::koa::{KoaCookies, KoaKeys};
use session::{MaxAge, SessionBuilder, SessionLayer, TypedSession, days};
use session_tests::site_of;
use std::time::Duration;

const SHA1: &[&str] = &["--kind", "koa-session", "--keys", "key-new-2023,key-old-2022"];
const SHA256: &[&str] =
    &["--kind", "koa-session", "--keys", "key-new-2023,key-old-2022", "--algorithm", "sha256"];

fn layer() -> SessionBuilder<Visit> {
    SessionLayer::<Visit>::koa(KoaCookies::new(KoaKeys::sha1(KEYS).expect("keys")))
}

fn turns<M: session::MergeAccepted<Visit>>(
    node: &'static Node,
    layer: SessionBuilder<Visit, M>,
) -> Turns {
    Turns::new(node, site_of(layer).named("koa.sess"))
}

/// What a session may hold that is not plain.
pub fn rich() -> Value {
    json!({
        "views": 1,
        "text": "grüße 日本 🎉; \"q\" \\ , =%25",
        "list": [1, [2, { "a": null }], []],
        "map": { "a": { "b": { "c": true } }, "e": {}, "ü": "ö" },
        "date": { "$date": NOW },
        "theirs": { "deep": [{ "日": 1.5 }], "huge": 1e21 },
    })
}

/// Both write and read what is not plain, and what the Rust application does not know stays.
pub async fn rich_content_takes_turns(turns: &mut Turns) {
    turns.node_sets(rich()).await;
    let seen = turns.rust_reads().await;
    assert_eq!(seen["new"], false);
    let mut expected = rich();
    expected["date"] = json!("2023-11-14T22:13:20.000Z");
    expected["user"] = Value::Null;
    expected["big"] = Value::Null;
    expected.as_object_mut().expect("an object").remove("theirs");
    assert_eq!(seen["state"], expected, "Rust reads what Node wrote");

    turns
        .rust(|mut session: TypedSession<Visit>| async move {
            session.views += 1;
            session.text.push_str(" — größer");
            session.list.push(json!([{ "ключ": ["значение"] }]));
            session.map.insert("nested".into(), json!({ "list": [[], {}, null, -0.25] }));
            session.date = Some("2024-02-29T00:00:00.000Z".into());
        })
        .await;
    let seen = turns.node_reads().await;
    assert!(!seen.is_new());
    let state = seen.state();
    assert_eq!(state["views"], 2);
    assert_eq!(state["text"], "grüße 日本 🎉; \"q\" \\ , =%25 — größer");
    assert_eq!(state["list"], json!([1, [2, { "a": null }], [], [{ "ключ": ["значение"] }]]));
    assert_eq!(state["map"]["nested"], json!({ "list": [[], {}, null, -0.25] }));
    assert_eq!(state["map"]["a"], json!({ "b": { "c": true } }));
    assert_eq!(state["date"], "2024-02-29T00:00:00.000Z");
    assert_eq!(state["theirs"], rich()["theirs"], "unknown here, and kept");

    turns.node_sets(json!({ "views": 7, "theirs": "changed", "text": "" })).await;
    assert_eq!(turns.rust_reads().await["state"]["views"], 7);
    turns.rust_counts().await;
    let seen = turns.node_reads().await;
    assert_eq!((&seen.state()["views"], &seen.state()["theirs"]), (&json!(8), &json!("changed")));
    // What nobody changes, nobody writes.
    assert!(turns.node_reads().await.set_cookies.is_empty());
    let reply = turns.rust(crate::turns::show::<Visit>).await;
    assert!(reply.set_cookies().is_empty(), "{:?}", reply.set_cookies());
}

#[tokio::test]
async fn rich_content_takes_turns_under_sha1() {
    let node = Node::with(SHA1);
    rich_content_takes_turns(&mut turns(node, layer())).await;
}

#[tokio::test]
async fn rich_content_takes_turns_under_sha256() {
    let node = Node::with(SHA256);
    let keys = KoaKeys::sha256(KEYS).expect("keys");
    let layer = SessionLayer::<Visit>::koa(KoaCookies::new(keys));
    let mut turns = turns(node, layer);
    rich_content_takes_turns(&mut turns).await;
    assert_eq!(turns.jar.0["koa.sess.sig"].len(), 43);
}

/// JavaScript has no numbers beyond 2^53 that it can tell apart. Rust keeps every digit as long as Node
/// only reads; what Node writes is rounded, also what it did not touch.
#[tokio::test]
async fn numbers_beyond_2_to_53_are_exact_until_node_writes() {
    const BIG: u64 = 9_007_199_254_740_993;
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer());
    let write = |big| {
        move |mut session: TypedSession<Visit>| async move {
            session.big = Some(big);
        }
    };
    turns.rust(write(BIG)).await;
    assert_eq!(turns.node_reads().await.state()["big"], json!(9_007_199_254_740_992_u64));
    assert_eq!(turns.rust_reads().await["state"]["big"], json!(BIG), "Node only read");
    turns.rust_counts().await;
    assert_eq!(turns.rust_reads().await["state"]["big"], json!(BIG));
    turns.node_sets(json!({ "other": 1 })).await;
    assert_eq!(turns.rust_reads().await["state"]["big"], json!(9_007_199_254_740_992_u64));
    // Rounded up beyond what the field holds, it can't be read: a new session. An id of that size
    // belongs in a text.
    turns.rust(write(u64::MAX)).await;
    turns.node_sets(json!({ "other": 2 })).await;
    assert_eq!(turns.rust_reads().await["new"], true);
}

#[tokio::test]
async fn what_node_wrote_beyond_2_to_53_stays_to_the_digit() {
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer());
    turns
        .node_sets(json!({ "views": 1, "theirs": [1e21, 1.5, 123_456_789_012_345_680_u64] }))
        .await;
    turns.rust_counts().await;
    let payload = turns.jar.payload("koa.sess");
    assert!(payload.contains(r#""theirs":[1e+21,1.5,123456789012345680]"#), "{payload}");
}

#[tokio::test]
async fn empty_sessions_are_sessions() {
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer());
    let saved = turns.node("POST", "/save", None).await;
    assert_eq!(saved.status, 200, "{saved:?}");
    assert!(turns.jar.payload("koa.sess").starts_with(r#"{"_expire":"#), "{:?}", turns.jar);
    let seen = turns.rust_reads().await;
    assert_eq!((&seen["new"], &seen["state"]["views"]), (&json!(false), &json!(0)));

    turns.jar = Jar::default();
    turns.rust(|mut session: TypedSession<Visit>| async move { session.save() }).await;
    let seen = turns.node_reads().await;
    assert!(!seen.is_new(), "{seen:?}");
}

/// A browser session ends with the browser: it stays one whoever writes it.
#[tokio::test]
async fn browser_sessions_stay_browser_sessions() {
    let node =
        Node::with(&["--kind", "koa-session", "--keys", "key-new-2023", "--max-age", "session"]);
    for layer in [layer(), layer().browser_session()] {
        let mut turns = turns(node, layer);
        turns.node_sets(json!({ "views": 3 })).await;
        turns.at(NOW + 1000 * DAY);
        let reply = turns.rust_counts().await;
        for line in reply.set_cookies() {
            assert!(!line.contains("Max-Age") && !line.contains("xpires"), "{line}");
        }
        assert!(turns.jar.payload("koa.sess").ends_with(r#""_session":true}"#));
        let seen = turns.node_sets(json!({ "text": "on" })).await;
        assert!(!seen.is_new());
        assert!(seen.set_cookies.iter().all(|line| !line.contains("expires")), "{seen:?}");
        assert_eq!(turns.rust_reads().await["state"]["views"], 4);
    }
}

#[tokio::test]
async fn browser_sessions_of_ours_are_browser_sessions_there() {
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer().browser_session());
    turns.rust_counts().await;
    let meta = turns.node("GET", "/meta", None).await;
    assert_eq!(meta.body["maxAge"], "session", "{meta:?}");
    turns.node_sets(json!({ "text": "on" })).await;
    assert!(turns.jar.payload("koa.sess").ends_with(r#""_session":true}"#));
}

#[tokio::test]
async fn a_lifetime_of_the_sessions_own_is_the_same_on_both_sides() {
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer());
    turns.node_sets(json!({ "views": 1 })).await;
    turns.node("POST", "/max-age?ms=3600000", None).await;
    turns.at(NOW + 1000);
    let reply = turns.rust_counts().await;
    assert!(reply.set_cookies()[0].contains("Max-Age=3600;"), "{:?}", reply.set_cookies());
    let end = format!(r#""_expire":{},"_maxAge":3600000}}"#, NOW + 1000 + 3_600_000);
    assert!(turns.jar.payload("koa.sess").ends_with(&end), "{}", turns.jar.payload("koa.sess"));
    turns
        .rust(|mut session: TypedSession<Visit>| async move {
            session.set_max_age(Duration::from_secs(90)).expect("a lifetime");
        })
        .await;
    assert_eq!(turns.node("GET", "/meta", None).await.body["maxAge"], 90_000);
    turns.node_sets(json!({ "text": "on" })).await;
    let end = format!(r#""_expire":{},"_maxAge":90000}}"#, NOW + 1000 + 90_000);
    assert!(turns.jar.payload("koa.sess").ends_with(&end), "{}", turns.jar.payload("koa.sess"));
    let reply = turns
        .rust(|session: TypedSession<Visit>| async move { format!("{:?}", session.max_age()) })
        .await;
    assert_eq!(reply.body, format!("{:?}", MaxAge::Idle(Duration::from_secs(90))));
}

/// Side by side there is no end but theirs: also where it is later than what is usual here.
#[tokio::test]
async fn lifetimes_of_months_are_theirs_to_the_last_millisecond() {
    const LONG: u64 = 90 * DAY;
    let long = LONG.to_string();
    let node = Node::with(&["--kind", "koa-session", "--keys", "key-new-2023", "--max-age", &long]);
    for layer in [layer(), layer().max_age(days(90))] {
        let mut turns = turns(node, layer);
        turns.node_sets(json!({ "views": 1 })).await;
        turns.at(NOW + LONG);
        assert_eq!(turns.rust_reads().await["new"], false, "{:?}", turns.jar);
        turns.rust_counts().await;
        let end = format!(r#""_expire":{},"_maxAge":{LONG}}}"#, NOW + 2 * LONG);
        assert!(turns.jar.payload("koa.sess").ends_with(&end), "{}", turns.jar.payload("koa.sess"));
        turns.at(NOW + 2 * LONG);
        assert!(!turns.node_reads().await.is_new());
        assert_eq!(turns.rust_reads().await["new"], false);
    }
    // One that began here.
    let mut turns = turns(node, layer().max_age(days(90)));
    turns.rust_counts().await;
    turns.at(NOW + LONG);
    assert_eq!(turns.rust_reads().await["new"], false, "{:?}", turns.jar);
    assert!(!turns.node_reads().await.is_new());
}

#[tokio::test]
async fn both_judge_the_end_alike() {
    let node = Node::with(SHA1);
    for (now, over) in [(NOW + DAY, false), (NOW + DAY + 1, true)] {
        let mut by_node = turns(node, layer());
        by_node.node_sets(json!({ "views": 1 })).await;
        let mut by_rust = turns(node, layer());
        by_rust.rust_counts().await;
        for turns in [&mut by_node, &mut by_rust] {
            turns.at(now);
            assert_eq!(turns.node_reads().await.is_new(), over, "{now}");
            assert_eq!(turns.rust_reads().await["new"], over, "{now}");
        }
        // Here one that is over is removed; there it stays until it is written anew.
        assert_eq!(by_rust.jar.0.is_empty(), over);
    }
}

#[tokio::test]
async fn tampered_cookies_are_no_session_for_either() {
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer());
    turns.node_sets(json!({ "views": 1 })).await;
    let good = turns.jar.clone();
    let change = |name: &str, to: &dyn Fn(&str) -> String| {
        let mut jar = good.clone();
        let value = to(&jar.0[name]);
        jar.0.insert(name.to_owned(), value);
        jar
    };
    let flipped = |value: &str| {
        let last = if value.ends_with('A') { "B" } else { "A" };
        format!("{}{last}", &value[..value.len() - 1])
    };
    let without = |name: &str| {
        let mut jar = good.clone();
        jar.0.remove(name);
        jar
    };
    let bad = [
        change("koa.sess", &|value| value.replacen("eyJ", "eyK", 1)),
        change("koa.sess", &|value| value.trim_end_matches('=').to_owned() + "AAAA"),
        change("koa.sess.sig", &flipped),
        change("koa.sess.sig", &|value| value[1..].to_owned()),
        change("koa.sess.sig", &|value| format!("{value}=")),
        change("koa.sess.sig", &|_| String::new()),
        without("koa.sess"),
        without("koa.sess.sig"),
        Jar::signed("koa.sess", &good.0["koa.sess"], "a key that nobody has"),
    ];
    for jar in bad {
        turns.jar = jar.clone();
        assert_eq!(turns.rust_reads().await["new"], true, "{jar:?}");
        turns.jar = jar.clone();
        assert!(turns.node_reads().await.is_new(), "{jar:?}");
    }
    turns.jar = good;
    assert_eq!(turns.rust_reads().await["new"], false);
    assert!(!turns.node_reads().await.is_new());
}

/// First one application learns of the new key, then the other.
#[tokio::test]
async fn keys_are_rotated_in_both_directions() {
    let older = Node::with(&["--kind", "koa-session", "--keys", "key-old-2022"]);
    let newer = Node::with(SHA1);
    let only = |key| {
        let keys = KoaKeys::sha1([key]).expect("a key");
        SessionLayer::<Visit>::koa(KoaCookies::new(keys))
    };
    // Node under the old key, Rust has both.
    let mut ahead = turns(older, layer());
    ahead.node_sets(json!({ "views": 1 })).await;
    let before = ahead.jar.0["koa.sess.sig"].clone();
    assert_eq!(ahead.rust_reads().await["state"]["views"], 1);
    assert_ne!(ahead.jar.0["koa.sess.sig"], before, "signed anew");
    // Whoever has the old key alone does not take it any more, whoever has the new one does.
    let jar = ahead.jar.clone();
    assert!(turns(older, layer()).with(jar.clone()).node_reads().await.is_new());
    let mut later = turns(newer, only(KEYS[0])).with(jar);
    assert!(!later.node_reads().await.is_new());
    assert_eq!(later.rust_reads().await["state"]["views"], 1);

    // Rust under the old key, Node has both.
    let mut behind = turns(newer, only(KEYS[1]));
    behind.rust_counts().await;
    let before = behind.jar.0["koa.sess.sig"].clone();
    let seen = behind.node_reads().await;
    assert!(!seen.is_new());
    assert_eq!(seen.set_cookies.len(), 1, "the signature alone: {seen:?}");
    assert_ne!(behind.jar.0["koa.sess.sig"], before);
    assert_eq!(behind.rust_reads().await["new"], true);
    let mut both = turns(newer, layer()).with(behind.jar.clone());
    assert_eq!(both.rust_reads().await["state"]["views"], 1);
    let reply = both.rust(count).await;
    assert_eq!(reply.body, "2");
}

#[tokio::test]
async fn either_ends_a_session() {
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer());
    turns.node_sets(json!({ "views": 1 })).await;
    let reply = turns.rust(destroy).await;
    assert_eq!(reply.set_cookies().len(), 2, "{:?}", reply.set_cookies());
    assert!(turns.jar.0.is_empty(), "{:?}", turns.jar);
    assert!(turns.node_reads().await.is_new());

    turns.rust_counts().await;
    turns.node("POST", "/destroy", None).await;
    assert!(turns.jar.0.is_empty(), "{:?}", turns.jar);
    assert_eq!(turns.rust_reads().await["new"], true);
}

/// Nothing in a cookie of theirs can be rotated: it is sent anew, with the same end, and content stays.
#[tokio::test]
async fn rotation_sends_the_cookie_anew() {
    let node = Node::with(SHA1);
    let mut turns = turns(node, layer());
    turns.node_sets(json!({ "views": 1, "theirs": true })).await;
    turns.at(NOW + 1000);
    let before = turns.jar.clone();
    let reply = turns.rust(rotate).await;
    assert_eq!(reply.set_cookies().len(), 2, "{:?}", reply.set_cookies());
    assert_eq!(turns.jar, before);
    let seen = turns.node_reads().await;
    assert_eq!((seen.is_new(), &seen.state()["theirs"]), (false, &json!(true)));
}

/// Members that mean something to koa-session are none of the data, and don't reach the other side.
#[tokio::test]
async fn nothing_that_hurts_node_is_handed_on() {
    let node = Node::with(SHA1);
    let payload =
        r#"{"__proto__":{"x":1},"toJSON":1,"views":1,"constructor":{"y":1},"_session":true}"#;
    let value = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, payload);
    let mut turns = turns(node, layer()).with(Jar::signed("koa.sess", &value, KEYS[0]));
    assert_eq!(turns.node_reads().await.status, 500, "koa-session can't take it");
    turns.rust_counts().await;
    let seen = turns.node_reads().await;
    assert_eq!(seen.state()["views"], 2);
    assert_eq!(seen.state()["constructor"], json!({ "y": 1 }), "plain data");
}

//! egg's signed cookies: SHA-256, and a name of their own.

use crate::cookies::rich_content_takes_turns;
use crate::node::Node;
use crate::turns::{DAY, KEYS, NOW, Turns, Visit, destroy};
use serde_json::json;
use session::SessionLayer;
use session::compat::koa::{KoaCookies, KoaKeys};
use session_tests::site_of;

const EGG: &[&str] = &["--kind", "egg", "--keys", "key-new-2023,key-old-2022"];

fn theirs<const N: usize>(keys: [&str; N]) -> KoaCookies {
    KoaCookies::new(KoaKeys::sha256(keys).expect("keys")).name("EGG_SESS")
}

fn turns<const N: usize>(node: &'static Node, keys: [&str; N]) -> Turns {
    Turns::new(node, site_of(SessionLayer::<Visit>::koa(theirs(keys))).named("EGG_SESS"))
}

#[tokio::test]
async fn rich_content_takes_turns_with_egg() {
    let node = Node::with(EGG);
    let mut turns = turns(node, KEYS);
    rich_content_takes_turns(&mut turns).await;
    assert_eq!(turns.jar.0["EGG_SESS.sig"].len(), 43);
    assert_eq!(turns.jar.0.len(), 2);
}

#[tokio::test]
async fn ends_keys_and_destruction_are_the_same() {
    let node = Node::with(EGG);
    let mut turns = turns(node, KEYS);
    turns.rust_counts().await;
    turns.at(NOW + DAY);
    assert!(!turns.node_reads().await.is_new());
    turns.at(NOW + DAY + 1);
    assert!(turns.node_reads().await.is_new());
    turns.node_sets(json!({ "views": 5 })).await;
    assert_eq!(turns.rust_reads().await["state"]["views"], 5);
    turns.rust(destroy).await;
    assert!(turns.jar.0.is_empty() && turns.node_reads().await.is_new());

    let mut older = self::turns(node, [KEYS[1]]);
    older.rust_counts().await;
    let seen = older.node_reads().await;
    assert!(!seen.is_new(), "a key that egg has in the second place");
    assert_eq!(seen.set_cookies.len(), 1, "{seen:?}");
    older.node("POST", "/destroy", None).await;
    assert!(older.jar.0.is_empty(), "{:?}", older.jar);
}

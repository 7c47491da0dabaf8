//! Two applications that take turns on one jar.

use crate::jar::Jar;
use crate::node::{Answer, Node};
use axum::handler::Handler;
use serde_json::{Value, json};
use session::store::RedisStore;
use session::{Serializable, Session, SessionData, TypedSession};
use session_tests::{Reply, Site};
use std::collections::BTreeMap;

/// The time at which tests begin.
pub const NOW: u64 = 1_700_000_000_000;
pub const DAY: u64 = 86_400_000;
/// For `app.keys`, first the one that signs.
pub const KEYS: [&str; 2] = ["key-new-2023", "key-old-2022"];

/// What the Rust application knows of a session. The Node application has members of its own besides.
#[derive(Session, Debug, PartialEq)]
pub struct Visit {
    pub views: u64,
    #[session(rotate)]
    pub user: Option<String>,
    pub text: String,
    pub list: Vec<Value>,
    pub map: BTreeMap<String, Value>,
    pub big: Option<u64>,
    pub date: Option<String>,
}

/// A Node application, a Rust one, the time by both clocks, and one browser.
pub struct Turns {
    pub node: &'static Node,
    pub rust: Site<Visit>,
    pub jar: Jar,
    now: u64,
}

impl Turns {
    pub fn new(node: &'static Node, rust: Site<Visit>) -> Self {
        let turns = Self { node, rust, jar: Jar::default(), now: NOW };
        turns.rust.clock.set(NOW);
        turns
    }

    pub fn with(mut self, jar: Jar) -> Self {
        self.jar = jar;
        self
    }

    pub fn now(&self) -> u64 {
        self.now
    }

    pub fn at(&mut self, now: u64) {
        self.now = now;
        self.rust.clock.set(now);
    }

    pub async fn node(&mut self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let cookie = self.jar.header();
        let answer = self.node.ask(method, path, self.now, &cookie, body.as_ref()).await;
        self.jar.keep(answer.set_cookies.iter().map(String::as_str));
        answer
    }

    /// Node assigns these members.
    pub async fn node_sets(&mut self, members: Value) -> Answer {
        let answer = self.node("POST", "/set", Some(members)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// What Node sees.
    pub async fn node_reads(&mut self) -> Answer {
        self.node("GET", "/state", None).await
    }

    pub async fn rust<A: 'static>(&mut self, handler: impl Handler<A, ()>) -> Reply {
        let reply = self.rust.run(&self.jar.header(), handler).await;
        self.jar.keep(reply.set_cookies());
        reply
    }

    /// What Rust sees.
    pub async fn rust_reads(&mut self) -> Value {
        let reply = self.rust(show::<Visit>).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        serde_json::from_str(&reply.body).expect("JSON")
    }

    /// Rust counts a view: the smallest change.
    pub async fn rust_counts(&mut self) -> Reply {
        let reply = self.rust(count).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply
    }
}

/// `{"new": .., "state": {..}}`, as Node answers.
pub async fn show<T: SessionData>(session: TypedSession<T>) -> String {
    let state = serde_json::to_value(Serializable(&*session)).expect("JSON");
    json!({ "new": session.is_new(), "state": state }).to_string()
}

pub async fn count(mut session: TypedSession<Visit>) -> String {
    session.views += 1;
    session.views.to_string()
}

pub async fn destroy(mut session: TypedSession<Visit>) {
    session.destroy();
}

pub async fn rotate(mut session: TypedSession<Visit>) {
    session.rotate();
}

pub async fn redis(url: &str) -> RedisStore {
    RedisStore::builder(url).connect().await.expect("Redis")
}

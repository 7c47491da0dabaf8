//! The session types of the vectors, and layers with a clock that stands still.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use session::testing::{self, ManualClock};
use session::{
    Event, InvalidReason, Keys, Session, SessionBuilder, SessionData, SessionLayer, TypedSession,
};
use session_tests::at_once;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// When the vectors' sessions begin.
pub const BEGIN: u64 = 1_700_000_000_000;
pub const DEFAULT_NAME: &str = "__Host-session";

#[derive(Session)]
#[session(schema = "visit")]
pub struct Visit {
    pub views: u64,
    pub user: Option<u64>,
    pub name: String,
    pub cart: BTreeMap<String, u32>,
}

/// `Visit` under another schema name.
#[derive(Session)]
#[session(schema = "návštěva")]
pub struct Navsteva {
    pub views: u64,
    pub user: Option<u64>,
    pub name: String,
    pub cart: BTreeMap<String, u32>,
}

#[derive(Session)]
#[session(schema = "vault", version = 3)]
pub struct Vault {
    #[session(ttl = "15m")]
    pub sudo: Option<String>,
    #[session(ttl = "1h", rename = "schlüssel")]
    pub code: Option<u32>,
    pub plain: bool,
}

#[derive(Serialize, Deserialize, PartialEq)]
pub enum Kind {
    Unit,
    Pair(u8, u8),
    Point { x: i8, y: i8 },
}

#[derive(Serialize, Deserialize, PartialEq)]
pub struct Metres(pub u16);

#[derive(Serialize, Deserialize, PartialEq, Default)]
pub struct Nested {
    pub inner: Vec<Option<u8>>,
}

#[derive(Session)]
#[session(schema = "types")]
pub struct Types {
    pub boolean: bool,
    pub small: i8,
    pub wide: u128,
    pub negative: i128,
    pub float: f64,
    pub whole: f32,
    pub character: char,
    pub text: String,
    pub none: Option<u8>,
    pub some: Option<u8>,
    pub unit: (),
    pub list: Vec<u8>,
    pub pair: (u8, String),
    pub bytes: [u8; 2],
    pub set: BTreeSet<String>,
    pub map: BTreeMap<i8, bool>,
    #[session(default = Kind::Unit)]
    pub plain: Kind,
    #[session(default = Kind::Unit)]
    pub tuple: Kind,
    #[session(default = Kind::Unit)]
    pub named: Kind,
    #[session(default = Metres(0))]
    pub newtype: Metres,
    pub nested: Nested,
    pub duration: Duration,
    #[session(default = std::net::Ipv6Addr::UNSPECIFIED)]
    pub address: std::net::Ipv6Addr,
}

pub fn typical() -> Visit {
    let cart = BTreeMap::from([("apple".to_owned(), 1), ("pear".to_owned(), 3)]);
    Visit { views: 41, user: Some(7), name: "Ada".to_owned(), cart }
}

/// 1, 2, 3 .. 32.
pub fn key_a() -> Vec<u8> {
    (1..=32).collect()
}

/// 255, 254 .. 192: twice as long.
pub fn key_b() -> Vec<u8> {
    (192..=255).rev().collect()
}

pub fn ring(keys: &[Vec<u8>]) -> Keys {
    Keys::new(keys).expect("good keys")
}

/// What a layer said of the tokens that it saw.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<&'static str>>>);

impl Seen {
    pub fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("no panic under this lock"))
    }

    fn note(&self, event: &Event<'_>) {
        let name = match event {
            Event::Invalid(InvalidReason::Forged) => "forged",
            Event::Invalid(InvalidReason::UnknownKey) => "unknown key",
            event => event.name(),
        };
        self.0.lock().expect("no panic under this lock").push(name);
    }
}

/// A layer whose clock stands at `BEGIN`.
pub fn layer<T: SessionData + session::NoSecrets + session::MergesByLastOnly>(
    keys: &[Vec<u8>],
    options: impl FnOnce(SessionBuilder<T>) -> SessionBuilder<T>,
) -> (SessionLayer<T>, ManualClock, Seen) {
    let (clock, seen) = (ManualClock::default(), Seen::default());
    assert_eq!(clock.ms(), BEGIN);
    let said = seen.clone();
    let builder = SessionLayer::<T>::signed(ring(keys))
        .clock(clock.clone())
        .on_event(move |event| said.note(event));
    (options(builder).build().expect("good options"), clock, seen)
}

/// The token that a client with this state would bring.
pub fn token<T: SessionData>(sessions: &SessionLayer<T>, state: T) -> String {
    let headers = at_once(testing::headers(sessions, state)).expect("encodable");
    match headers.get(COOKIE) {
        Some(cookie) => value_of(cookie),
        None => headers.values().next().expect("one").to_str().expect("ASCII").to_owned(),
    }
}

/// What stands between `=` and `;`.
pub fn value_of(cookie: &HeaderValue) -> String {
    let cookie = cookie.to_str().expect("ASCII");
    let (_, value) = cookie.split_once('=').expect("a pair");
    value.split(';').next().expect("split gives one at least").to_owned()
}

/// Request headers with one cookie, or `None` when no HTTP request could carry it.
pub fn cookie(name: &str, value: &[u8]) -> Option<HeaderMap> {
    let pair = [name.as_bytes(), b"=", value].concat();
    Some(HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(&pair).ok()?)]))
}

pub fn open<T: SessionData>(
    sessions: &SessionLayer<T>,
    name: &str,
    token: &str,
) -> TypedSession<T> {
    let headers = cookie(name, token.as_bytes()).expect("a header value");
    at_once(sessions.open(&headers)).expect("no rejection")
}

/// The token that closing gives, or `None` when there is no Set-Cookie.
pub fn close<T: SessionData>(
    sessions: &SessionLayer<T>,
    session: TypedSession<T>,
) -> Option<String> {
    let mut headers = HeaderMap::new();
    at_once(sessions.close(session, &mut headers)).expect("can be committed");
    headers.get(SET_COOKIE).map(value_of)
}

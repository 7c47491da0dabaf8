//! Rule 9: change is decided by content.

use serde::{Deserialize, Serialize};
use session::{Codec, DecodeError, EncodeError, Json, Payload, Session, SessionData, TypedSession};
use session_tests::site;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;

#[derive(Session)]
struct Bag {
    views: u64,
    map: HashMap<String, u32>,
    set: HashSet<u32>,
    list: Vec<u8>,
    plain: Plain,
}

/// Has no `PartialEq`.
#[derive(Default, Serialize, Deserialize)]
struct Plain {
    text: String,
}

fn bag() -> Bag {
    Bag {
        views: 1,
        map: (0..50).map(|n| (format!("key {n}"), n)).collect(),
        set: (0..50).collect(),
        list: vec![1, 2],
        plain: Plain { text: "x".to_owned() },
    }
}

type Handle = TypedSession<Bag>;

// Fails when the bytes are compared and nothing else: fifty members seldom keep their order.
#[tokio::test]
async fn rule_9_the_order_of_a_hash_map_is_no_change() {
    let site = site::<Bag, _>(|b| b);
    let cookie = site.cookie(bag());
    for _ in 0..20 {
        let rebuild = async |mut session: Handle| {
            let (map, set) = (session.map.clone(), session.set.clone());
            session.map = map.into_iter().collect();
            session.set = set.into_iter().collect();
        };
        assert!(site.run(&cookie, rebuild).await.is_silent());
    }
}

// Fails when a field without `PartialEq` always counts as changed, or never.
#[tokio::test]
async fn rule_9_types_without_partial_eq_compare_by_their_encoding() {
    let site = site::<Bag, _>(|b| b);
    let cookie = site.cookie(bag());
    let same = async |mut session: Handle| session.plain = Plain { text: "x".to_owned() };
    assert!(site.run(&cookie, same).await.is_silent());
    let other = async |mut session: Handle| session.plain.text.push('y');
    assert!(site.run(&cookie, other).await.seals());
    site.events.take();
    let names = async |mut session: Handle| {
        session.plain.text.push('y');
        session.changed().iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(site.run(&cookie, names).await.body, "plain");
}

// Fails when equal lengths and sums pass for equal contents (a checksum loses real changes).
#[tokio::test]
async fn b_5_every_change_of_content_counts() {
    let site = site::<Bag, _>(|b| b);
    let cookie = site.cookie(bag());
    let swapped = async |mut session: Handle| session.list.swap(0, 1);
    assert!(site.run(&cookie, swapped).await.seals());
    for n in 0..=255_u8 {
        let mut visitor = site.visitor_with(bag());
        let set = async move |mut session: Handle| session.list = vec![n, 2];
        assert_eq!(visitor.sends(set).await.seals(), n != 1, "{n}");
        assert_eq!(visitor.state().list, [n, 2]);
    }
}

#[derive(Session)]
#[session(schema = "Named")]
struct Before {
    views: u64,
    nick: String,
}

#[derive(Session)]
#[session(schema = "Named")]
struct After {
    views: u64,
    #[session(rename = "n", alias = "nick")]
    name: String,
    #[session(default = 7)]
    level: u32,
    colour: Option<String>,
}

// Fails when a field under an alias, or one that is missing, counts as changed.
#[tokio::test]
async fn rule_9_aliases_and_new_defaults_are_no_change() {
    let (before, after) = (site::<Before, _>(|b| b), site::<After, _>(|b| b));
    let cookie = before.cookie(Before { views: 1, nick: "ann".to_owned() });
    let touch = async |mut session: TypedSession<After>| {
        session.views = std::hint::black_box(session.views);
        let s = &session;
        format!("{} {} {:?} {:?}", s.name, s.level, s.colour, s.changed())
    };
    let reply = after.run(&cookie, touch).await;
    assert_eq!(reply.body, "ann 7 None {}");
    assert!(reply.is_silent());
    let change = async |mut session: TypedSession<After>| session.views += 1;
    let reply = after.run(&cookie, change).await;
    let cookie = format!("__Host-session={}", reply.token().expect("a token"));
    assert_eq!(after.state(&cookie).name, "ann", "now under its new key");
}

// Fails when `changed()` reports what was touched instead of what differs.
#[tokio::test]
async fn rule_9_changed_names_the_fields_that_differ() {
    let site = site::<Bag, _>(|b| b);
    let cookie = site.cookie(bag());
    let names = async |mut session: Handle| {
        assert!(session.changed().is_empty());
        session.views += 1;
        session.list.push(3);
        let map = session.map.clone();
        session.set_map(map);
        let changed = session.changed();
        assert!(changed.contains("list") && !changed.contains("map") && changed.len() == 2);
        session.list.pop();
        session.changed().iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(site.run(&cookie, names).await.body, "views");
    assert_eq!(site.events.take(), ["loaded", "changed(views)"]);
}

#[derive(Session)]
struct Hidden {
    cell: Mutex<RefCell<u32>>,
}

// Fails when `save()` does not encode what is there now.
#[tokio::test]
async fn rule_9_interior_mutability_is_seen_by_save_alone() {
    let site = site::<Hidden, _>(|b| b);
    let mut visitor = site.visitor_with(Hidden { cell: Mutex::default() });
    let set = |session: &TypedSession<Hidden>| *session.cell.lock().expect("sane").borrow_mut() = 5;
    let value = |session: &TypedSession<Hidden>| *session.cell.lock().expect("sane").borrow();
    let unseen = visitor.sends(async move |session: TypedSession<Hidden>| set(&session)).await;
    assert!(unseen.is_silent());
    visitor
        .sends(async move |mut session: TypedSession<Hidden>| {
            set(&session);
            session.save();
        })
        .await;
    assert_eq!(value(&visitor.state()), 5);
}

struct CodecThatMayNotEncode;

impl Codec for CodecThatMayNotEncode {
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        ENCODED.with(|calls| *calls.borrow_mut() += 1);
        Json::default().encode(state, to)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        Json::default().decode(from)
    }
}

thread_local! {
    static ENCODED: RefCell<u32> = const { RefCell::new(0) };
}

// Fails when a handle that nobody wrote through is compared with what was loaded.
#[tokio::test]
async fn rule_9_the_read_path_compares_nothing() {
    let site = site::<Bag, _>(|b| b.codec(CodecThatMayNotEncode));
    let cookie = site.cookie(bag());
    ENCODED.set(0);
    site.run(&cookie, async |session: Handle| session.map.len().to_string()).await;
    assert_eq!(ENCODED.take(), 0);
    site.run(&cookie, async |mut session: Handle| session.views += 1).await;
    assert!(ENCODED.take() > 0);
}

#[derive(Session)]
struct Odd {
    _expire: u64,
    #[session(rename = "_maxAge")]
    under: String,
    #[session(rename = "maxAge", accessor = false)]
    max_age: u32,
    #[session(accessor = false)]
    save: bool,
    #[session(rename = "__proto__")]
    proto: BTreeMap<String, String>,
    length: i8,
}

// Fails when metadata is kept among the members of the payload.
#[tokio::test]
async fn b_16_names_of_metadata_are_ordinary_data() {
    let site = site::<Odd, _>(|b| b);
    let mut visitor = site.visitor();
    let set = async |mut session: TypedSession<Odd>| {
        let s = &mut *session;
        (s._expire, s.max_age, s.save, s.length) = (1, 2, true, -3);
        s.under = "x".to_owned();
        s.proto = BTreeMap::from([("constructor".to_owned(), "y".to_owned())]);
    };
    visitor.sends(set).await;
    let s = visitor.state();
    assert_eq!((s._expire, s.max_age, s.save, s.length), (1, 2, true, -3));
    assert_eq!((s.under.as_str(), s.proto["constructor"].as_str()), ("x", "y"));
    assert_eq!(visitor.sealed().idle, 86_400_000);
}

// Fails when the token's text is not opaque to the cookie's grammar.
#[tokio::test]
async fn b_17_any_text_survives_the_round_trip() {
    let site = site::<Odd, _>(|b| b);
    let mut visitor = site.visitor();
    const TEXT: &str = "; , = \" \\ ' % é 日本 \u{0} \u{1f980} \n\r </script>";
    let set = async |mut session: TypedSession<Odd>| {
        session.under = TEXT.to_owned();
        session.proto.insert(TEXT.to_owned(), TEXT.to_owned());
    };
    visitor.sends(set).await;
    assert_eq!(visitor.state().under, TEXT);
    assert_eq!(visitor.state().proto[TEXT], TEXT);
}

// Fails when a write encodes the changed field alone.
#[tokio::test]
async fn b_15_the_other_fields_stay() {
    let site = site::<Bag, _>(|b| b);
    let mut visitor = site.visitor_with(bag());
    visitor.sends(async |mut session: Handle| session.views = 9).await;
    let (now, before) = (visitor.state(), bag());
    assert_eq!((now.views, &now.map, &now.list), (9, &before.map, &before.list));
}

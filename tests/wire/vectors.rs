//! Known answers, in both directions, and by an implementation of the tests' own.

use crate::reference::{self, Bound, Parts};
use crate::support::*;
use http::HeaderName;
use serde::Deserialize;
use session::{Codec, HeaderCarrier, Json, MaxAge, Payload, SessionData, days, testing};
use session_tests::at_once;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

/// A row of `vectors.json`.
#[derive(Deserialize)]
struct Vector {
    name: String,
    mode: String,
    /// Hexadecimal, as `key_id` and `sub_key` are.
    key: String,
    cookie: String,
    schema: String,
    key_id: String,
    sub_key: String,
    started: u64,
    rotated: u64,
    renewed: u64,
    idle: u64,
    own_lifetime: bool,
    browser: bool,
    payload_version: u32,
    expiries: Vec<(String, u64)>,
    payload: String,
    token: String,
}

impl Vector {
    fn parts(&self) -> Parts {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        Parts {
            version: 1,
            key_id: *hex(&self.key_id).first_chunk().expect("8 bytes"),
            flags: flag(self.own_lifetime, reference::OWN_LIFETIME)
                | flag(self.browser, reference::BROWSER)
                | flag(!self.expiries.is_empty(), reference::EXPIRIES),
            started: self.started,
            rotated: self.rotated,
            renewed: self.renewed,
            idle: self.idle,
            payload_version: self.payload_version,
            expiries: self.expiries.clone(),
            payload: self.payload.clone().into_bytes(),
        }
    }
}

fn vectors() -> Vec<Vector> {
    let file: File = serde_json::from_str(include_str!("vectors.json")).expect("the file is JSON");
    file.vectors
}

fn hex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits.map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal")).collect()
}

// Fails when `vectors.json` and `docs/wire-format.md` (which `reference` was written from) say
// different things.
#[test]
fn rule_16_the_vectors_are_what_the_document_says() {
    for vector in vectors() {
        let name = &vector.name;
        let key = hex(&vector.key);
        let bound =
            Bound { key: &key, mode: &vector.mode, cookie: &vector.cookie, schema: &vector.schema };
        assert_eq!(reference::key_id(&key)[..], hex(&vector.key_id), "{name}");
        assert_eq!(bound.sub_key()[..], hex(&vector.sub_key), "{name}");
        assert_eq!(bound.seal(&vector.parts().message()), vector.token, "{name}");
        assert_eq!(bound.open(&vector.token), Some(vector.parts()), "{name}");
    }
}

// Fails when any byte of what the library writes changes: the layout, the derivation of keys, the
// order of members, the form of a value.
#[test]
fn rule_16_the_library_seals_the_vectors() {
    for vector in vectors() {
        assert_eq!(sealed(&vector.name), vector.token, "{}", vector.name);
    }
}

/// The token that the library makes, by the vector's name.
fn sealed(name: &str) -> String {
    let visit = |state: Visit| token(&layer(&[key_a()], |b| b).0, state);
    let later = |max_age: MaxAge| {
        let (sessions, clock, _) = layer::<Visit>(&[key_a()], |b| b);
        let begun = token(&sessions, typical());
        clock.advance(Duration::from_secs(1));
        let mut session = open(&sessions, DEFAULT_NAME, &begun);
        session.set_max_age(max_age).expect("a good lifetime");
        close(&sessions, session).expect("a write")
    };
    match name {
        "empty" => visit(Visit::initial()),
        "typical" => visit(typical()),
        "not ASCII" => visit(Visit {
            views: u64::MAX,
            user: None,
            name: "žluťoučký kůň 🦀 \0\t\"\\/\u{7f}\u{2028}".to_owned(),
            cart: BTreeMap::from([("čaj".to_owned(), 2)]),
        }),
        "fields with an end of their own" => token(
            &layer(&[key_a()], |b| b).0,
            Vault { sudo: Some("root".to_owned()), code: Some(1234), plain: true },
        ),
        "one field with an end of its own" => {
            token(&layer(&[key_a()], |b| b).0, Vault { code: Some(1234), ..Vault::initial() })
        }
        "own lifetime" => later(days(7).into()),
        "own browser session" => later(MaxAge::Browser),
        "configured browser session" => {
            token(&layer(&[key_a()], |b| b.browser_session()).0, typical())
        }
        "second key" => token(&layer(&[key_b()], |b| b).0, typical()),
        "other cookie name" => token(&layer(&[key_a()], |b| b.name("sid")).0, typical()),
        "other schema" => {
            let Visit { views, user, name, cart } = typical();
            token(&layer(&[key_a()], |b| b).0, Navsteva { views, user, name, cart })
        }
        "in a header" => {
            let header = HeaderName::from_static("x-session");
            let carrier = HeaderCarrier::new(header);
            token(&layer(&[key_a()], |b| b.carrier(carrier)).0, typical())
        }
        "three times" => {
            let (sessions, clock, _) = layer::<Visit>(&[key_a()], |b| b);
            let begun = token(&sessions, typical());
            // With more than half of the idle lifetime left only the rotation moves a time.
            clock.advance(Duration::from_secs(50_000));
            let kept = clock.ms();
            clock.set(BEGIN + 40_000_000);
            let early = open(&sessions, DEFAULT_NAME, &begun);
            assert_eq!(close(&sessions, early), None, "nothing is due yet");
            clock.set(kept);
            let mut session = open(&sessions, DEFAULT_NAME, &begun);
            session.rotate();
            let rotated = close(&sessions, session).expect("a new token");
            clock.set(BEGIN + 100_000_000);
            close(&sessions, open(&sessions, DEFAULT_NAME, &rotated)).expect("a renewal")
        }
        "unknown members" => {
            let (sessions, _, _) = layer::<Visit>(&[key_a()], |b| b);
            let mut newer =
                vectors().into_iter().find(|vector| vector.name == name).expect("this one").parts();
            let older = String::from_utf8(newer.payload).expect("UTF-8").replacen("42", "41", 1);
            newer.payload = older.into_bytes();
            let key = key_a();
            let bound = Bound { key: &key, mode: "signed", cookie: DEFAULT_NAME, schema: "visit" };
            let mut session = open(&sessions, DEFAULT_NAME, &bound.seal(&newer.message()));
            session.views += 1;
            close(&sessions, session).expect("a write")
        }
        "every kind of type" => token(&layer(&[key_a()], |b| b).0, every_kind()),
        other => panic!("no recipe for the vector `{other}`: add one"),
    }
}

fn every_kind() -> Types {
    Types {
        boolean: true,
        small: -128,
        wide: u128::MAX,
        negative: i128::MIN + 1 - 1,
        float: 0.1,
        whole: 1.0,
        character: 'é',
        text: "a\nb".to_owned(),
        none: None,
        some: Some(5),
        unit: (),
        list: vec![1, 2],
        pair: (1, "b".to_owned()),
        bytes: [0, 255],
        set: BTreeSet::from(["a".to_owned(), "b".to_owned()]),
        map: BTreeMap::from([(2, false), (-1, true)]),
        plain: Kind::Unit,
        tuple: Kind::Pair(1, 2),
        named: Kind::Point { x: 1, y: 2 },
        newtype: Metres(9),
        nested: Nested { inner: vec![None, Some(3)] },
        duration: Duration::from_millis(1500),
        address: std::net::Ipv6Addr::LOCALHOST,
    }
}

// Fails when a token of an earlier release is not accepted, or not read as the state that it holds.
#[test]
fn rule_16_the_library_opens_the_vectors() {
    for vector in vectors() {
        let name = &vector.name;
        let read = match vector.schema.as_str() {
            "visit" => read_back::<Visit>(&vector),
            "návštěva" => read_back::<Navsteva>(&vector),
            "vault" => read_back::<Vault>(&vector),
            "types" => read_back::<Types>(&vector),
            other => panic!("no type for the schema `{other}`: add one"),
        };
        // Members that the type does not know are no part of the state.
        let known = match name.as_str() {
            "unknown members" => {
                r#"{"views":42,"user":7,"name":"Ada","cart":{"apple":1,"pear":3}}"#
            }
            _ => &vector.payload,
        };
        assert_eq!(read, known, "{name}");
    }
}

/// Opens the token and encodes its state again.
fn read_back<T>(vector: &Vector) -> String
where
    T: SessionData + session::NoSecrets + session::MergesByLastOnly,
{
    let header = vector.cookie == "header:x-session";
    let (sessions, clock, seen) = layer::<T>(&[hex(&vector.key)], |b| {
        if header {
            b.carrier(HeaderCarrier::new(HeaderName::from_static("x-session")))
        } else {
            b.name(&vector.cookie)
        }
    });
    clock.set(vector.renewed);
    let session = if header {
        let value = vector.token.parse().expect("ASCII");
        let headers = [(HeaderName::from_static("x-session"), value)].into_iter().collect();
        at_once(sessions.open(&headers)).expect("no rejection")
    } else {
        open(&sessions, &vector.cookie, &vector.token)
    };
    assert!(!session.is_new(), "{} is refused: {:?}", vector.name, seen.take());
    let expected = if vector.browser {
        MaxAge::Browser
    } else {
        MaxAge::Idle(Duration::from_millis(vector.idle))
    };
    assert_eq!(session.max_age(), expected, "{}", vector.name);
    let mut payload = Payload::default();
    Json::default().encode::<T>(&session, &mut payload).expect("encodable");
    assert_eq!(seen.take(), ["loaded"], "{}", vector.name);
    String::from_utf8(payload.bytes().to_vec()).expect("UTF-8")
}

// Fails when a layer's own tokens and those of `testing` differ.
#[test]
fn rule_15_a_sealed_value_is_what_a_response_would_carry() {
    let (sessions, _, _) = layer::<Visit>(&[key_a()], |b| b);
    let mut session = at_once(sessions.open(&http::HeaderMap::new())).expect("a blank session");
    *session = typical();
    let sent = close(&sessions, session).expect("a new session");
    let made = at_once(testing::headers(&sessions, typical())).expect("encodable");
    assert_eq!(value_of(&made[http::header::COOKIE]), sent);
}

// Fails when the example of `docs/wire-format.md` is not the vector that it describes.
#[test]
fn rule_16_the_documents_example_is_a_vector() {
    let document = include_str!("../../docs/wire-format.md");
    let vector = vectors()
        .into_iter()
        .find(|vector| vector.name == "one field with an end of its own")
        .expect("the example");
    for part in [&vector.token, &vector.key_id, &vector.sub_key, &vector.payload] {
        assert!(document.contains(part.as_str()), "{part}");
    }
    // An offset of four digits, two spaces, and at most sixteen bytes a line.
    let (_, dump) = document.split_once("133 bytes:\n\n```text\n").expect("the dump");
    let (dump, _) = dump.split_once("```").expect("its end");
    let bytes = |line: &str| hex(&line[6..53].replace(' ', ""));
    let dumped: Vec<u8> = dump.lines().flat_map(bytes).collect();
    assert_eq!(reference::text(&dumped), vector.token);
}

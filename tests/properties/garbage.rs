//! Arbitrary input: no panic, no 5xx, and never a session that nobody made.

use crate::reference::{Bound, EXPIRIES, Parts, key_id};
use crate::serve::{SetCookie, cookies, extract, serve};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use session::testing::{self, ManualClock};
use session::{Codec, Json, Keys, Payload, Session, SessionData, SessionLayer};
use session_tests::at_once;
use std::collections::BTreeMap;
use std::io::Write;

#[derive(Session)]
#[session(schema = "g")]
struct Visit {
    views: u64,
    note: Option<String>,
    #[session(ttl = "1h", alias = "old")]
    map: BTreeMap<String, Option<u8>>,
    #[session(rotate)]
    user: Option<u8>,
}

const NAME: &str = "__Host-session";
const KEY: [u8; 32] = [7; 32];
const GOOD: &[u8] = br#"{"views":7,"note":"x","map":{"a":null},"user":null}"#;

fn sessions() -> SessionLayer<Visit> {
    let keys = Keys::new([KEY]).expect("a good key");
    SessionLayer::signed(keys).clock(ManualClock::default()).build().expect("good options")
}

fn payload(bytes: &[u8]) -> Payload {
    let mut payload = Payload::default();
    payload.start().write_all(bytes).expect("writing to memory");
    payload
}

/// Bytes that are JSON more often than chance has it.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b" ",
        b"\\",
        b"\\u00e9",
        b"\\ud800",
        b"\xff",
        b"null",
        b"1",
        b"-0.0e9",
        b"\"views\":",
        b"\"note\":",
        b"\"map\":",
        b"\"old\":",
        b"\"user\":",
        b"\"x\"",
        b"{}",
        b"{\"a\":1}",
        b"\"new\":true",
        b"\"views\":3,",
    ];
    const MEMBERS: &[&str] = &[
        "\"views\":3",
        "\"note\":null",
        "\"map\":{}",
        "\"old\":{\"b\":2}",
        "\"user\":1",
        "\"new\":[1,{}]",
        "\"\":0",
        "\"views\" : 4",
    ];
    prop_oneof![
        vec(any::<u8>(), 0..80),
        vec(select(PARTS), 0..16).prop_map(|parts| parts.concat()),
        // The good payload, with a piece of it replaced.
        (0..GOOD.len(), 0..6_usize, vec(any::<u8>(), 0..4)).prop_map(|(at, removed, put)| {
            let mut bytes = GOOD.to_vec();
            bytes.splice(at..(at + removed).min(GOOD.len()), put);
            bytes
        }),
        // Members in any order.
        vec(select(MEMBERS), 0..6)
            .prop_map(|members| format!("{{{}}}", members.join(",")).into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    // Fails when a payload makes the decoder panic, when the quick way of reading and the scan
    // disagree, or when what was read can't be written and read again.
    #[test]
    fn security_20_21_no_payload_panics_and_every_reading_is_stable(bytes in nearly_json()) {
        let json = Json::default();
        let mut from = payload(&bytes);
        if let Ok(state) = json.decode::<Visit>(&mut from) {
            // Only an object of JSON is a state, whatever way it was read.
            let members: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&bytes).expect("it was accepted");
            if let Some(views) = members.get("views") {
                prop_assert_eq!(views.as_u64(), Some(state.views));
            }
            let mut written = Payload::default();
            json.encode(&state, &mut written).expect("it was read");
            json.carry_unknown::<Visit>(&from, &mut written).expect("it was read");
            let mut again = payload(written.bytes());
            let same = json.decode::<Visit>(&mut again).expect("its own bytes");
            for (index, field) in Visit::FIELDS.iter().enumerate() {
                prop_assert!(state.same_field(&same, index), "{}", field.name);
                let mut alone = Visit::initial();
                json.decode_field(&mut from, &mut alone, index).expect("it was read whole");
                prop_assert!(state.same_field(&alone, index), "{} alone", field.name);
            }
            // What nobody knows is there as before, once.
            let after: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(written.bytes()).expect("JSON");
            let known = ["views", "note", "map", "old", "user"];
            for (name, value) in members.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
                prop_assert_eq!(after.get(name), Some(value));
            }
            let mut stable = Payload::default();
            json.encode(&same, &mut stable).expect("it was read");
            json.carry_unknown::<Visit>(&again, &mut stable).expect("it was read");
            prop_assert_eq!(stable.bytes(), written.bytes());
        }
    }

    // Fails when anything that bears a good tag makes opening or closing panic, or refuses the
    // request: the key's holder may have been another release.
    #[test]
    fn security_20_nothing_authentic_panics(
        message in vec(any::<u8>(), 0..120),
        ours in any::<bool>(),
        flags in prop_oneof![0_u8..8, any::<u8>()],
        rest in nearly_json(),
    ) {
        let bound = Bound { key: &KEY, mode: "signed", cookie: NAME, schema: "g" };
        let mut message = message;
        if ours && message.len() >= 10 {
            message[0] = 1;
            message[1..9].copy_from_slice(&key_id(&KEY));
            message[9] = flags;
            message.extend(&rest);
        }
        let token = bound.seal(&message);
        let response = serve(&sessions(), cookies(NAME, &[&token]), |request| {
            let mut session = extract::<Visit>(request).expect("no rejection");
            session.views = session.views.wrapping_add(1);
            StatusCode::OK
        });
        prop_assert_eq!(response.status(), StatusCode::OK);
    }

    // The same, with an envelope that is alive: the payload is reached.
    #[test]
    fn security_20_no_authentic_payload_panics(
        bytes in nearly_json(),
        end in proptest::option::of(0_u64..1 << 48),
    ) {
        let expiries: Vec<_> = end.map(|end| ("map".to_owned(), end)).into_iter().collect();
        let parts = Parts {
            version: 1,
            key_id: key_id(&KEY),
            flags: if end.is_some() { EXPIRIES } else { 0 },
            started: 1_700_000_000_000,
            rotated: 1_700_000_000_000,
            renewed: 1_700_000_000_000,
            idle: 86_400_000,
            payload_version: 0,
            expiries,
            payload: bytes.clone(),
        };
        let bound = Bound { key: &KEY, mode: "signed", cookie: NAME, schema: "g" };
        let token = bound.seal(&parts.message());
        let decodes = Json::default().decode::<Visit>(&mut payload(&bytes)).is_ok();
        let mut loaded = false;
        let response = serve(&sessions(), cookies(NAME, &[&token]), |request| {
            let mut session = extract::<Visit>(request).expect("no rejection");
            loaded = !session.is_new();
            session.views = session.views.wrapping_add(1);
            session.map.clear();
            StatusCode::OK
        });
        prop_assert_eq!(loaded, decodes);
        prop_assert_eq!(response.status(), StatusCode::OK);
        prop_assert!(matches!(SetCookie::of(&response), SetCookie::Token(_)));
    }

    // Fails when a Cookie header panics, gives a 5xx or a session that nobody made; or when
    // rubbish beside a good cookie hides it (rule 18: at most 8 are tried).
    #[test]
    fn rule_18_security_46_no_cookie_header_panics(
        headers in vec(cookie_header(), 0..4),
        good in proptest::option::of(0..4_usize),
    ) {
        let sessions = sessions();
        let state = Visit { views: 41, ..Visit::initial() };
        let made = at_once(testing::headers(&sessions, state)).expect("encodable");
        let mut map = HeaderMap::new();
        let mut ours = 0;
        let mut brought = false;
        let needle = format!("{NAME}=");
        for (index, bytes) in headers.iter().enumerate() {
            if good == Some(index) && ours < 8 {
                map.append(header::COOKIE, made[header::COOKIE].clone());
                brought = true;
            }
            ours += bytes.windows(needle.len()).filter(|at| *at == needle.as_bytes()).count();
            if let Ok(value) = HeaderValue::from_bytes(bytes) {
                map.append(header::COOKIE, value);
            }
        }
        let mut seen = None;
        let response = serve(&sessions, map, |request| {
            let session = extract::<Visit>(request).expect("no rejection");
            seen = Some((session.is_new(), session.views));
            StatusCode::OK
        });
        prop_assert_eq!(response.status(), StatusCode::OK);
        prop_assert_eq!(seen, Some(if brought { (false, 41) } else { (true, 0) }));
        prop_assert!(!matches!(SetCookie::of(&response), SetCookie::Token(_)), "nothing changed");
    }
}

/// Bytes that are cookies more often than chance has it.
fn cookie_header() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&[u8]] = &[
        b"__Host-session=",
        b"__Host-session",
        b"=",
        b"; ",
        b";",
        b" ",
        b"\t",
        b"\"",
        b"%3D",
        b"$Version=1",
        b",",
        b"AQ",
        b"AVhOM0RVZndaY",
        b"\xff\xfe",
        b"\xe2\x80\x80",
        b"__host-session=AQ",
        b"a=b",
        b"-_-_",
        b"+/==",
    ];
    prop_oneof![
        vec(any::<u8>(), 0..100),
        vec(select(PARTS), 0..14).prop_map(|parts| parts.concat())
    ]
}

// Fails when the work that a request can cause is not bounded, or a huge header panics.
#[test]
fn rule_18_security_46_huge_headers_are_no_error() {
    let sessions = sessions();
    let of = |pair: &str, times: usize| vec![pair; times].join("; ");
    for value in [
        format!("{NAME}={}", "A".repeat(65_536)),
        format!("{NAME}={}", "=".repeat(65_536)),
        of(&format!("{NAME}=AQ"), 3800),
        ";".repeat(65_536),
        format!("{NAME}={}", "\u{e9}".repeat(32_768)),
    ] {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
        let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
        let response = serve(&sessions, headers, |request| {
            assert!(extract::<Visit>(request).expect("no rejection").is_new());
            StatusCode::OK
        });
        assert_eq!(response.status(), StatusCode::OK);
    }
    // The ninth is not looked at.
    let made = at_once(testing::headers(&sessions, Visit::initial())).expect("encodable");
    let good = made[header::COOKIE].to_str().expect("ASCII");
    for (before, found) in [(7, true), (8, false)] {
        let all = format!("{}; {good}", of(&format!("{NAME}=AQ"), before));
        let headers = HeaderMap::from_iter([(header::COOKIE, all.parse().expect("ASCII"))]);
        serve(&sessions, headers, |request| {
            assert_eq!(
                !extract::<Visit>(request).expect("no rejection").is_new(),
                found,
                "{before}"
            );
            StatusCode::OK
        });
    }
}

//! What is sealed is what is opened.

use crate::reference::{Bound, key_id};
use crate::serve::cookies;
use proptest::prelude::*;
use session::testing::{self, ManualClock};
use session::{Codec, Json, Keys, Payload, Session, SessionData, SessionLayer};
use session_tests::at_once;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Session, Debug)]
#[session(schema = "any", version = 7)]
struct Any {
    number: u64,
    wide: i128,
    float: f64,
    text: String,
    maybe: Option<String>,
    letters: Vec<char>,
    map: HashMap<String, i32>,
    set: BTreeSet<u8>,
    nested: BTreeMap<i16, Vec<(bool, Option<f32>)>>,
    #[session(rename = "\u{1}\"\\ é")]
    renamed: (u8, String),
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}",
        proptest::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter)
    ]
}

fn finite() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits).prop_filter("JSON has no other", |f| f.is_finite())
}

fn any_state() -> impl Strategy<Value = Any> {
    use proptest::collection::{btree_map, btree_set, hash_map, vec};
    let simple =
        (any::<u64>(), any::<i128>(), finite(), any_text(), proptest::option::of(any_text()));
    let nested = btree_map(any::<i16>(), vec((any::<bool>(), any::<Option<u16>>()), 0..4), 0..4);
    let rich = (
        vec(any::<char>(), 0..10),
        hash_map(any_text(), any::<i32>(), 0..6),
        btree_set(any::<u8>(), 0..6),
        nested,
        (any::<u8>(), any_text()),
    );
    (simple, rich).prop_map(|((number, wide, float, text, maybe), rich)| {
        let (letters, map, set, nested, renamed) = rich;
        let nested = nested.into_iter().map(|(key, list)| {
            let single =
                |(flag, number): (bool, Option<u16>)| (flag, number.map(|n| f32::from(n) / 7.0));
            (key, list.into_iter().map(single).collect())
        });
        let nested = nested.collect();
        Any { number, wide, float, text, maybe, letters, map, set, nested, renamed }
    })
}

fn any_key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 32..100)
        .prop_filter("zero is refused", |key| key.iter().any(|byte| *byte != 0))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    // Fails when any value does not come back as it went, or another implementation of the format
    // reads something else out of the token.
    #[test]
    fn rule_16_21_what_is_sealed_is_what_is_opened(
        state in any_state(),
        key in any_key(),
        now in 0_u64..1 << 47,
        name in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}",
    ) {
        let clock = ManualClock::default();
        clock.set(now);
        let build = || {
            SessionLayer::<Any>::signed(Keys::new([&key]).expect("a good key"))
                .clock(clock.clone())
                .name(&name)
                .build()
        };
        // A name that begins with a prefix is fine too: everything else is as the prefix wants.
        let sessions = build().expect("good options");
        let mut payload = Payload::default();
        Json::default().encode(&state, &mut payload).expect("encodable");
        let expected: Any = Json::default().decode(&mut copy_of(&payload)).expect("its own bytes");
        for (index, field) in Any::FIELDS.iter().enumerate() {
            prop_assert!(state.same_field(&expected, index), "{}", field.name);
        }
        let headers = at_once(testing::headers(&sessions, state)).expect("encodable");
        let cookie = headers[http::header::COOKIE].to_str().expect("ASCII");
        let token = cookie.strip_prefix(&format!("{name}=")).expect("our name");

        let bound = Bound { key: &key, mode: "signed", cookie: &name, schema: "any" };
        let parts = bound.open(token).expect("the format is what the document says");
        prop_assert_eq!(parts.key_id, key_id(&key));
        prop_assert_eq!((parts.started, parts.rotated, parts.renewed), (now, now, now));
        prop_assert_eq!((parts.idle, parts.payload_version, parts.flags), (86_400_000, 7, 0));
        prop_assert_eq!(bound.seal(&parts.message()), token);

        // By another instance with the same options.
        let opened = at_once(build().expect("good options").open(&cookies(&name, &[token]))).expect("ok");
        prop_assert!(!opened.is_new());
        for (index, field) in Any::FIELDS.iter().enumerate() {
            prop_assert!(opened.same_field(&expected, index), "{}", field.name);
        }
        prop_assert!(opened.changed().is_empty());
    }
}

fn copy_of(payload: &Payload) -> Payload {
    use std::io::Write;
    let mut copy = Payload::default();
    copy.start().write_all(payload.bytes()).expect("writing to memory");
    copy
}

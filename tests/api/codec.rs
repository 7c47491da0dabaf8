//! Codecs of one's own, through serde's traits.

use crate::support::*;
use http::HeaderMap;
use session::testing::{self, ManualClock};
use session::{
    Codec, DecodeError, Deserializable, EncodeError, Payload, Serializable, Session, SessionData,
    SessionLayer,
};
use session_tests::at_once;
use std::collections::BTreeMap;
use std::io::Write;

/// serde's own idea of a struct: a map.
struct Map;

impl Codec for Map {
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        serde_json::to_writer_pretty(to.start(), &Serializable(state)).map_err(EncodeError::new)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        let Deserializable(state) =
            serde_json::from_slice(from.bytes()).map_err(DecodeError::new)?;
        Ok(state)
    }
}

/// Without field names: the stored values in the order of declaration.
struct Sequence;

impl Codec for Sequence {
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        let map = serde_json::to_value(Serializable(state)).map_err(EncodeError::new)?;
        let named = map.as_object().ok_or_else(|| EncodeError::new("no object"))?;
        let values: Vec<_> = T::FIELDS.iter().filter_map(|field| named.get(field.name)).collect();
        serde_json::to_writer(to.start(), &values).map_err(EncodeError::new)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        let Deserializable(state) =
            serde_json::from_slice(from.bytes()).map_err(DecodeError::new)?;
        Ok(state)
    }
}

fn payload(text: &str) -> Payload {
    let mut payload = Payload::default();
    payload.start().write_all(text.as_bytes()).expect("writing to memory");
    payload
}

fn text(payload: &Payload) -> &str {
    std::str::from_utf8(payload.bytes()).expect("UTF-8")
}

fn visit(views: u64, note: &str, scratch: u32) -> Visit {
    Visit { views, note: Some(note.to_owned()), colour: "blue".to_owned(), scratch, size: -3 }
}

// Fails when a skipped field is written, a rename forgotten, or the order is not the declaration's.
#[test]
fn rule_21_serializable_is_a_struct_of_the_stored_fields() {
    let value = serde_json::to_string(&Serializable(&visit(1, "x", 9))).expect("encodable");
    assert_eq!(value, r#"{"views":1,"note":"x","colour":"blue","Größe \"XL\"":-3}"#);
}

// Fails when a map is read in one order only, aliases are lost, an unknown member is an error, or
// a missing field is not its initial value.
#[test]
fn rule_21_a_map_is_read_in_any_order() {
    let table = [
        (r#"{"Größe \"XL\"":-3,"colour":"blue","note":"x","views":1}"#, visit(1, "x", 0)),
        (r#"{"memo":"x","views":1,"colour":"blue","Größe \"XL\"":-3}"#, visit(1, "x", 0)),
        (
            r#"{"new":{"a":[]},"views":1,"remark":"x","colour":"blue","Größe \"XL\"":-3}"#,
            visit(1, "x", 0),
        ),
        // A skipped field is never read.
        (
            r#"{"scratch":7,"views":1,"note":"x","colour":"blue","Größe \"XL\"":-3}"#,
            visit(1, "x", 0),
        ),
        ("{}", Visit::initial()),
        (r#"{"views":2}"#, Visit { views: 2, ..Visit::initial() }),
    ];
    for (text, expected) in table {
        let read: Visit = Map.decode(&mut payload(text)).expect(text);
        for (index, field) in Visit::FIELDS.iter().enumerate() {
            assert!(read.same_field(&expected, index), "{text}: {}", field.name);
        }
    }
    for wrong in ["", "[1", "7", r#"{"views":"many"}"#, r#"{"views":1"#] {
        assert!(Map.decode::<Visit>(&mut payload(wrong)).is_err(), "{wrong:?}");
    }
}

// Fails when the sequence form counts skipped fields, or a shorter sequence is an error: a field
// that was added at the end takes its initial value.
#[test]
fn rule_21_a_sequence_is_read_in_the_order_of_declaration() {
    let mut written = Payload::default();
    Sequence.encode(&visit(1, "x", 9), &mut written).expect("encodable");
    assert_eq!(text(&written), r#"[1,"x","blue",-3]"#);
    let read: Visit = Sequence.decode(&mut written).expect("its own bytes");
    assert_eq!((read.views, read.scratch, read.size), (1, 0, -3));
    let read: Visit = Sequence.decode(&mut payload("[5]")).expect("a shorter one");
    assert_eq!((read.views, read.note, &*read.colour, read.size), (5, None, "red", 0));
    assert!(Sequence.decode::<Visit>(&mut payload("[1,null,\"x\",0,0]")).is_err(), "a longer one");
}

// Fails when the layer needs more of a codec than the two methods: reading, comparing, writing and
// naming the largest field must work with what `Codec` gives by default.
#[test]
fn rule_20_21_a_codec_of_two_methods_is_enough() {
    let sessions = builder().codec(Map).build().expect("good options");
    let mut session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
    session.set_views(5);
    session.note = Some("x".to_owned());
    assert_eq!(session.changed().iter().collect::<Vec<_>>(), ["views", "note"]);
    let cookie = set_cookie(&sessions, session).expect("a change");
    let request = brought(&cookie);

    let session = at_once(sessions.open(&request)).expect("no rejection");
    assert_eq!((session.views, session.note.as_deref()), (5, Some("x")));
    assert_eq!(set_cookie(&sessions, session), None, "nothing changed");

    let mut session = at_once(sessions.open(&request)).expect("no rejection");
    session.views += 0;
    session.note = Some("x".to_owned());
    assert!(session.changed().is_empty());
    assert_eq!(set_cookie(&sessions, session), None, "the same values are no change");

    let mut session = at_once(sessions.open(&request)).expect("no rejection");
    session.colour = "long".repeat(2000);
    let error = at_once(sessions.close(session, &mut HeaderMap::new())).expect_err("too large");
    let said = format!("{error}");
    assert!(said.contains("largest field is `colour`"), "{said}");

    // What JSON's own codec wrote is, by chance, readable; what is no state is not.
    let json = builder().build().expect("good options");
    let made = at_once(testing::headers(&json, visit(3, "y", 0))).expect("encodable");
    assert_eq!(at_once(sessions.open(&made)).expect("no rejection").views, 3);
}

/// Keeps what it does not know, in its own way.
struct Keeping;

impl Codec for Keeping {
    const KEEPS_UNKNOWN: bool = true;

    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        Map.encode(state, to)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        Map.decode(from)
    }

    fn carry_unknown<T: SessionData>(
        &self,
        from: &Payload,
        to: &mut Payload,
    ) -> Result<(), EncodeError> {
        let read = |payload: &Payload| {
            serde_json::from_slice::<BTreeMap<String, serde_json::Value>>(payload.bytes())
        };
        let mut members = read(from).map_err(EncodeError::new)?;
        members.retain(|name, _| !T::FIELDS.iter().any(|field| field.name == name));
        members.extend(read(to).map_err(EncodeError::new)?);
        serde_json::to_writer(to.start(), &members).map_err(EncodeError::new)
    }
}

#[derive(Session)]
#[session(schema = "Visit")]
struct Newer {
    views: u64,
    added: Option<String>,
}

// Fails when the layer does not ask the codec, or asks one that says it keeps nothing.
#[test]
fn rule_21_keeping_unknown_members_is_the_codecs_job() {
    for (kept, codec) in [(Some("later"), true), (None, false)] {
        let newer = |clock: ManualClock| {
            let builder = SessionLayer::<Newer>::signed(keys()).clock(clock);
            if codec { builder.codec(Keeping) } else { builder.codec(Map) }.build()
        };
        let older = if codec { builder().codec(Keeping) } else { builder().codec(Map) };
        let (newer, older) =
            (newer(ManualClock::default()).expect("good"), older.build().expect("good"));
        let state = Newer { views: 1, added: Some("later".to_owned()) };
        let request = at_once(testing::headers(&newer, state)).expect("encodable");
        let mut session = at_once(older.open(&request)).expect("no rejection");
        session.views += 1;
        let cookie = set_cookie(&older, session).expect("a change");
        let session = at_once(newer.open(&brought(&cookie))).expect("no rejection");
        assert_eq!((session.views, session.added.as_deref()), (2, kept), "{codec}");
    }
}

// Fails when a codec without member names panics or invents some for `migrate`.
#[test]
fn a_codec_without_names_can_not_migrate() {
    let error = Sequence.members(&payload("[1]")).expect_err("no names");
    assert!(error.reveal().to_string().contains("no named members"));
}

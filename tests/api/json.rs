//! The JSON codec: what it writes, what it reads, and what it refuses.

use crate::support::*;
use session::{Codec, DecodeError, Json, Payload, Session, SessionData};
use std::collections::BTreeMap;
use std::io::Write;

fn payload(bytes: impl AsRef<[u8]>) -> Payload {
    let mut payload = Payload::default();
    payload.start().write_all(bytes.as_ref()).expect("writing to memory");
    payload
}

fn read<T: SessionData>(bytes: impl AsRef<[u8]>) -> Result<T, DecodeError> {
    Json::default().decode(&mut payload(bytes))
}

fn written<T: SessionData>(state: &T) -> String {
    let mut payload = Payload::default();
    Json::default().encode(state, &mut payload).expect("encodable");
    String::from_utf8(payload.bytes().to_vec()).expect("UTF-8")
}

/// Reads `from`, carries what `Visit` does not know over, and gives the text.
fn rewritten(from: &str) -> String {
    let mut from = payload(from);
    let state: Visit = Json::default().decode(&mut from).expect("a state");
    let mut to = Payload::default();
    Json::default().encode(&state, &mut to).expect("encodable");
    Json::default().carry_unknown::<Visit>(&from, &mut to).expect("its own members");
    String::from_utf8(to.bytes().to_vec()).expect("UTF-8")
}

const WHOLE: &str = r#"{"views":1,"note":"x","colour":"blue","Größe \"XL\"":-3}"#;

// Fails when the order of members, a rename or a skip is lost on the way out.
#[test]
fn rule_21_members_stand_in_the_order_of_declaration() {
    let state = Visit {
        views: 1,
        note: Some("x".to_owned()),
        colour: "blue".to_owned(),
        scratch: 5,
        size: -3,
    };
    assert_eq!(written(&state), WHOLE);
    assert_eq!(
        written(&Visit::initial()),
        r#"{"views":0,"note":null,"colour":"red","Größe \"XL\"":0}"#
    );
}

// Fails when one of the two ways of reading (in order, or by a scan) reads something else.
#[test]
fn rule_21_order_and_white_space_do_not_matter() {
    let members = [r#""views":1"#, r#""note":"x""#, r#""colour":"blue""#, r#""Größe \"XL\"":-3"#];
    let mut orders = 0;
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| ![a, b].contains(c)) {
                let d = 6 - a - b - c;
                let order = [members[a], members[b], members[c], members[d]];
                for (comma, open, close) in
                    [(",", "{", "}"), (" , ", " {\n", "\t}\r\n"), (",\n", "{", "}")]
                {
                    let text = format!("{open}{}{close}", order.join(comma));
                    assert_eq!(written(&read::<Visit>(&text).expect(&text)), WHOLE, "{text}");
                    orders += 1;
                }
            }
        }
    }
    assert_eq!(orders, 24 * 3);
    let spaced =
        "{ \"views\" : 1 , \"note\" : \"x\" , \"colour\" :\t\"blue\", \"Größe \\\"XL\\\"\":-3}";
    assert_eq!(written(&read::<Visit>(spaced).expect(spaced)), WHOLE);
    // An escaped key is the key.
    let escaped = WHOLE.replace("views", "\\u0076iews");
    assert_eq!(written(&read::<Visit>(&escaped).expect(&escaped)), WHOLE);
}

// Fails when a missing member is an error, or takes `Default` in place of the initial value.
#[test]
fn rule_21_a_missing_member_takes_the_initial_value() {
    let read = |text: &str| written(&read::<Visit>(text).expect(text));
    assert_eq!(read("{}"), written(&Visit::initial()));
    assert_eq!(read(" { } "), written(&Visit::initial()));
    for (name, text) in [
        ("first", r#"{"note":"x","colour":"blue","Größe \"XL\"":-3}"#),
        ("last", r#"{"views":1,"note":"x","colour":"blue"}"#),
        ("middle", r#"{"views":1,"note":"x","Größe \"XL\"":-3}"#),
    ] {
        let expected = match name {
            "first" => WHOLE.replace(":1,", ":0,"),
            "last" => WHOLE.replace("-3", "0"),
            _ => WHOLE.replace("blue", "red"),
        };
        assert_eq!(read(text), expected, "{name}");
    }
}

// Fails when an alias is not looked for, or goes before the field's own key.
#[test]
fn rule_21_aliases_are_read_and_never_written() {
    for alias in ["note", "remark", "memo"] {
        let text = WHOLE.replace("note", alias);
        assert_eq!(written(&read::<Visit>(&text).expect(&text)), WHOLE, "{alias}");
        assert_eq!(rewritten(&text), WHOLE, "an alias is no unknown member: {alias}");
    }
    let both = r#"{"memo":"old","remark":"older","note":"x","views":1}"#;
    assert_eq!(read::<Visit>(both).expect(both).note.as_deref(), Some("x"));
    let two = r#"{"memo":"second","remark":"first","views":1}"#;
    assert_eq!(read::<Visit>(two).expect(two).note.as_deref(), Some("first"), "the first listed");
}

// Fails when unknown members are lost, changed or, on `KEEPS_UNKNOWN`, denied.
#[test]
fn rule_21_unknown_members_survive_as_they_are() {
    const { assert!(Json::KEEPS_UNKNOWN) };
    let unknown = [
        r#""new":1"#,
        r#""deep":{"views":[{"note":null}], "x" : 1.50}"#,
        r#""1e400":1e400"#,
        r#""big":123456789012345678901234567890"#,
        r#""\u00e9\"":"\ud83e\udd80""#,
        r#""":"""#,
        // A skipped field has no key: this is somebody else's.
        r#""scratch":9"#,
    ];
    for member in unknown {
        for text in [
            WHOLE.replace('}', &format!(",{member}}}")),
            WHOLE.replacen('{', &format!("{{{member},"), 1),
            WHOLE.replacen(",\"colour", &format!(" , {member}\n,\"colour"), 1),
        ] {
            let expected = WHOLE.replace('}', &format!(",{member}}}"));
            assert_eq!(rewritten(&text), expected, "{text}");
        }
    }
    let all = WHOLE.replacen('{', &format!("{{{},", unknown.join(",")), 1);
    let expected = WHOLE.replace('}', &format!(",{}}}", unknown.join(",")));
    assert_eq!(rewritten(&all), expected);
    assert_eq!(rewritten(&expected), expected, "and once more");
}

// Fails when something behind the object, a comma too many, a key that stands twice or half a text
// is accepted: one payload has one reading.
#[test]
fn rule_21_security_21_everything_else_is_refused() {
    for wrong in [
        "",
        " ",
        "{",
        "}",
        "null",
        "[]",
        "1",
        "\"{}\"",
        "{}{}",
        "{} x",
        "{},",
        "\u{feff}{}",
        "{\"views\":1,}",
        "{,\"views\":1}",
        "{\"views\":1,,\"note\":null}",
        "{\"views\" 1}",
        "{\"views\"}",
        "{\"views\":}",
        "{views:1}",
        "{'views':1}",
        "{1:1}",
        "{\"views\":1;\"note\":null}",
        "{\"views\":1\"note\":null}",
        "{\"views\":1/**/}",
        "{\"views\":1]",
        "{\"views\":1}}",
        "{\"views\":1}\0",
        "{\"views\":01}",
        "{\"views\":+1}",
        "{\"views\":1:2}",
        "{\"views\":NaN}",
        // A key that stands twice: known, unknown, spelled in two ways.
        "{\"views\":1,\"views\":1}",
        "{\"views\":1,\"note\":null,\"views\":1}",
        "{\"views\":1,\"v\\u0069ews\":1}",
        "{\"new\":1,\"new\":1}",
        // Of another type, or out of range.
        "{\"views\":-1}",
        "{\"views\":1.5}",
        "{\"views\":\"1\"}",
        "{\"views\":null}",
        "{\"views\":18446744073709551616}",
        "{\"views\":1,\"note\":7}",
        "{\"Größe \\\"XL\\\"\":128}",
        "{\"note\":\"\\ud800\"}",
        "{\"note\":\"a\nb\"}",
    ] {
        assert!(read::<Visit>(wrong).is_err(), "{wrong:?}");
    }
    for len in 0..WHOLE.len() {
        if WHOLE.is_char_boundary(len) {
            assert!(read::<Visit>(&WHOLE[..len]).is_err(), "the first {len} bytes");
        }
    }
}

// Fails when bytes that are no UTF-8 are read, be it inside a string or an unknown member.
#[test]
fn rule_21_security_46_invalid_utf_8_is_refused() {
    for wrong in [
        &b"\xff"[..],
        b"{\"note\":\"\xff\"}",
        b"{\"new\":\"\xc3\x28\"}",
        b"{\"\xed\xa0\x80\":1}",
        b"{}\x80",
        b"{\"note\":\"\xf0\x9f\xa6\"}",
    ] {
        assert!(read::<Visit>(wrong).is_err(), "{wrong:?}");
    }
}

#[derive(Session)]
struct Deep {
    tree: Option<serde_json::Value>,
    views: u8,
}

// Fails when nesting without end overflows the stack.
#[test]
fn security_20_deep_nesting_is_no_panic() {
    for depth in [100, 127, 128, 1000, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let known = format!("{{\"tree\":{nested},\"views\":1}}");
        assert_eq!(read::<Deep>(&known).is_ok(), depth < 128, "{depth}");
        // What nobody knows is skipped without being built.
        let unknown = format!("{{\"new\":{nested},\"views\":1}}");
        assert_eq!(read::<Deep>(&unknown).map(|deep| deep.views).ok(), Some(1), "{depth}");
        let objects = format!("{}1{}", "{\"views\":".repeat(depth), "}".repeat(depth));
        assert!(read::<Deep>(&objects).is_err());
    }
}

// Fails when an error no longer names the field, or shows a value.
#[test]
fn rule_32_a_decode_error_names_the_field_and_shows_no_value() {
    for text in [
        r#"{"views":"s3cret"}"#,
        r#"{"new":1,"views":"s3cret"}"#,
        r#"{"note":"x","views":"s3cret"}"#,
    ] {
        let Err(error) = read::<Visit>(text) else { panic!("{text} is read") };
        assert_eq!(error.field(), Some("views"));
        assert!(error.to_string().starts_with("the stored content of field `views`"), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        assert!(std::error::Error::source(&error).is_none(), "a chain of errors would show it");
        assert!(error.reveal().to_string().contains("s3cret"), "it is there for who asks");
    }
}

#[derive(Session)]
struct Keyed {
    map: BTreeMap<(u8, u8), u8>,
}

// Fails when a map whose keys are no text panics, or is written as something else.
#[test]
fn rule_32_an_encode_error_names_the_field_and_shows_no_value() {
    let state = Keyed { map: BTreeMap::from([((123, 45), 67)]) };
    let mut payload = Payload::default();
    let error = Json::default().encode(&state, &mut payload).expect_err("no text");
    assert_eq!(error.field(), Some("map"));
    assert!(error.to_string().contains("text keys"), "{error}");
    assert!(!format!("{error} {error:?}").contains("123"));
}

#[derive(Session)]
struct Numbers {
    float: f64,
    single: f32,
    wide: u128,
    negative: i64,
}

// Fails when a number does not come back as it went: floats need the shortest text that reads
// back, and the reader must read it exactly.
#[test]
fn rule_21_numbers_come_back_as_they_went() {
    let floats = [
        0.1,
        1.0,
        -0.0,
        5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        f64::EPSILON,
        1.0 / 3.0,
        123_456_789.123_456_78,
        9_007_199_254_740_993.0,
        1e21,
        1e-7,
        // Is read one unit off without serde_json's `float_roundtrip`.
        31.245_270_191_439_438,
        0.929_302_103_404_102_7,
    ];
    for float in floats {
        let state = Numbers {
            float,
            single: float as f32,
            wide: u128::MAX - u128::from(float.to_bits()),
            negative: i64::MIN,
        };
        if !state.single.is_finite() {
            continue;
        }
        let text = written(&state);
        let back: Numbers = read(&text).expect(&text);
        assert_eq!(back.float.to_bits(), state.float.to_bits(), "{text}");
        assert_eq!(back.single.to_bits(), state.single.to_bits(), "{text}");
        assert_eq!((back.wide, back.negative), (state.wide, state.negative), "{text}");
    }
}

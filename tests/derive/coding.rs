//! `with = MODULE`.

use super::support::{read, written};
use serde_json::json;
use session::{Session, SessionData};

/// Neither serde nor `Default` nor `PartialEq`.
pub struct Color(u32);

mod hex {
    use super::Color;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(color: &Color, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{:x}", color.0))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Color, D::Error> {
        let text = String::deserialize(from)?;
        u32::from_str_radix(&text, 16).map(Color).map_err(serde::de::Error::custom)
    }
}

#[derive(Session)]
struct Theme {
    #[session(with = hex, default = Color(0xff))]
    color: Color,
}

#[test]
fn the_module_reads_and_writes() {
    let theme: Theme = read(json!({ "color": "beef" })).expect("hex");
    assert_eq!(theme.color.0, 0xbeef);
    assert_eq!(written(&theme), json!({ "color": "beef" }));
    assert!(read::<Theme>(json!({ "color": "purple" })).is_err());
}

#[test]
fn a_missing_field_takes_its_initial_value() {
    assert_eq!(read::<Theme>(json!({})).expect("empty").color.0, 0xff);
    assert_eq!(Theme::initial().color.0, 0xff);
}

#[test]
fn one_field_is_read_alone() {
    let mut theme = Theme::initial();
    theme.read_field(0, json!("10")).expect("hex");
    assert_eq!(theme.color.0, 0x10);
}

#[test]
fn comparing_is_by_encoding_where_there_is_no_eq() {
    let (mut a, b) = (Theme::initial(), Theme::initial());
    assert!(a.same_field(&b, 0));
    assert!(a.same_as_stored(0, json!("ff")).expect("hex"));
    a.color.0 = 1;
    assert!(!a.same_field(&b, 0));
    assert!(!a.same_as_stored(0, json!("ff")).expect("hex"));
}

//! B, what a session holds, and how it is kept.

use crate::home::{Act, Does, Home, World};
use crate::state::{Handle, Visit, full, show};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use session::{Session, SessionData, TypedSession, days};
use session_tests::{Sealed, Visitor};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

both_homes!(
    b_15_one_field_changed_the_others_stay,
    b_16_names_of_metadata_are_data,
    b_17_any_text_survives,
    b_18_dates_options_and_defaults_have_a_documented_encoding,
    b_18_a_date_before_1970_is_an_error_when_it_is_written,
);

async fn b_15_one_field_changed_the_others_stay(home: Home) {
    type Same = fn(&mut Visit);
    let acts: [(Act<Visit>, Same); 4] = [
        (|s| s.views = 8, |v| v.views = 8),
        (|s| s.note = None, |v| v.note = None),
        (|s| s.list.push(9), |v| v.list.push(9)),
        (
            |s| {
                s.map.remove("key 3");
            },
            |v| {
                v.map.remove("key 3");
            },
        ),
    ];
    let world = open!(home, Visit, |b| b);
    for (act, same) in acts {
        let mut visitor = world.guest(full());
        visitor.does(act).await;
        let mut expected = full();
        same(&mut expected);
        let mut expected = world.state(&world.cookie(expected));
        assert_eq!(show(&mut visitor.state()), show(&mut expected));
    }
    // Fields that an older instance does not know stay, too.
    #[derive(Session)]
    #[session(schema = "Visit")]
    struct Older {
        views: u64,
    }
    let mut visitor = world.guest(full());
    let older = beside!(world, Older, |b| b);
    let mut theirs = older.visitor();
    theirs.cookie.clone_from(&visitor.cookie);
    theirs.does(|s: &mut TypedSession<Older>| s.views = 8).await;
    visitor.cookie.clone_from(&theirs.cookie);
    let mut expected = world.state(&world.cookie(Visit { views: 8, ..full() }));
    assert_eq!(show(&mut visitor.state()), show(&mut expected));
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
    _session: bool,
    _sid: String,
    cookie: String,
    #[session(rename = "isNew", accessor = false)]
    is_new: bool,
}

async fn b_16_names_of_metadata_are_data(home: Home) {
    let world = open!(home, Odd, |b| b);
    let mut visitor = world.visitor();
    let set = |s: &mut TypedSession<Odd>| {
        let s = &mut **s;
        (s._expire, s.max_age, s.save, s.length, s._session) = (1, 2, true, -3, true);
        (s.under, s._sid, s.cookie) = ("x".to_owned(), "sid".to_owned(), "c=1".to_owned());
        s.is_new = true;
        s.proto = BTreeMap::from([("constructor".to_owned(), "y".to_owned())]);
    };
    assert_eq!(visitor.does(set).await.attribute("Max-Age"), Some("86400"));
    world.clock.advance(days(1));
    let s = visitor.state();
    assert!(!s.is_new(), "they say nothing about the session");
    assert_eq!((s._expire, s.max_age, s.save, s.length, s._session), (1, 2, true, -3, true));
    assert_eq!((&*s.under, &*s._sid, &*s.cookie), ("x", "sid", "c=1"));
    assert_eq!((s.proto["constructor"].as_str(), s.is_new), ("y", true));
}

async fn b_17_any_text_survives(home: Home) {
    const TEXT: &str = "; , = \" \\ ' % é 日本 \u{0} \u{1f980} \n\r </script>";
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.visitor();
    let set = |s: &mut Handle| {
        s.note = Some(TEXT.to_owned());
        s.map.insert(TEXT.to_owned(), 1);
        let inner = BTreeMap::from([(TEXT.to_owned(), TEXT.to_owned())]);
        s.nested.insert(TEXT.to_owned(), vec![BTreeMap::new(), inner]);
    };
    let reply = visitor.does(set).await;
    let token = reply.token().expect("a token");
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    let s = visitor.state();
    assert_eq!((s.note.as_deref(), s.map[TEXT], &*s.nested[TEXT][1][TEXT]), (Some(TEXT), 1, TEXT));
}

/// Days since the first of 1970, as text: for fields `with` it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Day(u32);

mod day {
    use super::*;

    pub(super) fn serialize<S: Serializer>(day: &Day, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("day {}", day.0))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Day, D::Error> {
        let text = String::deserialize(from)?;
        let number = text.strip_prefix("day ").and_then(|number| number.parse().ok());
        number.map(Day).ok_or_else(|| serde::de::Error::custom("no day"))
    }
}

#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Debug)]
struct Money(i64);

#[derive(Session)]
#[session(schema = "Kept")]
struct Kept {
    #[session(default = UNIX_EPOCH)]
    at: SystemTime,
    waited: Duration,
    #[session(with = day)]
    day: Day,
    price: Money,
    maybe: Option<u8>,
    twice: Option<Option<u8>>,
    #[session(default = 7)]
    level: u32,
}

/// The payload of the one session there is.
fn payload<T: SessionData>(world: &World<T>, visitor: &Visitor<'_, T>) -> String {
    if !world.stored() {
        return Sealed::read(&visitor.cookie).rest;
    }
    let bytes = world.shelf.rows()[0].1.body[74..].to_vec();
    String::from_utf8(bytes).expect("JSON")
}

async fn b_18_dates_options_and_defaults_have_a_documented_encoding(home: Home) {
    let world = open!(home, Kept, |b| b);
    let kept = || Kept {
        at: UNIX_EPOCH + Duration::new(1_700_000_000, 1),
        waited: Duration::from_millis(1500),
        day: Day(19_675),
        price: Money(-5),
        maybe: None,
        twice: Some(None),
        level: 8,
    };
    let visitor = world.guest(kept());
    assert_eq!(
        payload(&world, &visitor),
        concat!(
            r#"{"at":{"secs_since_epoch":1700000000,"nanos_since_epoch":1},"#,
            r#""waited":{"secs":1,"nanos":500000000},"day":"day 19675","price":-5,"#,
            r#""maybe":null,"twice":null,"level":8}"#
        )
    );
    let s = visitor.state();
    assert_eq!((s.at, s.waited, s.day), (kept().at, kept().waited, kept().day));
    assert_eq!((&s.price, s.maybe, s.twice, s.level), (&Money(-5), None, None, 8));
    drop(s);

    // What an older struct did not write takes its initial value.
    #[derive(Session)]
    #[session(schema = "Kept")]
    struct Older {
        waited: Duration,
    }
    let world = open!(home, Older, |b| b);
    let cookie = world.cookie(Older { waited: Duration::from_secs(1) });
    let newer = beside!(world, Kept, |b| b);
    let s = newer.state(&cookie);
    assert!(!s.is_new());
    assert_eq!((s.at, s.day, s.maybe, s.level), (UNIX_EPOCH, Day(0), None, 7));
}

// Dates before 1970 have no encoding: that is an error of the write, and no other date.
async fn b_18_a_date_before_1970_is_an_error_when_it_is_written(home: Home) {
    let world = open!(home, Kept, |b| b);
    let reply = world.does("", |s| s.at = UNIX_EPOCH - Duration::from_secs(1)).await;
    assert_eq!((reply.status.as_u16(), reply.is_silent()), (500, true));
    assert!(world.shelf.rows().is_empty());
}

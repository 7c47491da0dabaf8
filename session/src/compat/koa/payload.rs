//! The JSON that koa-session and koa-generic-session write: data, and what they say about it.

use crate::data::json::members::Members;
use crate::life::Lifetimes;
use crate::seal::Envelope;
use crate::time::Millis;
use serde_json::Value;

/// Whose form it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// koa-session and egg: `_expire` and `_maxAge`, or `_session`.
    Session,
    /// koa-generic-session: `cookie`; the end is the row's own.
    Generic,
}

/// What koa-session does not take for data: it drops these, calls them, or stops working.
const NO_DATA: [&str; 7] =
    ["maxAge", "isNew", "length", "populated", "externalKey", "toJSON", "__proto__"];

impl Dialect {
    /// Whether a member of this name is no data.
    pub(super) fn reserves(self, key: &str) -> bool {
        match self {
            Self::Session => key.starts_with('_') || NO_DATA.contains(&key),
            Self::Generic => key == "cookie" || NO_DATA.contains(&key),
        }
    }
}

/// A session of theirs: the data as one JSON object, and its times.
#[derive(Debug)]
pub(super) struct Theirs {
    pub(super) data: Vec<u8>,
    pub(super) times: Times,
    /// What koa-generic-session says of the cookie, as it stands there.
    pub(super) cookie: Option<Box<str>>,
}

/// What they say about a session's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// It ends then, and was given so many milliseconds.
    Until { end: Millis, max_age: Option<u64> },
    /// A browser session: it has no end of its own.
    Browser,
    /// It lives as long as its row, and was given so many milliseconds.
    Row { max_age: Option<u64> },
    /// What stands there is no moment. Never that it lives for ever.
    Nonsense,
}

/// Tells data and times apart. `None`: it is no object, or no JSON.
pub(super) fn read(text: &[u8], dialect: Dialect) -> Option<Theirs> {
    let text = String::from_utf8_lossy(text);
    let members = Members::scan(&text).ok()?;
    let mut data = Vec::with_capacity(text.len());
    let (mut end, mut max_age, mut browser, mut cookie) = (None, None, false, None);
    data.push(b'{');
    for member in members.iter() {
        let value = || serde_json::from_str::<Value>(&text[member.value.clone()]).ok();
        match (dialect, member.key.as_str()) {
            (Dialect::Session, "_expire") => end = Some(value()),
            (Dialect::Session, "_maxAge") => max_age = value(),
            (Dialect::Session, "_session") => browser = value() == Some(Value::Bool(true)),
            (Dialect::Generic, "cookie") => cookie = Some(&text[member.value.clone()]),
            (_, key) if dialect.reserves(key) => {}
            _ => {
                if data.len() > 1 {
                    data.push(b',');
                }
                data.extend_from_slice(&text.as_bytes()[member.whole.clone()]);
            }
        }
    }
    data.push(b'}');
    let times = match dialect {
        Dialect::Session => match end {
            Some(end) => match end.as_ref().and_then(moment) {
                Some(end) => Times::Until { end, max_age: max_age.as_ref().and_then(lifetime) },
                None => Times::Nonsense,
            },
            None if browser => Times::Browser,
            None => Times::Nonsense,
        },
        Dialect::Generic => match cookie.and_then(|text| serde_json::from_str(text).ok()) {
            Some(Value::Object(cookie)) => match cookie.get("maxAge").and_then(lifetime) {
                Some(max_age) => Times::Row { max_age: Some(max_age) },
                // Null, zero or nothing: a cookie without an end, which is what a browser session is.
                None => Times::Browser,
            },
            _ => Times::Row { max_age: None },
        },
    };
    let cookie = cookie.filter(|text| text.starts_with('{')).map(Box::from);
    Some(Theirs { data, times, cookie })
}

/// A whole millisecond, the last before what is said. Only a number is one.
fn moment(value: &Value) -> Option<Millis> {
    let ms = value.as_f64()?;
    // Saturates; a moment before 1970 is over.
    Some(Millis::from_ms(ms.floor().max(0.0) as u64))
}

fn lifetime(value: &Value) -> Option<u64> {
    // Saturates.
    value.as_f64().filter(|ms| *ms >= 1.0).map(|ms| (ms as u64).min(Millis::MAX.ms()))
}

impl Times {
    /// The session's life in our words. `None`: it is over.
    pub(super) fn envelope(
        self,
        lifetimes: &Lifetimes,
        version: u32,
        now: Millis,
    ) -> Option<Envelope> {
        let mut envelope = lifetimes.begin(now, version);
        match self {
            Self::Until { end, .. } if now > end => return None,
            Self::Until { end, max_age } => {
                let max_age = max_age.unwrap_or(lifetimes.idle);
                // They don't say when the session began, only when it was written last.
                let written = Millis::from_ms(end.since(Millis::from_ms(max_age)));
                envelope.started = written;
                envelope.rotated = written;
                envelope.renewed = written;
                envelope.own_lifetime = max_age != lifetimes.idle;
                envelope.browser = false;
                envelope.idle = max_age;
            }
            Self::Browser => {
                envelope.own_lifetime = !lifetimes.browser;
                envelope.browser = true;
            }
            Self::Row { max_age: Some(max_age) } => {
                envelope.own_lifetime = max_age != lifetimes.idle;
                envelope.browser = false;
                envelope.idle = max_age;
            }
            Self::Row { max_age: None } => {}
            Self::Nonsense => return None,
        }
        Some(envelope)
    }
}

/// The text that koa-session reads. `payload` is one JSON object.
pub(super) fn session(payload: &[u8], envelope: &Envelope, ends: Millis) -> Vec<u8> {
    // Whoever reads it takes the end less this for the time of writing.
    let max_age = envelope.idle.min(ends.since(envelope.renewed));
    let times = if envelope.browser {
        "\"_session\":true".to_owned()
    } else {
        format!("\"_expire\":{},\"_maxAge\":{max_age}", ends.ms())
    };
    let data = payload.strip_suffix(b"}").unwrap_or(payload);
    let comma = if data.len() > 1 { "," } else { "" };
    [data, comma.as_bytes(), times.as_bytes(), b"}"].concat()
}

/// The text that koa-generic-session reads. `cookie`: what it said in the row that was read.
pub(super) fn generic(payload: &[u8], envelope: &Envelope, cookie: Option<&str>) -> Vec<u8> {
    let max_age = if envelope.browser { "null".to_owned() } else { envelope.idle.to_string() };
    let members = cookie.and_then(|text| Some((text, Members::scan(text).ok()?)));
    let cookie = match members {
        None => format!(
            r#""httpOnly":true,"path":"/","overwrite":true,"signed":true,"maxAge":{max_age}"#
        ),
        Some((text, members)) => {
            // The application's own options hold for what it writes next; the end moves, and without a
            // signature nobody here would read it again.
            let set = ["maxAge", "expires", "signed"];
            let kept = members.iter().filter(|member| !set.contains(&member.key.as_str()));
            let mut all: Vec<&str> = kept.map(|member| &text[member.whole.clone()]).collect();
            let ours = format!(r#""signed":true,"maxAge":{max_age}"#);
            all.push(&ours);
            all.join(",")
        }
    };
    let data = payload.strip_prefix(b"{").unwrap_or(payload);
    let comma = if data.len() > 1 { "," } else { "" };
    [br#"{"cookie":{"#, cookie.as_bytes(), b"}", comma.as_bytes(), data].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_koa(text: &str) -> Theirs {
        read(text.as_bytes(), Dialect::Session).unwrap()
    }

    fn data(text: &str) -> String {
        String::from_utf8(of_koa(text).data).unwrap()
    }

    #[test]
    fn data_and_times_are_told_apart_and_numbers_keep_every_digit() {
        let theirs = of_koa(
            r#"{"n":9007199254740993,"m":{"_x":1},"_expire":1700086400000,"_maxAge":86400000}"#,
        );
        assert_eq!(theirs.data, br#"{"n":9007199254740993,"m":{"_x":1}}"#);
        let end = Millis::from_ms(1_700_086_400_000);
        assert_eq!(theirs.times, Times::Until { end, max_age: Some(86_400_000) });
        assert_eq!(of_koa(r#"{"count":3,"_session":true}"#).times, Times::Browser);
        assert_eq!(data(r#"{"_session":true}"#), "{}");
    }

    #[test]
    fn c_06_what_is_no_moment_is_never_for_ever() {
        for text in [
            r#"{"_expire":"1900000000000"}"#,
            r#"{"_expire":null}"#,
            r#"{"a":1}"#,
            r#"{"_session":false}"#,
            r#"{"_session":"true"}"#,
            r#"{"_expire":"x","_session":true}"#,
        ] {
            assert_eq!(of_koa(text).times, Times::Nonsense, "{text}");
        }
        // What JavaScript takes for infinity is no number here.
        assert!(!matches!(
            read(br#"{"_expire":1e400}"#, Dialect::Session).map(|theirs| theirs.times),
            Some(Times::Until { .. } | Times::Browser)
        ));
    }

    #[test]
    fn hostile_members_are_no_data_and_hostile_roots_are_nothing() {
        assert_eq!(
            data(
                r#"{"__proto__":{"admin":1},"_requireSave":true,"maxAge":1,"toJSON":1,"a":1,"_session":true}"#
            ),
            r#"{"a":1}"#
        );
        for root in ["null", "[]", "[1]", "\"text\"", "5", "true", "", "{", "{}x", "\u{feff}{}"] {
            assert!(read(root.as_bytes(), Dialect::Session).is_none(), "{root}");
            assert!(read(root.as_bytes(), Dialect::Generic).is_none(), "{root}");
        }
    }

    #[test]
    fn what_is_written_is_what_they_write() {
        let lifetimes = Lifetimes {
            idle: 86_400_000,
            browser: false,
            absolute: u64::MAX,
            extend: crate::Extend::OnWrite,
        };
        let envelope = lifetimes.begin(Millis::from_ms(1_700_000_000_000), 0);
        let end = lifetimes.end(&envelope);
        let text = session(br#"{"views":1,"user":"alice"}"#, &envelope, end);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"views":1,"user":"alice","_expire":1700086400000,"_maxAge":86400000}"#
        );
        let sooner = Millis::from_ms(end.ms() - 1);
        let text = session(b"{}", &envelope, sooner);
        assert_eq!(text, br#"{"_expire":1700086399999,"_maxAge":86399999}"#, "an earlier end");
        let text = session(b"{}", &envelope, end);
        assert_eq!(text, br#"{"_expire":1700086400000,"_maxAge":86400000}"#);
        assert_eq!(
            String::from_utf8(generic(b"{}", &envelope, None)).unwrap(),
            r#"{"cookie":{"httpOnly":true,"path":"/","overwrite":true,"signed":true,"maxAge":86400000}}"#
        );
        let text = generic(br#"{"n":1}"#, &envelope, None);
        let theirs = read(&text, Dialect::Generic).unwrap();
        assert_eq!(theirs.data, br#"{"n":1}"#);
        assert_eq!(theirs.times, Times::Row { max_age: Some(86_400_000) });
    }

    #[test]
    fn what_a_generic_row_says_of_its_cookie_stays_but_for_the_end() {
        let lifetimes = Lifetimes {
            idle: 1000,
            browser: true,
            absolute: u64::MAX,
            extend: crate::Extend::OnWrite,
        };
        let envelope = lifetimes.begin(Millis::from_ms(1_700_000_000_000), 0);
        let row = br#"{"cookie":{"maxAge":0,"secure":true,"expires":"x","domain":"a.b"},"n":1}"#;
        let theirs = read(row, Dialect::Generic).unwrap();
        assert_eq!(theirs.times, Times::Browser);
        let text = generic(&theirs.data, &envelope, theirs.cookie.as_deref());
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"cookie":{"secure":true,"domain":"a.b","signed":true,"maxAge":null},"n":1}"#
        );
        for cookie in ["null", "5", "[]", r#""{""#] {
            let row = format!(r#"{{"cookie":{cookie}}}"#);
            let theirs = read(row.as_bytes(), Dialect::Generic).unwrap();
            assert_eq!((theirs.times, theirs.cookie), (Times::Row { max_age: None }, None));
        }
    }
}

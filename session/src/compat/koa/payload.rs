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
            (Dialect::Generic, "cookie") => cookie = value(),
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
        Dialect::Generic => {
            let max_age = cookie.as_ref().and_then(|cookie| cookie.get("maxAge"));
            Times::Row { max_age: max_age.and_then(lifetime) }
        }
    };
    Some(Theirs { data, times })
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

/// The text that they read. `payload` is one JSON object.
pub(super) fn write(
    payload: &[u8],
    dialect: Dialect,
    envelope: &Envelope,
    ends: Millis,
) -> Vec<u8> {
    let data = payload.strip_suffix(b"}").unwrap_or(payload);
    let mut text = data.to_vec();
    if data.len() > 1 {
        text.push(b',');
    }
    let idle = envelope.idle;
    let rest = match dialect {
        Dialect::Session if envelope.browser => "\"_session\":true}".to_owned(),
        Dialect::Session => format!("\"_expire\":{},\"_maxAge\":{idle}}}", ends.ms()),
        Dialect::Generic => {
            let max_age = if envelope.browser { "null".to_owned() } else { idle.to_string() };
            format!(
                "\"cookie\":{{\"httpOnly\":true,\"path\":\"/\",\"overwrite\":true,\"signed\":true,\
                 \"maxAge\":{max_age}}}}}"
            )
        }
    };
    text.extend_from_slice(rest.as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(text: &str) -> Theirs {
        read(text.as_bytes(), Dialect::Session).unwrap()
    }

    fn data(text: &str) -> String {
        String::from_utf8(session(text).data).unwrap()
    }

    #[test]
    fn data_and_times_are_told_apart_and_numbers_keep_every_digit() {
        let theirs = session(
            r#"{"n":9007199254740993,"m":{"_x":1},"_expire":1700086400000,"_maxAge":86400000}"#,
        );
        assert_eq!(theirs.data, br#"{"n":9007199254740993,"m":{"_x":1}}"#);
        let end = Millis::from_ms(1_700_086_400_000);
        assert_eq!(theirs.times, Times::Until { end, max_age: Some(86_400_000) });
        assert_eq!(session(r#"{"count":3,"_session":true}"#).times, Times::Browser);
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
            assert_eq!(session(text).times, Times::Nonsense, "{text}");
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
        let text = write(br#"{"views":1,"user":"alice"}"#, Dialect::Session, &envelope, end);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"views":1,"user":"alice","_expire":1700086400000,"_maxAge":86400000}"#
        );
        let text = write(b"{}", Dialect::Session, &envelope, end);
        assert_eq!(text, br#"{"_expire":1700086400000,"_maxAge":86400000}"#);
        let text = write(br#"{"n":1}"#, Dialect::Generic, &envelope, end);
        let theirs = read(&text, Dialect::Generic).unwrap();
        assert_eq!(theirs.data, br#"{"n":1}"#);
        assert_eq!(theirs.times, Times::Row { max_age: Some(86_400_000) });
    }
}

//! What the testbed answers, and what is expected of it.

use serde_json::{Value, json};

/// The attributes of the default cookie.
const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";

/// What removes a cookie, between its name and its attributes.
pub const REMOVAL: &str = "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";

pub struct Answer {
    pub status: u16,
    head: Vec<(String, String)>,
    /// As JSON; a text if it is none.
    pub body: Value,
}

impl Answer {
    pub fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let first = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a first line");
        let line = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self {
            status: first.parse().expect("a status"),
            head: lines.map(line).collect(),
            body: serde_json::from_str(body).unwrap_or_else(|_| body.into()),
        }
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.head.iter().filter(|(of, _)| of == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that is there once at most.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name}: {all:?}");
        all.first().copied()
    }

    /// The one Set-Cookie line.
    #[track_caller]
    pub fn line(&self) -> &str {
        self.header("set-cookie").expect("a cookie")
    }

    /// The pair of the one Set-Cookie line, whatever it is.
    #[track_caller]
    pub fn pair(&self) -> String {
        self.line().split(';').next().unwrap_or_default().to_owned()
    }

    /// One cookie with the default lifetime and attributes: its pair.
    #[track_caller]
    pub fn sets(&self) -> String {
        self.sets_for(86400)
    }

    /// One cookie for so many seconds: its pair.
    #[track_caller]
    pub fn sets_for(&self, seconds: u64) -> String {
        self.sets_with(&format!("; Max-Age={seconds}"))
    }

    /// One cookie that goes with the browser: its pair.
    #[track_caller]
    pub fn sets_without_end(&self) -> String {
        self.sets_with("")
    }

    #[track_caller]
    fn sets_with(&self, age: &str) -> String {
        let (line, pair) = (self.line(), self.pair());
        let value = pair.strip_prefix("__Host-session=").expect("our cookie");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(!value.is_empty() && value.chars().all(plain), "{line}");
        assert_eq!(line, format!("{pair}{age}{ATTRIBUTES}"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        pair
    }

    /// One cookie, which removes ours.
    #[track_caller]
    pub fn removes(self) -> Self {
        self.removes_named("__Host-session")
    }

    /// One cookie, which removes this one.
    #[track_caller]
    pub fn removes_named(self, name: &str) -> Self {
        assert_eq!(self.line(), format!("{name}{REMOVAL}{ATTRIBUTES}"));
        self
    }

    /// No cookie, and nothing about caches.
    #[track_caller]
    pub fn silent(self) -> Self {
        assert_eq!(self.header("cache-control"), None);
        self.without_cookie()
    }

    #[track_caller]
    pub fn without_cookie(self) -> Self {
        assert_eq!(self.header("set-cookie"), None);
        self
    }

    /// A new session with nothing in it.
    #[track_caller]
    pub fn blank(self) -> Self {
        assert_eq!(self.body["new"], true, "{}", self.body);
        assert_eq!(self.body["state"], state(json!({})));
        self
    }

    /// A session that was there.
    #[track_caller]
    pub fn live(self) -> Self {
        assert_eq!(self.body["new"], false, "{}", self.body);
        self
    }

    /// A body like this.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "it is made where it is passed")]
    pub fn says(self, body: Value) -> Self {
        assert_eq!(self.body, body);
        self
    }

    /// This in the session.
    #[track_caller]
    pub fn has(self, field: &str, value: impl Into<Value>) -> Self {
        assert_eq!(self.body["state"][field], value.into(), "{field}");
        self
    }

    /// So much under this name beside the session.
    #[track_caller]
    pub fn shows(self, member: &str, value: impl Into<Value>) -> Self {
        assert_eq!(self.body[member], value.into(), "{member}");
        self
    }

    /// An error of this kind.
    #[track_caller]
    pub fn kind(self, kind: &str) -> Self {
        self.shows("kind", kind)
    }

    /// The public handle.
    #[track_caller]
    pub fn id(&self) -> &Value {
        self.body.get("id").expect("a session")
    }
}

/// A blank session's state, but for these fields.
#[expect(clippy::needless_pass_by_value, reason = "it is made where it is passed")]
pub fn state(but: Value) -> Value {
    let mut state = json!({
        "views": 0, "user": null, "note": null, "colour": "red",
        "cart": {}, "scratch": {}, "hits": 0, "tags": [],
    });
    for (field, value) in but.as_object().expect("an object") {
        state[field] = value.clone();
    }
    state
}

//! The static tables: one row a field, one for the struct.

use std::time::Duration;

/// What `#[session(..)]` says of one field. Built by the derive.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FieldSpec {
    /// The stored key: the field's identifier, or `rename`.
    pub name: &'static str,
    /// The key as JSON text with its colon, ready to be written and looked for.
    pub(crate) json_key: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) skip: bool,
    pub(crate) rotate: bool,
    pub(crate) keep: bool,
    pub(crate) index: bool,
    pub(crate) secret: bool,
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) merge: Merge,
}

impl FieldSpec {
    /// A field without attributes. `json_key` is `name` as a JSON string, and a colon.
    #[must_use]
    pub const fn new(name: &'static str, json_key: &'static str) -> Self {
        Self {
            name,
            json_key,
            aliases: &[],
            skip: false,
            rotate: false,
            keep: false,
            index: false,
            secret: false,
            ttl_ms: None,
            merge: Merge::Last,
        }
    }

    /// `alias = ".."`: further keys under which the field is found.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// `skip`: the field lives for one request and is never stored.
    #[must_use]
    pub const fn skip(mut self) -> Self {
        self.skip = true;
        self
    }

    /// `rotate`: a change of this field is a login, a logout or a change of privilege.
    #[must_use]
    pub const fn rotate(mut self) -> Self {
        self.rotate = true;
        self
    }

    /// `keep`: the field survives a change of user.
    #[must_use]
    pub const fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// `index`: sessions can be listed and ended by this field's value.
    #[must_use]
    pub const fn index(mut self) -> Self {
        self.index = true;
        self
    }

    /// `secret`: the field is in no log and in no readable cookie.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// `ttl = ".."`: the field returns to its initial value so long after it was set.
    #[must_use]
    pub const fn ttl_ms(mut self, ttl: u64) -> Self {
        self.ttl_ms = Some(ttl);
        self
    }

    /// `merge = ..`.
    #[must_use]
    pub const fn merge(mut self, merge: Merge) -> Self {
        self.merge = merge;
        self
    }
}

/// How two changes of one field become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Merge {
    /// The last writer wins.
    Last,
    /// Both differences are added.
    Sum,
    /// The larger value wins.
    Max,
    /// The smaller value wins.
    Min,
    /// Members added by either side are there; members removed by either side are not.
    Union,
    /// The later change is refused.
    Reject,
    /// The user's own function decides.
    Function,
}

/// When the idle lifetime of a session starts anew (DESIGN rule 30).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Extend {
    /// When the session is used with less than half of its idle lifetime left. The default.
    #[default]
    Renew,
    /// On every use.
    Rolling,
    /// Whenever the session is written.
    OnWrite,
    /// Never.
    Fixed,
}

/// The idle lifetime of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaxAge {
    /// The session ends when it was not used for so long.
    Idle(Duration),
    /// A browser session: the cookie has no Max-Age and goes with the browser. On the server the
    /// configured lifetimes hold all the same: the idle one that the layer or the struct says, a day
    /// otherwise, and the absolute one.
    Browser,
}

impl From<Duration> for MaxAge {
    fn from(idle: Duration) -> Self {
        Self::Idle(idle)
    }
}

/// What the struct's own `#[session(..)]` says. Built by the derive; methods of the builder
/// override it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Options {
    pub(crate) name: Option<&'static str>,
    pub(crate) max_age: Option<MaxAge>,
    pub(crate) absolute: Option<Duration>,
    pub(crate) extend: Option<Extend>,
    pub(crate) version: u32,
    pub(crate) migrates: bool,
    pub(crate) validates: bool,
    pub(crate) prepares: bool,
    pub(crate) impure: bool,
}

impl Options {
    /// No attributes.
    pub const NEW: Self = Self {
        name: None,
        max_age: None,
        absolute: None,
        extend: None,
        version: 0,
        migrates: false,
        validates: false,
        prepares: false,
        impure: false,
    };

    /// `name = ".."`: the cookie's name.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// `max_age = "1d"`, in milliseconds.
    #[must_use]
    pub const fn max_age_ms(mut self, ms: u64) -> Self {
        self.max_age = Some(MaxAge::Idle(Duration::from_millis(ms)));
        self
    }

    /// `max_age = "browser"`.
    #[must_use]
    pub const fn browser_session(mut self) -> Self {
        self.max_age = Some(MaxAge::Browser);
        self
    }

    /// `absolute = "30d"`, in milliseconds.
    #[must_use]
    pub const fn absolute_ms(mut self, ms: u64) -> Self {
        self.absolute = Some(Duration::from_millis(ms));
        self
    }

    /// `extend = ".."`.
    #[must_use]
    pub const fn extend(mut self, extend: Extend) -> Self {
        self.extend = Some(extend);
        self
    }

    /// `version = N`.
    #[must_use]
    pub const fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// There is a `migrate`.
    #[must_use]
    pub const fn migrates(mut self) -> Self {
        self.migrates = true;
        self
    }

    /// There is a `valid`, of the struct or of a field.
    #[must_use]
    pub const fn validates(mut self) -> Self {
        self.validates = true;
        self
    }

    /// There is a `before_save`.
    #[must_use]
    pub const fn prepares(mut self) -> Self {
        self.prepares = true;
        self
    }

    /// A field has `default = EXPR`: two initial states may differ.
    #[must_use]
    pub const fn impure(mut self) -> Self {
        self.impure = true;
        self
    }
}

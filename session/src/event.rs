//! What happens to sessions, for callbacks and for `tracing`.
//!
//! No event holds a token, a key or a field's value (DESIGN rule 32). Values, where they were asked for,
//! stand beside it.

mod context;
#[cfg(feature = "metrics")]
mod counters;
#[cfg(not(feature = "metrics"))]
#[path = "event/no_counters.rs"]
mod counters;
pub(crate) mod values;

pub use context::EventContext;

use crate::data::DecodeError;
use crate::store::{StoreCall, StoreError};
use counters::Counters;
use std::fmt;
use tracing::Level;

/// Something happened to a session. [`name`](Self::name) gives the stable name that `tracing` shows
/// in the field `event`, with the target `session` and the schema in the field `session`; `docs/events.md`
/// has the whole table.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A new session was committed.
    Created,
    /// A request brought a live session.
    Loaded,
    /// A request named a session that the store does not have.
    Missing,
    /// A request brought what is no session of ours.
    Invalid(InvalidReason),
    /// An authentic token does not decode: a field changed its type.
    Undecodable(&'a DecodeError),
    /// A request brought a session that is past its end.
    Expired,
    /// A session was committed because its content changed, or because it was told to.
    Changed {
        /// The names of the changed fields.
        fields: &'a [&'static str],
    },
    /// A session's idle lifetime was extended.
    Renewed,
    /// A session got a new token: a login, a logout, a change of privilege, or `rotate()`.
    Rotated,
    /// A session was ended.
    Destroyed,
    /// A request changed a session that had ended meanwhile: nothing was written.
    Ended,
    /// A request brought two different valid sessions: neither is used.
    Ambiguous,
    /// Another request wrote the session meanwhile: both changes were merged. Or they could not be:
    /// then there is a field.
    Conflict {
        /// The field whose `merge` policy refuses.
        field: Option<&'static str>,
    },
    /// A bounded store let a session go.
    Evicted,
    /// The store could not do what it was asked; [`StoreError::during`] says what that was.
    Outage(&'a StoreError),
    /// A session does not fit into its carrier: it was not written.
    TooLarge {
        /// The largest field.
        field: Option<&'static str>,
        /// The bytes of the token's text.
        bytes: usize,
        /// The bytes that fit.
        limit: usize,
    },
    /// A session was changed after the head of the response was sent: the change is lost.
    LateChange,
}

/// Why a token is no session of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReason {
    /// Malformed, tampered with, or made for another cookie, type or key ring.
    Forged,
    /// Under a key or a format that this instance does not know.
    UnknownKey,
    /// Issued in the future.
    FromTheFuture,
    /// A `valid` hook refused the state.
    Refused {
        /// The field whose hook refused, or `None` for the struct's.
        field: Option<&'static str>,
    },
}

impl InvalidReason {
    /// The stable name, as `tracing` shows it in the field `reason`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::UnknownKey => "unknown_key",
            Self::FromTheFuture => "from_the_future",
            Self::Refused { .. } => "refused",
        }
    }
}

impl Event<'_> {
    /// The names of all events.
    pub const NAMES: &'static [&'static str] = &[
        "created",
        "loaded",
        "missing",
        "invalid",
        "undecodable",
        "expired",
        "changed",
        "renewed",
        "rotated",
        "destroyed",
        "ended",
        "ambiguous",
        "conflict",
        "evicted",
        "outage",
        "too_large",
        "late_change",
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Loaded => "loaded",
            Self::Missing => "missing",
            Self::Invalid(_) => "invalid",
            Self::Undecodable(_) => "undecodable",
            Self::Expired => "expired",
            Self::Changed { .. } => "changed",
            Self::Renewed => "renewed",
            Self::Rotated => "rotated",
            Self::Destroyed => "destroyed",
            Self::Ended => "ended",
            Self::Ambiguous => "ambiguous",
            Self::Conflict { .. } => "conflict",
            Self::Evicted => "evicted",
            Self::Outage(_) => "outage",
            Self::TooLarge { .. } => "too_large",
            Self::LateChange => "late_change",
        }
    }

    /// The field that the event is about, if it is about one.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid(InvalidReason::Refused { field })
            | Self::TooLarge { field, .. }
            | Self::Conflict { field } => *field,
            Self::Undecodable(error) => error.field(),
            _ => None,
        }
    }

    const fn level(&self) -> Level {
        match self {
            Self::Created | Self::Loaded | Self::Missing | Self::Changed { .. } => Level::DEBUG,
            Self::Expired | Self::Renewed | Self::Evicted | Self::Conflict { field: None } => {
                Level::DEBUG
            }
            Self::Invalid(_) | Self::Rotated | Self::Destroyed | Self::Ended => Level::INFO,
            Self::Undecodable(_)
            | Self::Ambiguous
            | Self::Conflict { field: Some(_) }
            | Self::Outage(_)
            | Self::TooLarge { .. }
            | Self::LateChange => Level::WARN,
        }
    }
}

type InContext = dyn Fn(&Event<'_>, &EventContext<'_>) + Send + Sync;

/// What a user's callback is made into.
pub(crate) enum Callback {
    /// It is told the event alone.
    Plain(Box<dyn Fn(&Event<'_>) + Send + Sync>),
    InContext(Box<InContext>),
}

/// Where a layer's events go.
pub(crate) struct Events {
    schema: &'static str,
    callback: Option<Callback>,
    log_values: bool,
    counters: Counters,
}

impl Events {
    pub(crate) fn new(schema: &'static str, callback: Option<Callback>, log_values: bool) -> Self {
        Self { schema, callback, log_values, counters: Counters::new(schema) }
    }

    /// Whether anybody wants to know which fields changed: finding them costs something.
    pub(crate) fn wants_fields(&self) -> bool {
        self.callback.is_some() || tracing::enabled!(target: "session", Level::DEBUG)
    }

    /// Whether anybody wants to know in which request an event happened: it has to be kept for that.
    pub(crate) fn wants_request(&self) -> bool {
        matches!(self.callback, Some(Callback::InContext(_)))
    }

    /// Whether anybody would see the values that go with an event: they have to be encoded.
    pub(crate) fn wants_values(&self, event: &Event<'_>) -> bool {
        self.log_values && (self.wants_request() || is_traced(event.level()))
    }

    pub(crate) fn emit(&self, event: &Event<'_>, context: EventContext<'_>) {
        let context = EventContext { session: self.schema, ..context };
        self.counters.count(event.name());
        self.trace(event, context.values);
        match &self.callback {
            None => {}
            Some(Callback::Plain(callback)) => callback(event),
            Some(Callback::InContext(callback)) => callback(event, &context),
        }
    }

    fn trace(&self, event: &Event<'_>, values: Option<&str>) {
        let (mut fields, mut reason, mut size) = (None, None, None);
        match event {
            Event::Outage(error) => {
                return tracing::warn!(
                    target: "session",
                    event = event.name(),
                    session = self.schema,
                    call = error.during().map(StoreCall::name),
                    error = *error as &(dyn std::error::Error + 'static),
                );
            }
            Event::Changed { fields: names } if !names.is_empty() => fields = Some(Names(names)),
            Event::Invalid(why) => reason = Some(why.name()),
            Event::TooLarge { bytes, limit, .. } => size = Some((*bytes, *limit)),
            _ => {}
        }
        macro_rules! at {
            ($level:ident) => {
                tracing::event!(
                    target: "session",
                    Level::$level,
                    event = event.name(),
                    session = self.schema,
                    field = event.field(),
                    fields = fields.map(tracing::field::display),
                    reason,
                    bytes = size.map(|(bytes, _)| bytes),
                    limit = size.map(|(_, limit)| limit),
                    values = values.map(tracing::field::display),
                )
            };
        }
        match event.level() {
            Level::DEBUG => at!(DEBUG),
            Level::INFO => at!(INFO),
            _ => at!(WARN),
        }
    }
}

fn is_traced(level: Level) -> bool {
    match level {
        Level::DEBUG => tracing::enabled!(target: "session", Level::DEBUG),
        Level::INFO => tracing::enabled!(target: "session", Level::INFO),
        _ => tracing::enabled!(target: "session", Level::WARN),
    }
}

/// `views,user`
struct Names<'a>(&'a [&'static str]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("callback", &self.callback.is_some())
            .field("log_values", &self.log_values)
            .finish_non_exhaustive()
    }
}

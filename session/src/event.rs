//! What happens to sessions, for callbacks and for `tracing`.
//!
//! No event holds a token, a key or a field's value (DESIGN rule 32).

use crate::data::DecodeError;
use crate::store::{StoreCall, StoreError};

/// Something happened to a session. [`name`](Self::name) gives the stable name that `tracing` shows
/// in the field `event`, with the target `session` and the schema in the field `session`.
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

impl Event<'_> {
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
}

pub(crate) type Callback = Box<dyn Fn(&Event<'_>) + Send + Sync>;

/// Where a layer's events go.
pub(crate) struct Events {
    schema: &'static str,
    callback: Option<Callback>,
}

impl Events {
    pub(crate) fn new(schema: &'static str, callback: Option<Callback>) -> Self {
        Self { schema, callback }
    }

    /// Whether anybody wants to know which fields changed: finding them costs something.
    pub(crate) fn wants_fields(&self) -> bool {
        self.callback.is_some() || tracing::enabled!(target: "session", tracing::Level::DEBUG)
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        self.trace(event);
        if let Some(callback) = &self.callback {
            callback(event);
        }
    }

    fn trace(&self, event: &Event<'_>) {
        macro_rules! at {
            ($level:ident) => {
                tracing::event!(
                    target: "session",
                    tracing::Level::$level,
                    event = event.name(),
                    session = self.schema,
                    field = event.field(),
                )
            };
        }
        match event {
            Event::Created | Event::Loaded | Event::Missing | Event::Changed { .. } => at!(DEBUG),
            Event::Expired | Event::Renewed | Event::Evicted | Event::Conflict { field: None } => {
                at!(DEBUG);
            }
            Event::Invalid(_) | Event::Rotated | Event::Destroyed | Event::Ended => at!(INFO),
            Event::Outage(error) => tracing::warn!(
                target: "session",
                event = event.name(),
                session = self.schema,
                call = error.during().map(StoreCall::name),
                error = *error as &(dyn std::error::Error + 'static),
            ),
            Event::Undecodable(_)
            | Event::Ambiguous
            | Event::Conflict { field: Some(_) }
            | Event::TooLarge { .. }
            | Event::LateChange => at!(WARN),
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("callback", &self.callback.is_some()).finish_non_exhaustive()
    }
}

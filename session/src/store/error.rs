//! What a store says when it can't do what it was asked.

use crate::error::BoxError;
use std::fmt;

/// A store failed. Clients learn nothing of it but the status 503; `Display` and the sources are for
/// logs, and hold no key and no value.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    during: Option<StoreCall>,
    source: Option<BoxError>,
}

/// What a store was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreCall {
    /// [`Store::load`](super::Store::load): a request asked for its session, or a write met another one's.
    Load,
    /// [`Store::create`](super::Store::create): a new session.
    Create,
    /// [`Store::update`](super::Store::update): a changed session, or a new id.
    Update,
    /// [`Store::touch`](super::Store::touch): a renewal.
    Touch,
    /// [`Store::delete`](super::Store::delete): a session ends.
    Delete,
    /// [`IndexedStore::index_insert`](super::IndexedStore::index_insert), before a session is written.
    IndexInsert,
    /// [`IndexedStore::index_remove`](super::IndexedStore::index_remove), after one was written or ended.
    IndexRemove,
    /// [`IndexedStore::index_members`](super::IndexedStore::index_members): sessions are listed.
    IndexMembers,
}

impl StoreCall {
    /// The method's name, which `tracing` shows in the field `call`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Create => "create",
            Self::Update => "update",
            Self::Touch => "touch",
            Self::Delete => "delete",
            Self::IndexInsert => "index_insert",
            Self::IndexRemove => "index_remove",
            Self::IndexMembers => "index_members",
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The engine can't be reached, or the connection broke. It may work the next time.
    Unavailable,
    /// The engine did not answer in time. It may work the next time.
    Timeout,
    /// The engine is there and can't take the call now: it is read-only, out of memory, loading, at
    /// its connection limit. It may work the next time.
    Busy,
    /// The engine refuses: wrong credentials, no such database or table, missing rights. It works
    /// when somebody changes something.
    Refused,
    /// The row is there and is no record of ours. It is left as it is.
    Corrupt,
    /// A record is there that this instance can't read: it is encrypted under a key that is not in the
    /// ring, say. Its session is blank; the row is left as it is, until somebody ends that session.
    Unreadable,
    /// A record came back that belongs to another key.
    MixedUp,
    /// The record does not fit into the engine.
    TooLarge,
    /// Something else.
    Other,
}

impl StoreError {
    /// An error of this kind, with its cause.
    pub fn new(kind: StoreErrorKind, source: impl Into<BoxError>) -> Self {
        Self { kind, during: None, source: Some(source.into()) }
    }

    /// The row is there and is no record of ours.
    #[must_use]
    pub fn corrupt() -> Self {
        Self { kind: StoreErrorKind::Corrupt, during: None, source: None }
    }

    pub(crate) fn of(kind: StoreErrorKind) -> Self {
        Self { kind, during: None, source: None }
    }

    pub(crate) fn in_call(self, call: StoreCall) -> Self {
        Self { during: Some(call), ..self }
    }

    /// In which call, if a session asked for it. `None`: the error is a store's own, as its methods
    /// return it.
    #[must_use]
    pub fn during(&self) -> Option<StoreCall> {
        self.during
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether the same call may work a little later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::Unavailable | StoreErrorKind::Timeout | StoreErrorKind::Busy
        )
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the session store can't be reached",
            StoreErrorKind::Timeout => "the session store did not answer in time",
            StoreErrorKind::Busy => "the session store can't take the call now",
            StoreErrorKind::Refused => {
                "the session store refuses: check its address, credentials, table and rights"
            }
            StoreErrorKind::Corrupt => "what the session store has under this key is no session",
            StoreErrorKind::Unreadable => "the session store has a row that can't be read here",
            StoreErrorKind::MixedUp => "the session store answered with the row of another key",
            StoreErrorKind::TooLarge => "the session does not fit into the store",
            StoreErrorKind::Other => "the session store failed",
        })?;
        match self.during {
            Some(call) => write!(f, ", in `{}`", call.name()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

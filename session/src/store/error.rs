//! What a store says when it can't do what it was asked.

use crate::error::BoxError;
use std::fmt;

/// A store failed. Clients learn nothing of it but the status 503; `Display` and the sources are for
/// logs, and hold no key and no value.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<BoxError>,
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
        Self { kind, source: Some(source.into()) }
    }

    /// The row is there and is no record of ours.
    #[must_use]
    pub fn corrupt() -> Self {
        Self { kind: StoreErrorKind::Corrupt, source: None }
    }

    pub(crate) fn of(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
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
            StoreErrorKind::MixedUp => "the session store answered with the row of another key",
            StoreErrorKind::TooLarge => "the session does not fit into the store",
            StoreErrorKind::Other => "the session store failed",
        })
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

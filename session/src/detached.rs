//! A session for what outlives the request: [`DetachedSession`].

use crate::data::SessionData;
use crate::error::CommitError;
use crate::extract::TypedSession;
use crate::id::SessionHandle;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A session in a store, for WebSocket and SSE handlers: it works on when the response is out.
/// Made by [`TypedSession::detach`]. Dereferences to the state.
///
/// Nothing is committed by itself: call [`commit`](Self::commit). A change that is dropped
/// uncommitted is reported as the event `late_change`. No new id can be sent from here, so a change
/// of a `rotate` field is refused; and when the session is over, everything says
/// [`CommitError::Ended`].
pub struct DetachedSession<T: SessionData>(TypedSession<T>);

impl<T: SessionData> DetachedSession<T> {
    pub(crate) fn new(session: TypedSession<T>) -> Self {
        Self(session)
    }

    /// The session's public name.
    #[must_use]
    pub fn id(&self) -> Option<SessionHandle> {
        self.0.id()
    }

    /// Writes what changed, merged field by field with what requests wrote meanwhile.
    ///
    /// # Errors
    /// [`CommitError::Ended`] when the session is over; else as for a request. The handle is as good
    /// as before.
    pub async fn commit(&mut self) -> Result<(), CommitError> {
        self.0.slot().now();
        self.0.commit().await
    }

    /// Brings in what requests wrote meanwhile; changes of this handle that are not committed yet
    /// stay, merged field by field.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn refresh(&mut self) -> Result<(), CommitError> {
        self.0.refresh().await
    }

    /// Tells that the session is in use: its idle lifetime starts anew as it would with a request.
    /// Call it now and then while a connection is open. Changes stay uncommitted.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn touch(&mut self) -> Result<(), CommitError> {
        self.0.extend().await
    }
}

impl<T: SessionData> Deref for DetachedSession<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: SessionData> DerefMut for DetachedSession<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: SessionData> fmt::Debug for DetachedSession<T> {
    /// Does not show the state: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedSession").field("schema", &T::SCHEMA).finish_non_exhaustive()
    }
}

/// A session can't be detached.
#[derive(Debug)]
#[non_exhaustive]
pub enum DetachError {
    /// There is no row: the session is in a cookie, or it is new and nothing was written to it. For
    /// a new one call [`save`](TypedSession::save) before.
    NoRow,
    /// What changed so far could not be committed.
    Commit(CommitError),
}

impl fmt::Display for DetachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRow => f.write_str(
                "there is no row to work on: the session is in a cookie, or new and empty (call \
                 `save()` before `detach()`)",
            ),
            Self::Commit(_) => f.write_str("what changed so far could not be committed"),
        }
    }
}

impl std::error::Error for DetachError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoRow => None,
            Self::Commit(error) => Some(error),
        }
    }
}

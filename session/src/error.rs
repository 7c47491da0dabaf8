//! What can go wrong when a layer is built and when a session is committed.

use crate::carrier::CookieError;
use crate::data::{EncodeError, MergeError};
use std::fmt;

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A layer's options contradict one another. Each variant names the option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The cookie.
    Cookie(CookieError),
    /// `max_age`: zero, or more than 48 bits of milliseconds.
    MaxAge,
    /// `absolute`: zero, or more than 48 bits of milliseconds.
    Absolute,
    /// The carrier's `capacity` is too small for any token.
    Capacity,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie(error) => error.fmt(f),
            Self::MaxAge => f.write_str(
                "`max_age`: a session's idle lifetime is at least one millisecond and less than \
                 8900 years; for a cookie that goes with the browser write `browser_session()`",
            ),
            Self::Absolute => f.write_str(
                "`absolute`: a session's absolute lifetime is at least one millisecond and less \
                 than 8900 years",
            ),
            Self::Capacity => f.write_str("`carrier`: its `capacity` is too small for any token"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Cookie(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CookieError> for BuildError {
    fn from(error: CookieError) -> Self {
        Self::Cookie(error)
    }
}

/// [`set_max_age`](crate::TypedSession::set_max_age) was given a lifetime that no session can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxAgeError;

impl fmt::Display for MaxAgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a session's lifetime is at least one millisecond and less than 8900 years; to end a \
             session call `destroy()`",
        )
    }
}

impl std::error::Error for MaxAgeError {}

/// A session was not committed: what the client and the store hold is what they held before, but for
/// a session that was ended: that one ends all the same.
///
/// The response becomes a 500, unless the handler's own answer is an error already: that one goes
/// first, and the client does not learn of the lost change. Layers further out find the reason in
/// the response's extensions, as `Arc<CommitError>`.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommitError {
    /// The token does not fit into the carrier: 4096 bytes with the name for a cookie.
    TooLarge {
        /// The largest field of the state.
        field: Option<&'static str>,
        /// The bytes of its encoded value.
        field_bytes: usize,
        /// The bytes of the token's text.
        bytes: usize,
        /// The bytes that fit.
        limit: usize,
    },
    /// A field can't be encoded.
    Encode(EncodeError),
    /// `before_save` failed.
    BeforeSave(BoxError),
    /// One field was changed through two handles in one request, and its `merge` policy does not
    /// say how two changes become one.
    Conflict {
        /// The field.
        field: &'static str,
        /// What the policy said, if it was asked.
        source: Option<MergeError>,
    },
    /// The head of the response was sent before.
    Late,
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { field, field_bytes, bytes, limit } => {
                write!(f, "the session's token has {bytes} bytes and {limit} fit")?;
                match field {
                    Some(field) => write!(
                        f,
                        "; its largest field is `{field}` with {field_bytes} bytes: keep less in \
                         it, or keep it on the server"
                    ),
                    None => Ok(()),
                }
            }
            Self::Encode(_) => f.write_str("the session can't be encoded"),
            Self::BeforeSave(_) => f.write_str("`before_save` failed"),
            Self::Conflict { field, .. } => write!(
                f,
                "field `{field}` was changed through two handles in one request; drop the first \
                 before the second changes it, or say with `#[session(merge = ..)]` how two \
                 changes become one"
            ),
            Self::Late => f.write_str(
                "the head of the response is sent: this session can't be committed any more",
            ),
        }
    }
}

impl std::error::Error for CommitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Encode(error) => Some(error),
            Self::BeforeSave(error) => Some(&**error),
            Self::Conflict { source: Some(error), .. } => Some(error),
            _ => None,
        }
    }
}

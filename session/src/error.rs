//! What can go wrong when a layer is built and when a session is committed.

use crate::carrier::CookieError;
use crate::data::{EncodeError, MergeError};
use crate::store::StoreError;
use http::StatusCode;
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
    /// `store_timeout`: less than a millisecond.
    StoreTimeout,
    /// An option of layers whose sessions are in a store, where they are in the cookie.
    StoreOption {
        /// The name of the method.
        option: &'static str,
    },
    /// An option of the cookie, where another carrier is given.
    CookieOption {
        /// The name of the method.
        option: &'static str,
    },
    /// `max_sessions`: zero, or the type has no `index` field.
    MaxSessions,
    /// A field is stored under a name that the other library takes for something else.
    Reserved {
        /// Its stored name.
        field: &'static str,
    },
    /// A field has a `ttl`, which the other library's form has no place for.
    FieldTtl {
        /// Its stored name.
        field: &'static str,
    },
    /// An option that the other library's form decides.
    Foreign {
        /// Its name.
        option: &'static str,
    },
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
            Self::MaxSessions => f.write_str(
                "`max_sessions`: at least one, of a type with an `index` field that says whose",
            ),
            Self::Reserved { field } => write!(
                f,
                "field `{field}`: the other library takes a member of this name for something \
                 else; give it another one with `#[session(rename = \"..\")]`"
            ),
            Self::FieldTtl { field } => write!(
                f,
                "field `{field}`: its `ttl` has no place in the other library's form of sessions"
            ),
            Self::Foreign { option } => {
                write!(f, "`{option}`: sessions of another library have that library's form")
            }
            Self::StoreTimeout => f.write_str(
                "`store_timeout`: at least one millisecond; without any time no call could succeed",
            ),
            Self::StoreOption { option } => write!(
                f,
                "`{option}`: is for sessions in a store, and these are in the token; leave it out, or \
                 begin with `SessionLayer::stored(..)`"
            ),
            Self::CookieOption { option } => write!(
                f,
                "`{option}`: is for the cookie, and there is none beside `carrier(..)`; leave one of \
                 them out"
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
/// The response gets the error's [`status`](Self::status), unless the handler's own answer is an error
/// already: that one goes first, and the client does not learn of the lost change. Layers further out
/// find the reason in the response's extensions, as `Arc<CommitError>`.
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
    /// The session had ended in its store: somebody logged out, or the id was rotated meanwhile.
    Ended,
    /// Another request changed the same field meanwhile, and its `merge` policy refuses that: it is
    /// `reject`, or a `sum` that does not fit.
    Rejected {
        /// The field.
        field: &'static str,
        /// What the policy said, if it was asked.
        source: Option<MergeError>,
    },
    /// What another request wrote meanwhile and what this one changed make a state that a `valid` hook
    /// refuses.
    Invalid {
        /// The field whose hook refused, or `None` for the struct's.
        field: Option<&'static str>,
    },
    /// Other requests wrote first, time and again.
    Contended,
    /// The store failed. The session may have been written or not.
    Store(StoreError),
    /// A `rotate` field was changed through a [`DetachedSession`](crate::DetachedSession), from which no
    /// new id can be sent.
    Detached,
    /// No id could be made.
    Id(BoxError),
}

impl CommitError {
    /// What a response becomes because of this: 409 when another request was first, 503 when the
    /// store is the reason, else 500.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Ended | Self::Rejected { .. } | Self::Invalid { .. } => StatusCode::CONFLICT,
            Self::Contended | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
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
            Self::Ended => f.write_str(
                "the session had ended: by a logout, or because its id was rotated meanwhile",
            ),
            Self::Rejected { field, .. } => {
                write!(f, "another request changed field `{field}` meanwhile; ask again")
            }
            Self::Invalid { field: Some(field) } => {
                write!(f, "merged with another request's change, field `{field}` is not valid")
            }
            Self::Invalid { field: None } => {
                f.write_str("merged with another request's change, the session is not valid")
            }
            Self::Contended => {
                f.write_str("other requests changed the session first, time and again; ask again")
            }
            Self::Store(_) => f.write_str("the session store failed"),
            Self::Detached => f.write_str(
                "a `rotate` field was changed in a detached session, where no new id can be sent; \
                 change it in a request",
            ),
            Self::Id(_) => f.write_str("no session id could be made"),
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
            Self::Conflict { source: Some(error), .. }
            | Self::Rejected { source: Some(error), .. } => Some(error),
            Self::Store(error) => Some(error),
            Self::Id(error) => Some(&**error),
            _ => None,
        }
    }
}

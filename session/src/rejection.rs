//! Why a handler got no session.

use crate::data::SessionData;
use crate::extract::SlotExtension;
use crate::life::{LendError, OpenError, Slot};
use crate::store::StoreError;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use std::fmt;
use std::sync::Arc;

/// Why a handler got no session. As a response: the status below and no reason; the reason is in
/// `Display`, and in the log at `warn`.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionRejection {
    /// No layer for this type wraps the route. Status 500.
    LayerMissing {
        /// The session type.
        session: &'static str,
    },
    /// Another handle of this request was written through and is still held. Status 500.
    Held {
        /// The session type.
        session: &'static str,
    },
    /// An authentic token does not decode, and
    /// [`OnUndecodable::Fail`](crate::OnUndecodable::Fail) was asked for. Status 500.
    Undecodable {
        /// The session type.
        session: &'static str,
        /// What does not decode.
        source: crate::DecodeError,
    },
    /// The store can't say whether there is a session, and a blank one was asked for with
    /// [`OnOutage::Ignore`](crate::OnOutage::Ignore). Status 503.
    Unavailable {
        /// The session type.
        session: &'static str,
    },
    /// The store failed. Status 503.
    Store {
        /// The session type.
        session: &'static str,
        /// What the store said.
        source: Arc<StoreError>,
    },
    /// A state can't be encoded. Status 500.
    Unencodable {
        /// The session type.
        session: &'static str,
        /// What can't be encoded.
        source: crate::EncodeError,
    },
}

impl SessionRejection {
    pub(crate) fn slot<T: SessionData>(request: &Parts) -> Result<Arc<Slot<T>>, Self> {
        match request.extensions.get::<SlotExtension<T>>() {
            Some(SlotExtension(Some(slot))) => Ok(Arc::clone(slot)),
            _ => Err(Self::LayerMissing { session: std::any::type_name::<T>() }),
        }
    }

    pub(crate) fn of_open<T: SessionData>(error: OpenError) -> Self {
        let session = std::any::type_name::<T>();
        match error {
            OpenError::Undecodable(source) => Self::Undecodable { session, source },
            OpenError::Encode(source) => Self::Unencodable { session, source },
            OpenError::Store(source) => Self::Store { session, source },
        }
    }

    pub(crate) fn of_lend<T: SessionData>(error: LendError) -> Self {
        let session = std::any::type_name::<T>();
        match error {
            LendError::Held => Self::Held { session },
            LendError::Encode(source) => Self::Unencodable { session, source },
            LendError::Decode(source) => Self::Undecodable { session, source },
        }
    }

    /// The response's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Store { .. } | Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LayerMissing { session } => write!(
                f,
                "no `SessionLayer<{session}>` wraps this route; add `.layer(..)` after the routes \
                 it should cover"
            ),
            Self::Held { session } => write!(
                f,
                "`TypedSession<{session}>` was changed through a handle that is still held; drop \
                 that handle before the session is extracted again"
            ),
            Self::Undecodable { session, .. } => {
                write!(f, "what was stored of `{session}` does not fit the type any more")
            }
            Self::Unencodable { session, .. } => write!(f, "a `{session}` can't be encoded"),
            Self::Unavailable { session } | Self::Store { session, .. } => {
                write!(f, "the store of `{session}` is not available")
            }
        }
    }
}

impl std::error::Error for SessionRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::LayerMissing { .. } | Self::Held { .. } | Self::Unavailable { .. } => None,
            Self::Store { source, .. } => Some(&**source),
            Self::Undecodable { source, .. } => Some(source),
            Self::Unencodable { source, .. } => Some(source),
        }
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        tracing::warn!(target: "session", "{self}");
        (self.status(), "the session is not available").into_response()
    }
}

//! What is asked of every contender: the four loads, and the requests that make them up.

use axum::body::Body;
use http::{HeaderValue, Request, header};

/// The routes that every contender serves.
pub(crate) mod route {
    /// Answers the number in the session.
    pub(crate) const READ: &str = "/read";
    /// Adds one to the number in the session.
    pub(crate) const CHANGE: &str = "/change";
    /// Never looks at the session.
    pub(crate) const IDLE: &str = "/idle";
}

/// What `CHANGE` and `IDLE` answer.
pub(crate) const OK: &str = "ok";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// W1: a valid cookie, the handler reads.
    Read,
    /// W2: a valid cookie, the handler changes one number.
    Change,
    /// W3: no cookie, the session is never used.
    Idle,
    /// W4: no cookie, a session is made.
    New,
}

impl Load {
    pub(crate) const ALL: [Self; 4] = [Self::Read, Self::Change, Self::Idle, Self::New];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Read => "W1",
            Self::Change => "W2",
            Self::Idle => "W3",
            Self::New => "W4",
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Builds the request. `cookie` is what a browser would send that holds a session.
    pub(crate) fn request(self, cookie: &HeaderValue) -> Request<Body> {
        let (path, cookie) = match self {
            Self::Read => (route::READ, Some(cookie)),
            Self::Change => (route::CHANGE, Some(cookie)),
            Self::Idle => (route::IDLE, None),
            Self::New => (route::CHANGE, None),
        };
        let mut request = Request::builder().uri(path);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie.clone());
        }
        request.body(Body::empty()).expect("the path and the header are valid")
    }
}

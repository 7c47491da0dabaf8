//! One response, read to its end.

use super::NAME;
use axum::body::Body;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use session::CommitError;
use std::sync::Arc;

/// A response, and what can be asked of it.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// Why the session was not committed.
    pub error: Option<Arc<CommitError>>,
    name: String,
}

impl Reply {
    /// Reads a response of a site whose cookie has the default name.
    ///
    /// # Panics
    /// When the body breaks off.
    pub async fn of(response: Response<Body>) -> Self {
        Self::named(response, NAME).await
    }

    pub(crate) async fn named(response: Response<Body>, name: &str) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Self {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
            error: head.extensions.get().cloned(),
            name: name.to_owned(),
        }
    }

    /// All Set-Cookie lines.
    ///
    /// # Panics
    /// When one is no text.
    #[must_use]
    pub fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(SET_COOKIE).into_iter();
        lines.map(|line| line.to_str().expect("ASCII")).collect()
    }

    /// The one Set-Cookie of the session's.
    ///
    /// # Panics
    /// When there are several.
    #[must_use]
    pub fn line(&self) -> Option<&str> {
        let ours = |line: &&str| line.split('=').next() == Some(&self.name);
        let ours: Vec<&str> = self.set_cookies().into_iter().filter(ours).collect();
        assert!(ours.len() <= 1, "several cookies of ours: {ours:?}");
        ours.first().copied()
    }

    /// The new token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let value = self.line()?.split(';').next()?.split_once('=')?.1;
        (!value.is_empty()).then_some(value)
    }

    /// The client is told to forget its cookie.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.line().is_some_and(|line| line.contains("; Max-Age=0;"))
    }

    /// The client gets a session.
    #[must_use]
    pub fn seals(&self) -> bool {
        self.token().is_some()
    }

    /// The response says nothing of the session.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.line().is_none()
    }

    /// The value of an attribute of the session's cookie: `""` for one without.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.line()?.split("; ").skip(1).find_map(|attribute| {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            (key == name).then_some(value)
        })
    }

    /// All values of a header, joined.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).into_iter();
        let values: Vec<_> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        values.join(", ")
    }
}

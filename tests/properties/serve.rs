//! One request through a layer, without a server and without a runtime.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use session::{SessionData, SessionLayer, SessionRejection, TypedSession};
use std::convert::Infallible;
use std::future::ready;
use tower::{Layer, ServiceExt, service_fn};

/// Lets `handler` answer a request with these headers.
pub fn serve<T: SessionData>(
    sessions: &SessionLayer<T>,
    headers: HeaderMap,
    handler: impl FnOnce(&mut Parts) -> StatusCode,
) -> Response<()> {
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let mut handler = Some(handler);
    let app = sessions.layer(service_fn(|request: Request<()>| {
        let handler = handler.take().expect("one request");
        let mut response = Response::new(());
        *response.status_mut() = handler(&mut request.into_parts().0);
        ready(Ok::<_, Infallible>(response))
    }));
    let Ok(response) = app.oneshot(request).now_or_never().expect("nothing waits");
    response
}

/// What the extractor `TypedSession<T>` does.
pub fn extract<T: SessionData>(request: &mut Parts) -> Result<TypedSession<T>, SessionRejection> {
    let extracted = <TypedSession<T> as FromRequestParts<()>>::from_request_parts(request, &());
    extracted.now_or_never().expect("nothing waits")
}

/// What the extractor `Option<TypedSession<T>>` does.
pub fn extract_live<T: SessionData>(
    request: &mut Parts,
) -> Result<Option<TypedSession<T>>, SessionRejection> {
    let extracted =
        <TypedSession<T> as OptionalFromRequestParts<()>>::from_request_parts(request, &());
    extracted.now_or_never().expect("nothing waits")
}

/// Request headers with these cookies.
pub fn cookies(name: &str, tokens: &[&str]) -> HeaderMap {
    let pairs: Vec<_> = tokens.iter().map(|token| format!("{name}={token}")).collect();
    let mut headers = HeaderMap::new();
    if !pairs.is_empty() {
        let value = HeaderValue::try_from(pairs.join("; ")).expect("ASCII");
        headers.insert(header::COOKIE, value);
    }
    headers
}

/// What a response does to the client's cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetCookie {
    Untouched,
    Removed,
    Token(String),
}

impl SetCookie {
    pub fn of(response: &Response<()>) -> Self {
        let mut all = response.headers().get_all(header::SET_COOKIE).iter();
        let Some(cookie) = all.next() else {
            return Self::Untouched;
        };
        assert!(all.next().is_none(), "of ours there is one");
        let cookie = cookie.to_str().expect("ASCII");
        let (_, value) = cookie.split_once('=').expect("a pair");
        match value.split(';').next().expect("split gives one at least") {
            "" => {
                assert!(cookie.contains("Max-Age=0"), "{cookie}");
                Self::Removed
            }
            token => Self::Token(token.to_owned()),
        }
    }
}

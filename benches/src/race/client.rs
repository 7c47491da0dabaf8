//! A browser, as far as a race needs one.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// Sends requests to apps in this process, many at once. Its cookies are one jar: a request carries
/// what is in it when the request begins, an answer changes it when it arrives.
#[derive(Default)]
pub(super) struct Browser {
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub(super) async fn get(&self, app: &Router, path: &str) -> (StatusCode, String) {
        let mut request = Request::builder().uri(path);
        if let Some(cookies) = self.header() {
            request = request.header(header::COOKIE, cookies);
        }
        let request = request.body(Body::empty()).expect("the path and the cookies are valid");
        let Ok(response) = app.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        self.absorb(&head.headers);
        let body = body.collect().await.expect("a short text has no way to fail");
        (head.status, String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }

    fn header(&self) -> Option<String> {
        let cookies = self.cookies.lock().expect("nothing panics with the jar");
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn absorb(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().expect("nothing panics with the jar");
        for header in headers.get_all(header::SET_COOKIE) {
            let header = header.to_str().expect("Set-Cookie is ASCII");
            let pair = header.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie is a pair");
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

//! One contender as the harness sees it: an app that answers requests.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::Service;

use crate::loads::{Load, route};

/// A cookie header of the size that the hand-written floor's has, for those who keep no session.
const STAND_IN: &str = "__Host-session=";
const STAND_IN_VALUE_BYTES: usize = 234;

/// Works on whole batches, so that the one dynamic call is not felt by a request.
pub(crate) trait Contender {
    fn name(&self) -> &'static str;

    /// Does it keep a session, or is it there to be compared with?
    fn keeps_sessions(&self) -> bool;

    /// Builds requests and holds them ready. Not part of what is measured: a server gets its
    /// requests from the parser, whatever session library it runs.
    fn prepare(&mut self, load: Load, requests: usize);

    /// Answers `requests` of those held ready, and drops the responses: what is measured.
    fn serve(&mut self, requests: usize);

    /// Sends one request with this Cookie header and keeps the answer.
    fn ask(&mut self, path: &str, cookie: Option<&HeaderValue>) -> Answer;

    /// The Cookie header that `load` sends.
    fn cookie(&self, load: Load) -> &HeaderValue;
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The Cookie header that a browser sends after this answer, if the answer sets cookies.
    pub(crate) fn cookie(&self) -> Option<HeaderValue> {
        let mut pairs = Vec::new();
        for header in self.headers.get_all(header::SET_COOKIE) {
            let header = header.to_str().expect("Set-Cookie is ASCII");
            let pair = header.split(';').next().unwrap_or_default();
            // A removal is a cookie without a value; a browser would send nothing for it.
            if !pair.ends_with('=') {
                pairs.push(pair);
            }
        }
        let pairs = pairs.join("; ");
        (!pairs.is_empty()).then(|| pairs.parse().expect("cookies are ASCII"))
    }
}

/// A contender over the very type of its service: nothing is boxed that its author didn't box.
struct App<S> {
    name: &'static str,
    service: S,
    keeps_sessions: bool,
    cookies: [HeaderValue; 4],
    ready: Vec<Request<Body>>,
}

/// Makes a contender of an app, with sessions of its own making in the cookies it will be sent.
pub(crate) fn contender<S, B>(name: &'static str, service: S) -> Box<dyn Contender>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + 'static,
    B: http_body::Body<Data: AsRef<[u8]>, Error: std::fmt::Debug> + 'static,
{
    let mut app = App::new(name, service, true);
    // One session a load: with a store, W2 must not change what W1 reads.
    for index in 0..app.cookies.len() {
        app.cookies[index] =
            app.ask(route::CHANGE, None).cookie().expect("a new session comes with a cookie");
    }
    Box::new(app)
}

/// Makes one that keeps no session, and is sent a cookie all the same.
pub(crate) fn without_session<S, B>(name: &'static str, service: S) -> Box<dyn Contender>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + 'static,
    B: http_body::Body<Data: AsRef<[u8]>, Error: std::fmt::Debug> + 'static,
{
    Box::new(App::new(name, service, false))
}

impl<S> App<S> {
    fn new(name: &'static str, service: S, keeps_sessions: bool) -> Self {
        let stand_in = STAND_IN.to_owned() + &"x".repeat(STAND_IN_VALUE_BYTES);
        let stand_in = HeaderValue::try_from(stand_in).expect("letters are valid");
        Self {
            name,
            service,
            keeps_sessions,
            cookies: std::array::from_fn(|_| stand_in.clone()),
            ready: Vec::new(),
        }
    }
}

impl<S, B> Contender for App<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data: AsRef<[u8]>, Error: std::fmt::Debug>,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn keeps_sessions(&self) -> bool {
        self.keeps_sessions
    }

    fn prepare(&mut self, load: Load, requests: usize) {
        self.ready.reserve(requests);
        for _ in 0..requests {
            self.ready.push(load.request(&self.cookies[load.index()]));
        }
    }

    fn serve(&mut self, requests: usize) {
        let served = self.ready.len() - requests;
        for request in self.ready.drain(served..) {
            drop(now(respond(&mut self.service, request)));
        }
    }

    fn ask(&mut self, path: &str, cookie: Option<&HeaderValue>) -> Answer {
        let mut request = Request::builder().uri(path);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie.clone());
        }
        let request = request.body(Body::empty()).expect("the path is valid");
        let (head, body) = now(respond(&mut self.service, request)).into_parts();
        let body = now(body.collect()).expect("a short text has no way to fail");
        Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        }
    }

    fn cookie(&self, load: Load) -> &HeaderValue {
        &self.cookies[load.index()]
    }
}

async fn respond<S, B>(service: &mut S, request: Request<Body>) -> Response<B>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
    let Ok(response) = service.call(request).await;
    response
}

/// Polls a future that is not expected to wait: everything here lives in memory and on one thread.
/// A runtime would add its own bookkeeping to every request.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    // A yield or two would be no waiting.
    for _ in 0..100 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("a contender waits for something that is not on this thread");
}

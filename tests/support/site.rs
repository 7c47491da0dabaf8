//! A site with one session type, and its visitors.

use super::shelf::Prompt;
use super::{NAME, Reply, Shelf, at_once, ring};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::any;
use session::store::CompareAndSet;
use session::testing::{self, ManualClock};
use session::{Event, Keys, MergeAccepted, NoSecrets, SessionBuilder, SessionData, SessionLayer};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// The names of the events so far, each with the field that it is about: `too_large(cart)`.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Adds an event.
    ///
    /// # Panics
    /// Never: nobody panics while holding the lock.
    pub fn note(&self, event: &Event<'_>) {
        let line = match (event, event.field()) {
            (Event::Changed { fields }, _) if !fields.is_empty() => {
                format!("{}({})", event.name(), fields.join(","))
            }
            (_, Some(field)) => format!("{}({field})", event.name()),
            _ => event.name().to_owned(),
        };
        self.0.lock().expect("not poisoned").push(line);
    }

    /// The events since it was last asked.
    ///
    /// # Panics
    /// Never: nobody panics while holding the lock.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("not poisoned"))
    }
}

/// A layer, its clock and its events.
pub struct Site<T> {
    pub layer: SessionLayer<T>,
    pub clock: ManualClock,
    pub events: Log,
    name: String,
}

/// A site under the key ring `k`, with what `with` says.
pub fn site<T, M>(with: impl FnOnce(SessionBuilder<T>) -> SessionBuilder<T, M>) -> Site<T>
where
    T: SessionData + NoSecrets,
    M: MergeAccepted<T>,
{
    site_under(ring("k"), with)
}

/// A site under these keys, with what `with` says.
///
/// # Panics
/// When the options contradict one another.
pub fn site_under<T, M>(
    keys: Keys,
    with: impl FnOnce(SessionBuilder<T>) -> SessionBuilder<T, M>,
) -> Site<T>
where
    T: SessionData + NoSecrets,
    M: MergeAccepted<T>,
{
    let (clock, events) = (ManualClock::default(), Log::default());
    let log = events.clone();
    let builder =
        SessionLayer::<T>::signed(keys).clock(clock.clone()).on_event(move |event| log.note(event));
    let layer = with(builder).build().expect("options that go together");
    Site { layer, clock, events, name: NAME.to_owned() }
}

/// If there is such an environment variable, the shelves of [`stored_site`] answer at once.
pub const PROMPT: &str = "SESSION_TEST_PROMPT";

/// A site whose sessions are on a shelf, with what `with` says; and the shelf.
///
/// # Panics
/// When the options contradict one another.
pub fn stored_site<T, M>(
    with: impl FnOnce(SessionBuilder<T, CompareAndSet>) -> SessionBuilder<T, M>,
) -> (Site<T>, Shelf)
where
    T: SessionData,
    M: MergeAccepted<T>,
{
    let (clock, events, shelf) = (ManualClock::default(), Log::default(), Shelf::default());
    let log = events.clone();
    let builder = match std::env::var_os(PROMPT) {
        None => SessionLayer::<T>::stored(shelf.clone()),
        Some(_) => SessionLayer::<T>::stored(Prompt(shelf.clone())),
    };
    let builder = builder.clock(clock.clone()).on_event(move |event| log.note(event));
    let layer = with(builder).build().expect("options that go together");
    (Site { layer, clock, events, name: NAME.to_owned() }, shelf)
}

/// A site with this layer.
///
/// # Panics
/// When the options contradict one another.
pub fn site_of<T: SessionData, M: MergeAccepted<T>>(builder: SessionBuilder<T, M>) -> Site<T> {
    let (clock, events) = (ManualClock::default(), Log::default());
    let log = events.clone();
    let builder = builder.clock(clock.clone()).on_event(move |event| log.note(event));
    let layer = builder.build().expect("options that go together");
    Site { layer, clock, events, name: NAME.to_owned() }
}

impl<T: SessionData> Site<T> {
    /// The same site, whose cookie has another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Another layer on the same clock: another type, or other options, on the same store, say. Its
    /// events are its own affair.
    #[must_use]
    pub fn beside<U: SessionData, M: MergeAccepted<U>>(
        &self,
        builder: SessionBuilder<U, M>,
    ) -> Site<U> {
        let (clock, events, name) = (self.clock.clone(), Log::default(), self.name.clone());
        let log = events.clone();
        let builder = builder.clock(clock.clone()).on_event(move |event| log.note(event));
        Site { layer: builder.build().expect("options that go together"), clock, events, name }
    }

    /// The `Cookie` header that brings a live session with this state.
    ///
    /// # Panics
    /// When it can't be encoded.
    #[must_use]
    pub fn cookie(&self, state: T) -> String {
        let headers = at_once(testing::headers(&self.layer, state)).expect("encodable");
        headers[COOKIE].to_str().expect("ASCII").to_owned()
    }

    /// The state that a cookie brings, or the initial one.
    ///
    /// # Panics
    /// When the extraction is refused.
    pub fn state(&self, cookie: &str) -> session::TypedSession<T> {
        at_once(self.layer.open(&headers(cookie))).expect("a session")
    }

    /// Whether a cookie brings a live session.
    #[must_use]
    pub fn lives(&self, cookie: &str) -> bool {
        !self.state(cookie).is_new()
    }

    /// An app with one handler, at `/`.
    pub fn app<A: 'static>(&self, handler: impl Handler<A, ()>) -> Router {
        Router::new().route("/", any(handler)).layer(self.layer.clone())
    }

    /// Sends one request with this `Cookie` header to one handler.
    pub async fn run<A: 'static>(&self, cookie: &str, handler: impl Handler<A, ()>) -> Reply {
        self.send(self.app(handler), request(cookie)).await
    }

    /// Sends one request to an app.
    ///
    /// # Panics
    /// Never: apps answer.
    pub async fn send(&self, app: Router, request: Request) -> Reply {
        let response = app.oneshot(request).await.expect("apps answer");
        Reply::named(response, &self.name).await
    }

    /// A visitor without a cookie.
    #[must_use]
    pub fn visitor(&self) -> Visitor<'_, T> {
        Visitor { site: self, cookie: String::new() }
    }

    /// A visitor who brings a session with this state.
    #[must_use]
    pub fn visitor_with(&self, state: T) -> Visitor<'_, T> {
        Visitor { site: self, cookie: self.cookie(state) }
    }
}

/// A request for `/` with this `Cookie` header, or without one when it is empty.
///
/// # Panics
/// When the text can't stand in a header.
#[must_use]
pub fn request(cookie: &str) -> Request {
    let mut request = Request::new(Body::empty());
    *request.headers_mut() = headers(cookie);
    request
}

fn headers(cookie: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if !cookie.is_empty() {
        headers.insert(COOKIE, HeaderValue::from_str(cookie).expect("a header's text"));
    }
    headers
}

/// Somebody with a cookie jar for one cookie.
pub struct Visitor<'s, T> {
    site: &'s Site<T>,
    /// `name=token`, or empty.
    pub cookie: String,
}

impl<T: SessionData> Visitor<'_, T> {
    /// Sends a request to a handler, and keeps the cookie that comes back.
    pub async fn sends<A: 'static>(&mut self, handler: impl Handler<A, ()>) -> Reply {
        let reply = self.site.run(&self.cookie, handler).await;
        self.keep(&reply);
        reply
    }

    /// Keeps or drops the cookie, as a browser does.
    pub fn keep(&mut self, reply: &Reply) {
        if let Some(token) = reply.token() {
            self.cookie = format!("{}={token}", self.site.name);
        } else if reply.removes() {
            self.cookie.clear();
        }
    }

    /// The state that the cookie brings.
    ///
    /// # Panics
    /// When the extraction is refused.
    pub fn state(&self) -> session::TypedSession<T> {
        self.site.state(&self.cookie)
    }

    /// What the cookie says.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn sealed(&self) -> super::Sealed {
        super::Sealed::read(&self.cookie)
    }
}

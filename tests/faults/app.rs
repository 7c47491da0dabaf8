//! One app with one session type, its visitors, and what it heard of its store.

use crate::state::{Handle, Kind};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use session::store::StoreErrorKind;
use session::{Event, MergeAccepted, SessionBuilder};
use session_tests::{NAME, Reply, request};
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

/// What a client learns of a store that fails.
pub const SENTENCE: &str = "the session is not available";

/// An app, and what it heard.
#[derive(Clone)]
pub struct Site {
    app: Router,
    pub heard: Heard,
    pub between: Between,
}

/// The events of a site.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<Noted>>>);

/// An event; of an outage also what the store said.
#[derive(Debug, Clone)]
pub struct Noted {
    pub name: &'static str,
    pub kind: Option<StoreErrorKind>,
    /// The error and its sources.
    pub text: String,
}

impl Heard {
    fn note(&self, event: &Event<'_>) {
        let (kind, text) = match event {
            Event::Outage(error) => (Some(error.kind()), chain(*error)),
            _ => (None, String::new()),
        };
        self.0.lock().expect("not poisoned").push(Noted { name: event.name(), kind, text });
    }

    /// The events since it was last asked.
    pub fn take(&self) -> Vec<Noted> {
        std::mem::take(&mut self.0.lock().expect("not poisoned"))
    }

    /// How many events of this name there were since [`take`](Self::take).
    pub fn count(&self, name: &str) -> usize {
        self.0.lock().expect("not poisoned").iter().filter(|noted| noted.name == name).count()
    }

    /// The outages since it was last asked: there must be some.
    #[track_caller]
    pub fn outages(&self) -> Vec<Noted> {
        let mut heard = self.take();
        heard.retain(|noted| noted.name == "outage");
        assert!(!heard.is_empty(), "no outage was told");
        heard
    }
}

/// An error and its sources, each as text.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// What comes between a handler's reading of its session and the write.
#[derive(Clone, Default)]
pub struct Between {
    once: Arc<Mutex<Option<Once>>>,
    pause: Duration,
}

type Once = Box<dyn FnOnce() + Send>;

impl Between {
    /// Does this once, in the next request that changes its session.
    pub fn once(&self, act: impl FnOnce() + Send + 'static) {
        *self.once.lock().expect("not poisoned") = Some(Box::new(act));
    }

    async fn pass(&self) {
        let once = self.once.lock().expect("not poisoned").take();
        if let Some(act) = once {
            // It may wait for a server.
            tokio::task::spawn_blocking(act).await.expect("done");
        }
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
    }
}

impl Site {
    pub fn new<T: Kind, M: MergeAccepted<T>>(builder: SessionBuilder<T, M>) -> Self {
        Self::with_pause(builder, Duration::ZERO)
    }

    /// With a pause between reading and writing.
    pub fn with_pause<T: Kind, M: MergeAccepted<T>>(
        builder: SessionBuilder<T, M>,
        pause: Duration,
    ) -> Self {
        let heard = Heard::default();
        let log = heard.clone();
        let layer = builder.on_event(move |event| log.note(event)).build().expect("a layer");
        let between = Between { pause, ..Between::default() };
        let app = routes::<T>().with_state(between.clone()).layer(layer);
        Self { app, heard, between }
    }

    pub fn visitor(&self) -> Visitor {
        self.visitor_with("")
    }

    /// Who brings this cookie.
    pub fn visitor_with(&self, cookie: &str) -> Visitor {
        Visitor { app: self.app.clone(), cookie: cookie.to_owned() }
    }
}

fn routes<T: Kind>() -> Router<Between> {
    Router::new()
        .route("/untouched", get(async || "fine"))
        .route("/read", get(async |s: Handle<T>| s.show()))
        .route(
            "/optional",
            get(async |s: Option<Handle<T>>| s.map_or_else(String::new, |s| s.show())),
        )
        .route("/hit", get(hit::<T>))
        .route("/note/{text}", get(note::<T>))
        .route("/left/{to}", get(left::<T>))
        .route("/right/{to}", get(right::<T>))
        .route("/login/{user}", get(login::<T>))
        .route("/logout", get(logout::<T>))
}

/// The answer shows the state before the change, as it was read, in `/left` and `/right`, else after.
async fn hit<T: Kind>(State(between): State<Between>, mut s: Handle<T>) -> String {
    between.pass().await;
    *s.fields().hits += 1;
    s.show()
}

/// Both fields or neither: a row is never half written.
async fn note<T: Kind>(
    State(between): State<Between>,
    mut s: Handle<T>,
    Path(text): Path<String>,
) -> String {
    between.pass().await;
    *s.fields().hits += 1;
    *s.fields().note = text;
    s.show()
}

async fn left<T: Kind>(
    State(between): State<Between>,
    mut s: Handle<T>,
    Path(to): Path<u64>,
) -> String {
    let before = s.show();
    between.pass().await;
    *s.fields().left = to;
    before
}

async fn right<T: Kind>(
    State(between): State<Between>,
    mut s: Handle<T>,
    Path(to): Path<u64>,
) -> String {
    let before = s.show();
    between.pass().await;
    *s.fields().right = to;
    before
}

async fn login<T: Kind>(
    State(between): State<Between>,
    mut s: Handle<T>,
    Path(user): Path<String>,
) -> String {
    between.pass().await;
    *s.fields().user = Some(user);
    s.show()
}

async fn logout<T: Kind>(State(between): State<Between>, mut s: Handle<T>) -> &'static str {
    between.pass().await;
    s.destroy();
    "bye"
}

/// Somebody with a cookie.
#[derive(Clone)]
pub struct Visitor {
    app: Router,
    /// `name=token`, or empty.
    pub cookie: String,
}

impl Visitor {
    /// Asks, and keeps the cookie that comes back as a browser does.
    pub async fn asks(&mut self, path: &str) -> Reply {
        let reply = self.sends(path).await;
        if let Some(token) = reply.token() {
            self.cookie = format!("{NAME}={token}");
        } else if reply.removes() {
            self.cookie.clear();
        }
        reply
    }

    /// Asks, and keeps the cookie that it has.
    pub async fn sends(&self, path: &str) -> Reply {
        let mut request = request(&self.cookie);
        *request.uri_mut() = path.parse().expect("a path");
        Reply::of(self.app.clone().oneshot(request).await.expect("apps answer")).await
    }

    /// Asks what must work.
    #[track_caller]
    pub fn gets(&mut self, path: &str) -> impl Future<Output = String> + use<'_> {
        let (path, caller) = (path.to_owned(), std::panic::Location::caller());
        async move {
            let reply = self.asks(&path).await;
            assert_eq!(reply.status, StatusCode::OK, "{path} at {caller}: {reply:?}");
            reply.body
        }
    }

    /// Asks until it works, for a while.
    pub async fn gets_in(&mut self, limit: Duration, path: &str) -> String {
        let begin = std::time::Instant::now();
        loop {
            let reply = self.asks(path).await;
            if reply.status == StatusCode::OK {
                return reply.body;
            }
            refused(&reply);
            assert!(begin.elapsed() < limit, "{path} does not work again: {reply:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A refusal because of the store: its status, and nothing but the sentence.
#[track_caller]
pub fn refused(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{reply:?}");
    assert_eq!(reply.body, SENTENCE);
    assert!(reply.is_silent() || reply.removes(), "no new cookie comes with it: {reply:?}");
    for header in reply.headers.keys() {
        let usual = ["content-type", "content-length", "cache-control", "vary", "set-cookie"];
        assert!(usual.contains(&header.as_str()), "{header} with a refusal");
    }
}

/// The value of a field in what a handler showed.
#[track_caller]
pub fn shown<'t>(text: &'t str, field: &str) -> &'t str {
    let value = text.split(' ').find_map(|part| part.strip_prefix(field)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {field} in {text:?}"))
}

/// The same, of a number.
#[track_caller]
pub fn number(text: &str, field: &str) -> u64 {
    shown(text, field).parse().expect("a number")
}

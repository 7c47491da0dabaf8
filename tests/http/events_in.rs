//! Row A.23: what is told beside an event, and in which span.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use session::{Session, SessionLayer, TypedSession, days};
use session_tests::{Fault, NAME, Shelf, Site, Traced, ring, site_of, stored_site};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tracing::Instrument;

#[derive(Session)]
#[session(valid = few)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
}

fn few(visit: &Visit) -> bool {
    visit.views < 1000
}

type Handle = TypedSession<Visit>;

fn visit(views: u64) -> Visit {
    Visit { views, user: None }
}

/// Events, each with the path of its request.
#[derive(Clone, Default)]
struct Paths(Arc<Mutex<Vec<String>>>);

impl Paths {
    fn note(&self, event: &session::Event<'_>, context: &session::EventContext<'_>) {
        assert_eq!(context.session(), "Visit");
        assert!(context.values().is_none());
        let path = context.request().map_or("-", |request| request.uri.path());
        self.0.lock().expect("sane").push(format!("{} {path}", event.name()));
        // It shows neither the token nor the request.
        assert_eq!(format!("{context:?}"), "EventContext { session: \"Visit\", .. }");
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("sane"))
    }
}

fn sites() -> (Paths, [Site<Visit>; 2], Shelf) {
    let paths = Paths::default();
    let (one, other) = (paths.clone(), paths.clone());
    let (stored, shelf) = stored_site(|b| b.on_event_in(move |e, c| one.note(e, c)));
    let cookie = SessionLayer::signed(ring("k"));
    // `site_of` sets a callback of its own, which this one then replaces.
    let cookie = cookie.clock(stored.clock.clone()).on_event_in(move |e, c| other.note(e, c));
    let layer = cookie.build().expect("options that go together");
    let mut cookies = site_of(SessionLayer::<Visit>::signed(ring("k")));
    (cookies.layer, cookies.clock) = (layer, stored.clock.clone());
    (paths, [cookies, stored], shelf)
}

async fn at<A: 'static>(
    site: &Site<Visit>,
    path: &str,
    cookie: &str,
    handler: impl axum::handler::Handler<A, ()>,
) {
    let app = axum::Router::new().route("/{*path}", axum::routing::any(handler));
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().expect("a path");
    if !cookie.is_empty() {
        request.headers_mut().insert("cookie", cookie.parse().expect("ASCII"));
    }
    site.send(app.layer(site.layer.clone()), request).await;
}

/// Changes the session from the stream of the body.
async fn late(mut session: Handle) -> Response {
    let head = stream::once(async { Ok::<_, Infallible>("at once") });
    let tail = stream::once(async move {
        session.views += 1;
        drop(session);
        Ok(".")
    });
    Response::new(Body::from_stream(head.chain(tail)))
}

// Fails when an event does not come with its request, or keeps it after the response.
#[tokio::test]
async fn a_23_an_event_comes_with_its_request() {
    let (paths, sites, shelf) = sites();
    for site in &sites {
        at(site, "/new", "", async |mut s: Handle| s.views = 1).await;
        assert_eq!(paths.take(), ["created /new"]);
        let cookie = site.cookie(visit(1));
        paths.take();
        at(site, "/read", &cookie, async |_: Handle| {}).await;
        assert_eq!(paths.take(), ["loaded /read"]);
        at(site, "/late", &cookie, late).await;
        assert_eq!(paths.take(), ["loaded /late", "late_change /late"]);
        let log_in = async |mut s: Handle| s.set_user(Some("ann".to_owned()));
        at(site, "/login", &cookie, log_in).await;
        assert_eq!(paths.take(), ["loaded /login", "changed /login", "rotated /login"]);
        let two = async |mut a: Handle, mut b: Handle| (a.views, b.views) = (5, 6);
        let cookie = site.cookie(visit(1));
        paths.take();
        at(site, "/two", &cookie, two).await;
        assert_eq!(paths.take(), ["loaded /two", "conflict /two"]);
        at(site, "/end", &cookie, async |mut s: Handle| s.destroy()).await;
        assert_eq!(paths.take(), ["loaded /end", "destroyed /end"]);
        at(site, "/forged", &format!("{NAME}=x"), async |_: Handle| {}).await;
        assert_eq!(paths.take(), ["invalid /forged"]);
        let cookie = site.cookie(visit(1000));
        paths.take();
        at(site, "/refused", &cookie, async |_: Handle| {}).await;
        assert_eq!(paths.take(), ["invalid /refused"]);
        let (a, b) = (site.cookie(visit(1)), site.cookie(visit(2)));
        paths.take();
        at(site, "/both", &format!("{a}; {b}"), async |_: Handle| {}).await;
        assert_eq!(paths.take(), ["ambiguous /both"]);
        site.clock.advance(days(1));
        site.clock.advance(session::seconds(1));
        at(site, "/old", &a, async |_: Handle| {}).await;
        assert_eq!(paths.take(), ["expired /old"]);
    }
    let [_, stored] = &sites;
    let cookie = stored.cookie(visit(1));
    paths.take();
    shelf.fail(Fault::Before("update"));
    at(stored, "/down", &cookie, async |mut s: Handle| s.views = 2).await;
    assert_eq!(paths.take(), ["loaded /down", "outage /down"]);
    shelf.fail(Fault::Down);
    at(stored, "/down", &cookie, async |_: Handle| {}).await;
    assert_eq!(paths.take(), ["outage /down"]);
}

// Fails when the slot is kept alive by the request that is kept for events.
#[tokio::test]
async fn a_23_a_request_that_is_kept_for_events_goes_with_the_response() {
    struct Gone(Arc<()>);
    let (_, sites, _) = sites();
    for site in &sites {
        let alive = Arc::new(());
        let mut request = session_tests::request(&site.cookie(visit(1)));
        request.extensions_mut().insert(Arc::new(Gone(Arc::clone(&alive))));
        let kept = Arc::clone(request.extensions().get::<Arc<Gone>>().expect("just put there"));
        assert_eq!(Arc::strong_count(&kept.0), 2);
        let reply = site.send(site.app(async |mut s: Handle| s.views = 2), request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(Arc::strong_count(&kept), 1, "something holds the extensions");
    }
}

// Fails when events of a request are told outside its span: then two requests at once can't be told
// apart in the log.
#[tokio::test]
async fn a_23_events_are_told_inside_the_requests_span() {
    let log = Traced::default();
    let _guard = session_tests::hear(log.clone());
    let (_, sites, shelf) = sites();
    for site in &sites {
        let cookie = site.cookie(visit(1));
        // Waits at every call: each poll enters the span anew.
        shelf.slow_down();
        drop(log.take());
        let change = async |mut s: Handle| s.views = 2;
        site.run(&cookie, change).instrument(tracing::info_span!("of_this_request")).await;
        shelf.calm();
        let lines = log.take();
        let lines: Vec<_> = lines
            .iter()
            .filter(|line| line.target == "session")
            .map(|line| (line.field("event"), line.span))
            .collect();
        let span = Some("of_this_request");
        assert_eq!(lines, [(Some("loaded"), span), (Some("changed"), span)]);
    }
}

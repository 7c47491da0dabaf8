//! Rule 7: nothing is done before the session is extracted. Rules 2 and 6: several types.

use axum::http::{HeaderMap, HeaderName};
use axum::routing::get;
use axum::{Router, extract::Request};
use session::testing::{self, ManualClock};
use session::{
    Carrier, Clock, Codec, DecodeError, EncodeError, Json, Payload, Session, SessionData,
    SessionLayer, Token, TypedSession,
};
use session_tests::at_once;
use session_tests::{Reply, request, ring, site};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;
use tower::ServiceExt;

#[derive(Session)]
struct Visit {
    views: u64,
}

/// Counts the calls of everything that opening and closing a session needs.
#[derive(Clone, Default)]
struct Calls {
    clock: Arc<AtomicUsize>,
    codec: Arc<AtomicUsize>,
    finds: Arc<AtomicUsize>,
    sets: Arc<AtomicUsize>,
}

impl Calls {
    /// Clock, codec, searches, tokens set: since it was last asked.
    fn take(&self) -> [usize; 4] {
        [&self.clock, &self.codec, &self.finds, &self.sets].map(|n| n.swap(0, Ordering::SeqCst))
    }
}

fn count(calls: &AtomicUsize) {
    calls.fetch_add(1, Ordering::SeqCst);
}

struct CountingClock(Calls, ManualClock);

impl Clock for CountingClock {
    fn now(&self) -> SystemTime {
        count(&self.0.clock);
        self.1.now()
    }
}

struct CountingCodec(Calls);

impl Codec for CountingCodec {
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        count(&self.0.codec);
        Json::default().encode(state, to)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        count(&self.0.codec);
        Json::default().decode(from)
    }
}

struct CountingCarrier(Calls);

impl Carrier for CountingCarrier {
    fn binding(&self) -> &str {
        "x-token"
    }

    fn request_header(&self) -> &HeaderName {
        const NAME: HeaderName = HeaderName::from_static("x-token");
        static STATIC: HeaderName = NAME;
        &STATIC
    }

    fn capacity(&self) -> usize {
        4000
    }

    fn find<'r>(&self, headers: &'r HeaderMap, each: &mut dyn FnMut(&'r [u8])) {
        count(&self.0.finds);
        headers.get_all("x-token").iter().for_each(|value| each(value.as_bytes()));
    }

    fn set(&self, headers: &mut HeaderMap, token: Token<'_>, _: Option<u64>) {
        count(&self.0.sets);
        headers.insert("x-token", token.text().parse().expect("ASCII"));
    }

    fn remove(&self, headers: &mut HeaderMap) {
        count(&self.0.sets);
        headers.insert("x-token", "".parse().expect("ASCII"));
    }
}

// Fails when the service opens the session before it is extracted, or closes one that was not; and
// when an extraction that changes nothing encodes.
#[tokio::test]
async fn rule_7_nothing_is_done_before_an_extraction() {
    let calls = Calls::default();
    let layer = SessionLayer::<Visit>::signed(ring("k"))
        .clock(CountingClock(calls.clone(), ManualClock::default()))
        .codec(CountingCodec(calls.clone()))
        .carrier(CountingCarrier(calls.clone()))
        .rolling()
        .build()
        .expect("options that go together");
    let app = Router::new()
        .route("/untouched", get(async || "ok"))
        .route("/read", get(async |session: TypedSession<Visit>| session.views.to_string()))
        .layer(layer.clone());
    let headers = at_once(testing::headers(&layer, Visit { views: 5 })).expect("encodable");
    let send = async |path: &str| {
        let mut request = Request::get(path).body(axum::body::Body::empty()).expect("a request");
        request.headers_mut().extend(headers.clone());
        Reply::of(app.clone().oneshot(request).await.expect("apps answer")).await
    };
    calls.take();
    let reply = send("/untouched").await;
    assert_eq!(calls.take(), [0, 0, 0, 0], "clock, codec, carrier, carrier");
    assert!(reply.headers.keys().all(|name| name == "content-type" || name == "content-length"));

    assert_eq!(send("/read").await.body, "5");
    let [clock, codec, finds, sets] = calls.take();
    assert_eq!((codec, finds, sets), (1, 1, 0), "one decoding, and nothing else");
    assert!(clock <= 2, "once at open, once at close");
}

#[derive(Session)]
#[session(name = "__Host-b")]
struct Other {
    views: u64,
}

mod twin {
    /// The schema name is the identifier: this one's tokens are told apart by the cookie's name.
    #[derive(session::Session)]
    #[session(schema = "Elsewhere")]
    pub(super) struct Visit {
        pub(super) views: u64,
    }
}

// Fails when the sub-key is not bound to the cookie's name, or not to the schema's.
#[tokio::test]
async fn rule_6_no_value_of_one_type_is_another_types() {
    let a = site::<Visit, _>(|b| b);
    let cookie = a.cookie(Visit { views: 7 });
    assert!(a.lives(&cookie));
    let token = cookie.split_once('=').expect("a pair").1;

    let b = site::<Other, _>(|b| b);
    assert!(!b.lives(&format!("__Host-b={token}")), "another type and another name");
    let b = site::<Visit, _>(|b| b.name("__Host-b"));
    assert!(!b.lives(&format!("__Host-b={token}")), "another name");
    let b = site::<twin::Visit, _>(|b| b);
    assert!(!b.lives(&cookie), "another schema");
    assert_eq!(b.state(&cookie).views, 0);
}

// Fails when slots are found by anything but the type, or one layer's cookie replaces another's.
#[tokio::test]
async fn rule_6_two_types_side_by_side_have_a_cookie_each() {
    let a = site::<Visit, _>(|b| b);
    let b = site::<Other, _>(|b| b);
    let both = async |mut a: TypedSession<Visit>, mut b: TypedSession<Other>| {
        a.views += 1;
        b.views += 10;
    };
    let app = a.app(both).layer(b.layer.clone());
    let reply = a.send(app, request("")).await;
    assert_eq!(reply.set_cookies().len(), 2);
    let cookies: Vec<&str> =
        reply.set_cookies().iter().filter_map(|line| line.split(';').next()).collect();
    let jar = cookies.join("; ");
    assert_eq!((a.state(&jar).views, b.state(&jar).views), (1, 10));
}

/// The derive and the type of the same name in one scope.
mod same_name {
    use session::Session;

    #[derive(Session)]
    pub(super) struct Session {
        pub(super) views: u64,
    }
}

// Fails to compile when anything but the macro is exported as `Session`.
#[tokio::test]
async fn rule_2_a_struct_may_be_named_session() {
    let site = site::<same_name::Session, _>(|b| b);
    let mut visitor = site.visitor();
    visitor.sends(async |mut session: TypedSession<same_name::Session>| session.views += 1).await;
    assert_eq!(visitor.state().views, 1);
}

// Fails when the rejection does not say what is missing.
#[tokio::test]
async fn rule_2_without_a_layer_the_rejection_names_it_and_the_type() {
    let app = Router::new().route("/", get(async |_: TypedSession<Visit>| {}));
    let reply = Reply::of(app.oneshot(request("")).await.expect("apps answer")).await;
    assert_eq!(reply.status, 500);
    assert!(!reply.body.contains("Visit"), "the client is not told");
    let try_it = async |session: Result<TypedSession<Visit>, session::SessionRejection>| {
        session.err().map(|e| e.to_string()).unwrap_or_default()
    };
    let app = Router::new().route("/", get(try_it));
    let reply = Reply::of(app.oneshot(request("")).await.expect("apps answer")).await;
    assert!(reply.body.contains("SessionLayer<"), "{}", reply.body);
    assert!(reply.body.contains("untouched::Visit"), "{}", reply.body);
}

//! A, what users plug in: codec, hooks, stores, generators, carriers.

use crate::home::{Does, Home, World, token_of};
use crate::state::{Handle, Visit, full, new_and_views, show, visit};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session::{
    Carrier, Codec, DecodeError, Deserializable, EncodeError, HeaderCarrier, Payload, Serializable,
    Session, SessionData, SessionLayer, Token, TypedSession, hours,
};
use session_tests::{Fault, Reply, Sealed, Shelf, request, site_of, stored_site};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

both_homes!(
    a_10_the_codec_encodes_and_decodes,
    a_11_valid_and_before_save_see_the_request,
    a_14_a_carrier_brings_and_takes_tokens,
    a_15_the_carriers_token_is_cleared_on_destroy,
    a_16_the_store_is_not_asked_until_the_session_is_used,
    a_17_empty_sessions_are_saved_when_asked,
);

/// JSON from its end to its beginning.
struct Mirror;

impl Codec for Mirror {
    fn encode<T: SessionData>(&self, state: &T, to: &mut Payload) -> Result<(), EncodeError> {
        let mut json = serde_json::to_vec(&Serializable(state)).map_err(EncodeError::new)?;
        json.reverse();
        to.start().write_all(&json).map_err(EncodeError::new)
    }

    fn decode<T: SessionData>(&self, from: &mut Payload) -> Result<T, DecodeError> {
        let json: Vec<u8> = from.bytes().iter().rev().copied().collect();
        let Deserializable(state) = serde_json::from_slice(&json).map_err(DecodeError::new)?;
        Ok(state)
    }
}

async fn a_10_the_codec_encodes_and_decodes(home: Home) {
    let world = open!(home, Visit, |b| b.codec(Mirror));
    let mut visitor = world.guest(full());
    assert_eq!(visitor.says(show).await.body, show(&mut visitor.state()));
    assert!(visitor.does(|s| s.note = Some("needle".to_owned())).await.error.is_none());
    assert_eq!(visitor.state().note.as_deref(), Some("needle"));
    let kept = if world.stored() {
        String::from_utf8_lossy(&world.shelf.dump()).into_owned()
    } else {
        Sealed::read(&visitor.cookie).rest
    };
    assert!(kept.contains("eldeen") && !kept.contains("needle"));

    let other = beside!(world, Visit, |b| b);
    let reply = other.says(&visitor.cookie, new_and_views).await;
    assert_eq!((reply.body.as_str(), reply.is_silent()), ("true 0", true));
    assert_eq!(other.events.take(), ["undecodable"]);
}

#[derive(Session)]
#[session(valid = welcome, before_save = stamp)]
struct Stamped {
    views: u64,
    stamp: String,
}

#[derive(Clone)]
struct Device(&'static str);

fn welcome(_: &Stamped, request: &Parts) -> bool {
    !request.headers.contains_key("x-refuse")
}

fn stamp(state: &mut Stamped, request: &Parts) -> Result<(), &'static str> {
    if request.headers.contains_key("x-fail") {
        return Err("told to");
    }
    let device = request.extensions.get::<Device>().map_or("", |device| device.0);
    state.stamp = format!("{} {} {device}", request.method, request.uri.path());
    Ok(())
}

async fn with(
    world: &World<Stamped>,
    cookie: &str,
    header: &'static str,
    does: fn(&mut TypedSession<Stamped>),
) -> Reply {
    let mut request = request(cookie);
    request.headers_mut().insert(header, HeaderValue::from_static("1"));
    request.extensions_mut().insert(Device("phone"));
    let handler = async move |mut s: TypedSession<Stamped>| {
        does(&mut s);
        format!("{} {}", s.is_new(), s.views)
    };
    world.send(world.app(handler), request).await
}

async fn a_11_valid_and_before_save_see_the_request(home: Home) {
    let world = open!(home, Stamped, |b| b);
    let mut visitor = world.visitor();
    let reply = with(&world, "", "x", |s| s.views = 1).await;
    visitor.keep(&reply);
    assert_eq!(visitor.state().stamp, "GET / phone", "what the hook changed is saved");
    world.forget_the_calls();

    let reply = with(&world, &visitor.cookie, "x-fail", |s| s.views = 2).await;
    assert_eq!((reply.status.as_u16(), reply.is_silent()), (500, true));
    world.costs(&["load"]);
    let reply = with(&world, &visitor.cookie, "x-fail", |_| {}).await;
    assert_eq!(reply.body, "false 1", "no write is due, so the hook is not asked");

    world.forget_the_calls();
    let reply = with(&world, &visitor.cookie, "x-refuse", |_| {}).await;
    assert_eq!(reply.body, "true 0");
    assert!(reply.removes());
    assert_eq!(world.events.take(), ["invalid"]);
    let reply = with(&world, &visitor.cookie, "x", |_| {}).await;
    assert_eq!(reply.body, "false 1", "it is still there");

    // The builder's come instead of the struct's.
    let world = open!(home, Stamped, |b| b
        .valid(|state, request| state.views < 9 && !request.headers.contains_key("x-no"))
        .before_save(|state, request| -> Result<(), std::io::Error> {
            state.stamp = format!("on {}", request.headers.contains_key("x-mine"));
            Ok(())
        }));
    let mut visitor = world.visitor();
    visitor.keep(&with(&world, "", "x-mine", |s| s.views = 1).await);
    assert_eq!(visitor.state().stamp, "on true");
    assert_eq!(with(&world, &visitor.cookie, "x-refuse", |_| {}).await.body, "false 1");
    assert_eq!(with(&world, &visitor.cookie, "x-no", |_| {}).await.body, "true 0");
}

#[tokio::test]
async fn a_12_a_store_for_all_for_each_request_and_for_a_while() {
    let (first, second, tenant) = (Shelf::default(), Shelf::default(), Shelf::default());
    let current = Arc::new(RwLock::new(first.clone()));
    let (pick, theirs) = (Arc::clone(&current), tenant.clone());
    let site = site_of(SessionLayer::<Visit>::stored_with(move |request| {
        if request.headers.contains_key("x-tenant") {
            return theirs.clone();
        }
        pick.read().expect("sane").clone()
    }));
    let mut visitor = site.visitor();
    visitor.does(|s| s.views = 1).await;
    assert_eq!((first.rows().len(), visitor.state().views), (1, 1));

    // For one request.
    let mut request = request("");
    request.headers_mut().insert("x-tenant", HeaderValue::from_static("1"));
    site.send(site.app(async |mut s: Handle| s.views = 5), request).await;
    assert_eq!((first.rows().len(), tenant.rows().len()), (1, 1));

    // For a while; a request under way commits to the store that it loaded from.
    let (swap, next) = (Arc::clone(&current), second.clone());
    let swaps = async move |mut s: Handle| {
        *swap.write().expect("sane") = next.clone();
        s.views += 1;
    };
    assert_eq!(visitor.sends(swaps).await.status, 200);
    assert!(second.calls().is_empty());
    site.events.take();
    assert_eq!(visitor.says(new_and_views).await.body, "true 0");
    assert_eq!(site.events.take(), ["missing"]);
    visitor.does(|s| s.views = 9).await;
    assert_eq!(second.rows().len(), 1);
    *current.write().expect("sane") = first.clone();
    assert_eq!(visitor.says(new_and_views).await.body, "true 0");
}

// Prefixes are of the stores: see `a_13_keys_have_the_prefix` in the target `faults`.
#[tokio::test]
async fn a_13_ids_come_from_the_generator() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let (site, _) = stored_site::<Visit, _>(|b| {
        b.id_generator(move || {
            let n = count.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                Ok::<_, std::io::Error>([7 + u8::try_from(n).expect("few"); 32])
            }
        })
    });
    let mut visitor = site.visitor();
    for (does, secret) in [((|s| s.views = 1) as fn(&mut Handle), 7), (|s| s.rotate(), 8)] {
        visitor.does(does).await;
        let id = URL_SAFE_NO_PAD.decode(token_of(&visitor.cookie)).expect("base64url");
        assert_eq!(id[16..], [secret; 32]);
    }
    visitor.does(|s| s.views += 1).await;
    assert_eq!(calls.load(Ordering::SeqCst), 2, "once for each new id");
}

const TOKEN: HeaderName = HeaderName::from_static("x-token");

/// A carrier of the user's own: in by one header, out by another.
struct Own(Arc<AtomicUsize>);

impl Carrier for Own {
    fn binding(&self) -> &str {
        "own"
    }

    fn request_header(&self) -> &HeaderName {
        static NAME: HeaderName = HeaderName::from_static("x-in");
        &NAME
    }

    fn capacity(&self) -> usize {
        4096
    }

    fn find<'r>(&self, headers: &'r HeaderMap, each: &mut dyn FnMut(&'r [u8])) {
        headers.get_all("x-in").iter().for_each(|value| each(value.as_bytes()));
    }

    fn set(&self, headers: &mut HeaderMap, token: Token<'_>, _: Option<u64>) {
        headers.insert("x-out", token.text().parse().expect("ASCII"));
    }

    fn remove(&self, headers: &mut HeaderMap) {
        self.0.fetch_add(1, Ordering::SeqCst);
        headers.insert("x-out", HeaderValue::from_static("forget"));
    }
}

/// Sends a token in a header.
async fn carried(
    world: &World<Visit>,
    [header, scheme]: [&'static str; 2],
    token: &str,
    does: fn(&mut Handle),
) -> Reply {
    let mut request = request("");
    if !token.is_empty() {
        let value = format!("{scheme}{token}").parse().expect("ASCII");
        request.headers_mut().insert(header, value);
    }
    let handler = async move |mut s: Handle| {
        let seen = new_and_views(&mut s);
        does(&mut s);
        seen
    };
    let reply = world.send(world.app(handler), request).await;
    assert!(reply.set_cookies().is_empty());
    reply
}

async fn a_14_a_carrier_brings_and_takes_tokens(home: Home) {
    for (world, into, out) in [
        (open!(home, Visit, |b| b.carrier(HeaderCarrier::new(TOKEN))), ["x-token", ""], "x-token"),
        (
            open!(home, Visit, |b| b.carrier(HeaderCarrier::bearer(TOKEN))),
            ["authorization", "Bearer "],
            "x-token",
        ),
        (open!(home, Visit, |b| b.carrier(Own(Arc::default()))), ["x-in", ""], "x-out"),
    ] {
        let created = carried(&world, into, "", |s| s.views = 1).await;
        let token = created.header(out);
        assert!(!token.is_empty());
        assert_eq!(created.header("vary").to_lowercase(), into[0]);
        let changed = carried(&world, into, &token, |s| s.views += 1).await;
        assert_eq!(changed.body, "false 1");
        let token = if world.stored() { token } else { changed.header(out) };
        let rotated = carried(&world, into, &token, |s| s.rotate()).await;
        assert_eq!(rotated.body, "false 2");
        assert_ne!(rotated.header(out), token);
        let read = carried(&world, into, &rotated.header(out), |_| {}).await;
        assert_eq!((read.body.as_str(), read.headers.contains_key(out)), ("false 2", false));
    }
}

async fn a_15_the_carriers_token_is_cleared_on_destroy(home: Home) {
    let world = open!(home, Visit, |b| b.carrier(HeaderCarrier::new(TOKEN)));
    let into = ["x-token", ""];
    let token = carried(&world, into, "", |s| s.views = 1).await.header("x-token");
    let ended = carried(&world, into, &token, |s| s.destroy()).await;
    assert!(ended.headers.contains_key("x-token"));
    assert_eq!(ended.header("x-token"), "");
    assert_eq!(ended.header("cache-control"), "no-store");
    if world.stored() {
        assert!(world.shelf.rows().is_empty());
        assert_eq!(carried(&world, into, &token, |_| {}).await.body, "true 0");
    }

    let removals = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&removals);
    let world = open!(home, Visit, |b| b.carrier(Own(count)));
    let token = carried(&world, ["x-in", ""], "", |s| s.views = 1).await.header("x-out");
    let ended = carried(&world, ["x-in", ""], &token, |s| s.destroy()).await;
    assert_eq!((ended.header("x-out").as_str(), removals.load(Ordering::SeqCst)), ("forget", 1));
}

async fn a_16_the_store_is_not_asked_until_the_session_is_used(home: Home) {
    let world = open!(home, Visit, |b| b.rolling().save_empty(true));
    let live = world.guest(visit(1)).cookie;
    world.clock.advance(hours(13));
    world.shelf.fail(Fault::Down);
    for cookie in [&*live, "", "__Host-session=bad"] {
        let reply = world.run(cookie, async || "ok").await;
        assert_eq!(reply.status, 200);
        assert!(
            reply.headers.get("vary").is_none() && reply.headers.get("cache-control").is_none()
        );
        assert!(reply.is_silent());
    }
    assert!(world.shelf.calls().is_empty());
    assert!(world.events.take().is_empty());
    world.shelf.fail(None);
    assert!(world.does(&live, |_| {}).await.seals(), "the renewal waited for a use");
}

async fn a_17_empty_sessions_are_saved_when_asked(home: Home) {
    let world = open!(home, Visit, |b| b.save_empty(true));
    let mut visitor = world.visitor();
    assert!(visitor.does(|_| {}).await.seals());
    world.costs(&["create"]);
    assert!(visitor.does(|_| {}).await.is_silent());
    world.costs(&["load"]);
    assert!(world.run("", async || "ok").await.is_silent());
    assert!(world.does("", |s| s.destroy()).await.is_silent());
    let fails = world.run("", async |_: Handle| StatusCode::BAD_GATEWAY).await;
    assert!(fails.is_silent());
    world.costs(&[]);
    assert_eq!(world.shelf.rows().len(), usize::from(world.stored()));
    let world = open!(home, Visit, |b| b);
    assert!(world.does("", |_| {}).await.is_silent(), "unless asked");
}

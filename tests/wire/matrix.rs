//! A token is good for one key, mode, name and schema, and for nothing else.

use crate::reference::{Bound, Parts, key_id, raw};
use crate::support::*;
use http::{HeaderMap, HeaderName, HeaderValue};
use session::{HeaderCarrier, Session, SessionData, SessionLayer};
use session_tests::at_once;
use std::collections::BTreeSet;

/// Schemas and cookie names that naive concatenation would mix up: ("a", "bc") and ("ab", "c").
#[derive(Session)]
#[session(schema = "bc")]
struct Bc {
    n: u8,
}

#[derive(Session)]
#[session(schema = "c")]
struct C {
    n: u8,
}

/// A layer without its type: what makes a token, and what says whether one is accepted.
struct Home {
    name: String,
    seal: Box<dyn Fn() -> String>,
    accepts: Box<dyn Fn(&str) -> bool>,
}

fn cookie_home<T>(schema: &str, key: Vec<u8>, name: &'static str, state: fn() -> T) -> Home
where
    T: SessionData + session::NoSecrets + session::MergesByLastOnly,
{
    let described = format!("cookie {name}, schema {schema}, key {}", key.len());
    let (sessions, _, _) = layer::<T>(&[key], |b| b.name(name));
    home(described, sessions, state, move |token| {
        cookie(name, token.as_bytes()).expect("a header value")
    })
}

fn header_home(header: &'static str) -> Home {
    let header = HeaderName::from_static(header);
    let carrier = HeaderCarrier::new(header.clone());
    let (sessions, _, _) = layer::<Visit>(&[key_a()], |b| b.carrier(carrier));
    home(format!("header {header}"), sessions, typical, move |token| {
        let value = HeaderValue::from_str(token).expect("ASCII");
        HeaderMap::from_iter([(header.clone(), value)])
    })
}

fn home<T: SessionData>(
    name: String,
    sessions: SessionLayer<T>,
    state: fn() -> T,
    bring: impl Fn(&str) -> HeaderMap + 'static,
) -> Home {
    let also = sessions.clone();
    Home {
        name,
        seal: Box::new(move || token(&sessions, state())),
        accepts: Box::new(move |token| {
            !at_once(also.open(&bring(token))).expect("no rejection").is_new()
        }),
    }
}

fn homes() -> Vec<Home> {
    vec![
        cookie_home("visit", key_a(), DEFAULT_NAME, typical),
        cookie_home("visit", key_b(), DEFAULT_NAME, typical),
        cookie_home("visit", key_a(), "__Host-other", typical),
        cookie_home("visit", key_a(), "__Host-Session", typical),
        cookie_home("visit", key_a(), "session", typical),
        cookie_home("návštěva", key_a(), DEFAULT_NAME, Navsteva::initial),
        cookie_home("vault", key_a(), DEFAULT_NAME, Vault::initial),
        cookie_home("bc", key_a(), "a", Bc::initial),
        cookie_home("c", key_a(), "ab", C::initial),
        header_home("x-session"),
        header_home("x-token"),
    ]
}

// Fails when the key, the cookie's name, the schema's name or the lengths of the two are left out
// of the derivation (`Signed::new`, `keys::expand`).
#[test]
fn rule_16_security_9_a_token_of_one_home_is_refused_by_every_other() {
    let homes = homes();
    let mut pairs = 0;
    for (made, from) in homes.iter().enumerate() {
        let token = (from.seal)();
        for (opened, by) in homes.iter().enumerate() {
            assert_eq!((by.accepts)(&token), made == opened, "of {}; by {}", from.name, by.name);
            pairs += 1;
        }
    }
    assert_eq!(pairs, homes.len() * homes.len());
}

// Fails when two homes derive the same key.
#[test]
fn rule_16_every_home_has_its_own_tag() {
    let tags: BTreeSet<Vec<u8>> = homes()
        .iter()
        .map(|home| raw(&(home.seal)()).last_chunk::<32>().expect("a tag").to_vec())
        .collect();
    assert_eq!(tags.len(), homes().len());
}

fn plain(key: &[u8]) -> Parts {
    Parts {
        version: 1,
        key_id: key_id(key),
        flags: 0,
        started: BEGIN,
        rotated: BEGIN,
        renewed: BEGIN,
        idle: 86_400_000,
        payload_version: 0,
        expiries: Vec::new(),
        payload: br#"{"views":41,"user":7,"name":"Ada","cart":{}}"#.to_vec(),
    }
}

const VISIT: Bound<'_> = Bound { key: &[], mode: "signed", cookie: DEFAULT_NAME, schema: "visit" };

// Fails when the mode is left out of the derivation, so that what another mode authenticated passes
// for a signed token.
#[test]
fn rule_16_security_9_a_token_of_another_mode_is_refused() {
    let key = key_a();
    let (sessions, _, seen) = layer::<Visit>(&[key_a()], |b| b);
    for mode in ["encrypted", "stored", "id", "", "Signed", "signed ", "key id"] {
        let token = Bound { key: &key, mode, ..VISIT }.seal(&plain(&key).message());
        assert!(open(&sessions, DEFAULT_NAME, &token).is_new(), "{mode}");
        assert_eq!(seen.take(), ["forged"], "{mode}");
    }
    let token = Bound { key: &key, ..VISIT }.seal(&plain(&key).message());
    assert!(!open(&sessions, DEFAULT_NAME, &token).is_new(), "the right one is accepted");
}

// Fails when a tag under the raw key, or under the key that makes key ids, is accepted.
#[test]
fn security_11_the_master_key_itself_signs_nothing() {
    use crate::reference::{derive, hmac, text};
    let key = key_a();
    let message = plain(&key).message();
    let (sessions, _, seen) = layer::<Visit>(&[key_a()], |b| b);
    for wrong in [key.clone(), derive(&key, &["key id"]).to_vec(), derive(&key, &[]).to_vec()] {
        let token = text(&[message.as_slice(), &hmac(&wrong, &message)].concat());
        assert!(open(&sessions, DEFAULT_NAME, &token).is_new());
        assert_eq!(seen.take(), ["forged"]);
    }
}

// Fails when a version that a later release may write is treated as a forgery, and its cookie
// removed by a half-rolled-out upgrade; or when any other version is left alone.
#[test]
fn rule_17_versions_2_to_15_are_left_alone() {
    let key = key_a();
    let (sessions, _, seen) = layer::<Visit>(&[key_a()], |b| b);
    for version in (0..=255).filter(|version| *version != 1) {
        let parts = Parts { version, ..plain(&key) };
        let token = Bound { key: &key, ..VISIT }.seal(&parts.message());
        let session = open(&sessions, DEFAULT_NAME, &token);
        assert!(session.is_new(), "{version}");
        let later = (2..=15).contains(&version);
        assert_eq!(seen.take(), [if later { "unknown key" } else { "forged" }], "{version}");
        // What is left alone gets no Set-Cookie; what will never be good is removed.
        let answer = close(&sessions, session);
        assert_eq!(answer.as_deref(), if later { None } else { Some("") }, "{version}");
    }
}

// Fails when the id of a stored session passes for a token of a later version, or under a key of
// another instance, and stays with the client that brings it for ever: its bytes are random.
#[test]
fn rule_17_an_id_is_no_token_whatever_its_first_byte() {
    let (sessions, _, seen) = layer::<Visit>(&[key_a()], |b| b);
    for first in 0..=255 {
        let id = crate::reference::text(&[[first].as_slice(), &[7; 47]].concat());
        let session = open(&sessions, DEFAULT_NAME, &id);
        assert!(session.is_new(), "{first}");
        assert_eq!(seen.take(), ["forged"], "{first}");
        assert_eq!(close(&sessions, session).as_deref(), Some(""), "{first}");
    }
}

// Fails when a key is tried that the token does not name, or when the first key does not sign.
#[test]
fn rule_17_security_13_the_first_key_signs_and_all_verify() {
    let (old, _, _) = layer::<Visit>(&[key_a()], |b| b);
    let (announced, _, _) = layer::<Visit>(&[key_a(), key_b()], |b| b);
    let (turned, _, _) = layer::<Visit>(&[key_b(), key_a()], |b| b);
    let (new, _, seen) = layer::<Visit>(&[key_b()], |b| b);
    let id = |token: &str| raw(token)[1..9].to_vec();
    for (sessions, signs) in
        [(&old, key_a()), (&announced, key_a()), (&turned, key_b()), (&new, key_b())]
    {
        assert_eq!(id(&token(sessions, typical())), key_id(&signs));
    }
    let [under_a, under_b] = [token(&old, typical()), token(&new, typical())];
    for sessions in [&announced, &turned] {
        assert!(!open(sessions, DEFAULT_NAME, &under_a).is_new());
        assert!(!open(sessions, DEFAULT_NAME, &under_b).is_new());
    }
    // A retired key is unknown: blank, but left alone.
    let session = open(&new, DEFAULT_NAME, &under_a);
    assert!(session.is_new());
    assert_eq!(seen.take(), ["unknown key"]);
    assert_eq!(close(&new, session), None);
    // The right key's tag under another key's id: the id picks the key.
    let mut swapped = raw(&under_a);
    swapped[1..9].copy_from_slice(&key_id(&key_b()));
    let swapped = crate::reference::text(&swapped);
    assert!(open(&announced, DEFAULT_NAME, &swapped).is_new());
}

// Fails when a token under a later-listed key is not sealed anew, or when its times move.
#[test]
fn rule_17_security_14_a_token_under_an_older_key_is_sealed_anew() {
    let (old, _, _) = layer::<Visit>(&[key_a()], |b| b);
    let (turned, clock, _) = layer::<Visit>(&[key_b(), key_a()], |b| b);
    let before = token(&old, typical());
    clock.advance(std::time::Duration::from_secs(3600));
    let session = open(&turned, DEFAULT_NAME, &before);
    let after = close(&turned, session).expect("sealed anew");
    let (a, b) = (key_a(), key_b());
    let before = Bound { key: &a, ..VISIT }.open(&before).expect("ours");
    let after = Bound { key: &b, ..VISIT }.open(&after).expect("under the new key");
    assert_eq!(after, Parts { key_id: key_id(&b), ..before }, "nothing but the key changed");
}

// Fails when the key id no longer depends on the key alone, or shows some of it.
#[test]
fn security_12_the_key_id_names_the_key() {
    let visit = layer::<Visit>(&[key_a()], |b| b).0;
    let vault = layer::<Vault>(&[key_a()], |b| b.name("vault")).0;
    let other = layer::<Visit>(&[key_b()], |b| b).0;
    let id = |token: String| raw(&token)[1..9].to_vec();
    assert_eq!(id(token(&visit, Visit::initial())), key_id(&key_a()));
    assert_eq!(id(token(&vault, Vault::initial())), key_id(&key_a()));
    assert_eq!(id(token(&other, Visit::initial())), key_id(&key_b()));
    assert!(!key_a().windows(2).any(|pair| key_id(&key_a()).windows(2).any(|of| of == pair)));
}

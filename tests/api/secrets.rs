//! Nothing that is shown holds a key, a token or a value.

use crate::support::*;
use http::HeaderMap;
use session::testing::ManualClock;
use session::{Codec, Json, Keys, Payload, SessionLayer};
use session_tests::at_once;
use std::fmt::Debug;

const NOTE: &str = "s3cret-n0te";

/// A key that shows in decimal, hexadecimal, text and base64.
fn key() -> Vec<u8> {
    b"correct horse battery staple, so".to_vec()
}

fn shows_nothing(what: &str, value: &impl Debug, token: &str) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        let dense: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
        for secret in [
            NOTE,
            "correct",
            // "corr" in hexadecimal, in decimal as a list, and in base64.
            "636f7272",
            "99,111,114,114",
            "Y29ycmVjd",
            &token[..8],
            &token[token.len() - 12..],
        ] {
            assert!(!dense.contains(secret), "{what} shows {secret}: {shown}");
        }
        // Not the bytes of a token or a key as a list either.
        assert!(!dense.contains(",0x") && dense.matches(',').count() < 40, "{what}: {shown}");
    }
}

// Fails when a `Debug` is derived on something that holds keys, tokens or state.
#[test]
fn rule_32_security_6_debug_shows_no_secret() {
    let keys = Keys::new([key()]).expect("a good key");
    let builder = SessionLayer::<Visit>::signed(keys.clone()).clock(ManualClock::default());
    let before = format!("{builder:?}");
    let sessions = builder.build().expect("good options");
    let mut session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
    session.note = Some(NOTE.to_owned());
    let mut response = HeaderMap::new();
    let changed = format!("{:?} {:?}", session, session.changed());
    at_once(sessions.close(session, &mut response)).expect("can be committed");
    let cookie = response[http::header::SET_COOKIE].to_str().expect("ASCII").to_owned();
    let token = cookie.split(['=', ';']).nth(1).expect("a value");
    let session = at_once(sessions.open(&brought(&cookie))).expect("no rejection");
    assert_eq!(session.note.as_deref(), Some(NOTE));
    let mut payload = Payload::default();
    Json::default().encode::<Visit>(&session, &mut payload).expect("encodable");

    shows_nothing("Keys", &keys, token);
    shows_nothing("SessionBuilder", &before, token);
    shows_nothing("SessionLayer", &sessions, token);
    shows_nothing("SessionService", &tower::Layer::layer(&sessions, ()), token);
    shows_nothing("TypedSession", &session, token);
    shows_nothing("TypedSession and Changed", &changed, token);
    shows_nothing("Payload", &payload, token);
    shows_nothing("PayloadWriter", &payload.start(), token);
    shows_nothing("the response's headers", &response, token);
    assert!(
        format!("{:?}", at_once(sessions.open(&brought(&cookie))).expect("ok").changed())
            .contains("{}")
    );
}

// Fails when `Debug` shows nothing at all: it should still say what something is.
#[test]
fn debug_says_what_something_is() {
    let sessions = builder().build().expect("good options");
    let session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
    for (shown, parts) in [
        (format!("{:?}", keys()), vec!["Keys", "len: 1"]),
        (format!("{:?}", builder()), vec!["SessionBuilder", "Visit", "__Host-session"]),
        (format!("{sessions:?}"), vec!["SessionLayer", "Visit"]),
        (format!("{session:?}"), vec!["TypedSession", "Visit", "written: false"]),
    ] {
        for part in parts {
            assert!(shown.contains(part), "{shown} does not say {part}");
        }
    }
}

//! Errors of extraction and of commit: status, sentence, source.

use crate::support::*;
use http::{HeaderMap, StatusCode};
use session::testing::ManualClock;
use session::{
    BoxError, CommitError, EncodeError, OnUndecodable, Session, SessionLayer, SessionRejection,
    testing,
};
use session_tests::at_once;
use std::error::Error;

/// What `Visit` is after `views` became a text.
#[derive(Session)]
#[session(schema = "Visit")]
struct Changed {
    views: String,
}

// Fails when `OnUndecodable::Fail` is no rejection, or the default is one.
#[test]
fn rule_17_undecodable_is_a_blank_session_or_a_rejection() {
    let newer = |on| {
        let clock = ManualClock::default();
        SessionLayer::<Changed>::signed(keys())
            .clock(clock)
            .on_undecodable(on)
            .build()
            .expect("good")
    };
    let request = brought(&first_cookie(&builder().build().expect("good options")));
    let blank = newer(OnUndecodable::Reset);
    let session = at_once(blank.open(&request)).expect("no rejection");
    assert!(session.is_new() && session.views.is_empty());
    assert_eq!(set_cookie(&blank, session), None, "the token is left alone");

    let error = at_once(newer(OnUndecodable::Fail).open(&request)).expect_err("a rejection");
    assert!(matches!(error, SessionRejection::Undecodable { .. }));
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(error.to_string().contains("errors::Changed"), "{error}");
    let source = error.source().expect("what does not decode").to_string();
    assert!(source.contains("`views`"), "{source}");
}

// Fails when the sentence does not name the layer that is missing and its session type.
#[test]
fn rejections_say_the_mend() {
    let missing = SessionRejection::LayerMissing { session: "shop::Visit" };
    assert_eq!(missing.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = missing.to_string();
    assert!(
        text.contains("`SessionLayer<shop::Visit>`") && text.contains("`.layer(..)`"),
        "{text}"
    );
    let held = SessionRejection::Held { session: "shop::Visit" };
    assert_eq!(held.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(held.to_string().contains("drop"), "{held}");
}

// Fails when one of the sentences loses what it is about, or shows what a source says.
#[test]
fn commit_errors_say_the_mend() {
    let table = [
        (
            CommitError::TooLarge {
                field: Some("cart"),
                field_bytes: 4000,
                bytes: 5000,
                limit: 4082,
            },
            vec!["5000", "4082", "`cart`", "4000"],
            false,
        ),
        (
            CommitError::TooLarge { field: None, field_bytes: 0, bytes: 5000, limit: 4082 },
            vec!["5000", "4082"],
            false,
        ),
        (CommitError::Encode(EncodeError::new("s3cret")), vec!["can't be encoded"], true),
        (CommitError::BeforeSave(BoxError::from("why")), vec!["`before_save`"], true),
        (
            CommitError::Conflict { field: "note", source: None },
            vec!["`note`", "merge", "drop the first"],
            false,
        ),
        (CommitError::Late, vec!["is sent"], false),
    ];
    for (error, parts, has_source) in table {
        let text = error.to_string();
        for part in parts {
            assert!(text.contains(part), "{text:?} does not say {part:?}");
        }
        assert!(!format!("{error:?}{text}").contains("s3cret"), "{error:?}");
        assert_eq!(error.source().is_some(), has_source, "{error:?}");
    }
}

// Fails when the limit is off by one: name and value together have at most 4096 bytes, and what
// does not fit changes nothing.
#[test]
fn rule_18_security_42_the_limit_is_4096_bytes_of_name_and_value() {
    let sessions = builder().build().expect("good options");
    let cookie = |length: usize| {
        let mut session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
        session.colour = "c".repeat(length);
        let mut headers = HeaderMap::new();
        let closed = at_once(sessions.close(session, &mut headers));
        closed.map(|()| headers[http::header::SET_COOKIE].to_str().expect("ASCII").to_owned())
    };
    // The `=` does not count.
    let pair = |cookie: &str| cookie.split(';').next().expect("one at least").len() - 1;
    let longest = (2000..4096).rev().find(|length| cookie(*length).is_ok()).expect("some fit");
    let fits = cookie(longest).expect("it was made before");
    assert!((4094..=4096).contains(&pair(&fits)), "{} bytes, and no more fit", pair(&fits));
    assert_eq!(
        at_once(sessions.open(&brought(&fits))).expect("no rejection").colour.len(),
        longest
    );
    let Err(CommitError::TooLarge { field, field_bytes, bytes, limit }) = cookie(longest + 1)
    else {
        panic!("one more does not fit");
    };
    assert_eq!((field, field_bytes), (Some("colour"), longest + 3), "with its quotes");
    assert_eq!(limit, 4096 - "__Host-session".len());
    assert!(bytes > limit && bytes <= limit + 3, "{bytes}");
}

// Fails when a state that can't be written loses the reason, or `testing` panics on it.
#[test]
fn rule_15_testing_says_what_can_not_be_encoded() {
    #[derive(Session)]
    struct Keyed {
        map: std::collections::BTreeMap<Vec<u8>, u8>,
    }
    let sessions = SessionLayer::<Keyed>::signed(keys()).build().expect("good options");
    let map = std::collections::BTreeMap::from([(vec![1], 1)]);
    let error = at_once(testing::headers(&sessions, Keyed { map })).expect_err("no text keys");
    let CommitError::Encode(error) = error else { panic!("{error}") };
    assert_eq!(error.field(), Some("map"));
}

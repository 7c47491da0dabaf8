//! Rule 11: ending a session is stronger than failing, whatever it is that fails.

use crate::support::*;
use http::{HeaderMap, header};
use session::testing::{self, ManualClock};
use session::{BoxError, CommitError, Session, SessionBuilder, SessionLayer, TypedSession};
use session_tests::at_once;
use std::collections::BTreeMap;

#[derive(Session)]
struct Account {
    #[session(rotate)]
    user: Option<u64>,
    #[session(rotate)]
    tenant: Option<u64>,
    views: u64,
    note: String,
    keyed: BTreeMap<Vec<u8>, u8>,
}

fn blank() -> Account {
    Account { user: None, tenant: None, views: 0, note: String::new(), keyed: BTreeMap::new() }
}

fn account(
    options: impl FnOnce(SessionBuilder<Account>) -> SessionBuilder<Account>,
) -> (SessionLayer<Account>, HeaderMap) {
    let builder = SessionLayer::signed(keys()).clock(ManualClock::default());
    let sessions = options(builder).build().expect("good options");
    let state = Account { user: Some(7), tenant: Some(1), ..blank() };
    let request = at_once(testing::headers(&sessions, state)).expect("encodable");
    (sessions, request)
}

/// What the response does to the cookie, and why the commit failed.
fn closed(
    sessions: &SessionLayer<Account>,
    session: TypedSession<Account>,
) -> (Option<String>, Option<CommitError>) {
    let mut headers = HeaderMap::new();
    let error = at_once(sessions.close(session, &mut headers)).err();
    let cookie =
        headers.get(header::SET_COOKIE).map(|cookie| cookie.to_str().expect("ASCII").to_owned());
    (cookie, error)
}

fn is_removed(cookie: Option<&str>) -> bool {
    cookie.is_some_and(|cookie| cookie.starts_with("__Host-session=; Max-Age=0; "))
}

type Ends = fn(&mut TypedSession<Account>);

const ENDS: [(&str, Ends); 2] = [
    ("destroy()", |session| session.destroy()),
    ("logout", |session| (session.user, session.tenant) = (None, None)),
];

// Fails when the next session does not fit, and the one that was ended lives on for it.
#[test]
fn rule_11_an_end_is_carried_out_though_the_next_state_is_too_large() {
    for (how, end) in ENDS {
        let (sessions, request) = account(|b| b);
        let mut session = at_once(sessions.open(&request)).expect("no rejection");
        end(&mut session);
        session.note = "x".repeat(5000);
        let (cookie, error) = closed(&sessions, session);
        assert!(matches!(error, Some(CommitError::TooLarge { .. })), "{how}: {error:?}");
        assert!(is_removed(cookie.as_deref()), "{how}: {cookie:?}");
    }
}

// Fails when a state that can't be encoded keeps an ended session alive.
#[test]
fn rule_11_an_end_is_carried_out_though_the_next_state_can_not_be_encoded() {
    let (sessions, request) = account(|b| b);
    let mut session = at_once(sessions.open(&request)).expect("no rejection");
    session.destroy();
    session.keyed.insert(vec![1], 1);
    let (cookie, error) = closed(&sessions, session);
    assert!(matches!(error, Some(CommitError::Encode(_))), "{error:?}");
    assert!(is_removed(cookie.as_deref()), "{cookie:?}");
}

// Fails when a failing hook keeps an ended session alive.
#[test]
fn rule_11_an_end_is_carried_out_though_before_save_fails() {
    for (how, end) in ENDS {
        let (sessions, request) =
            account(|b| b.before_save(|_, _| Err::<(), BoxError>("no".into())));
        let mut session = at_once(sessions.open(&request)).expect("no rejection");
        end(&mut session);
        session.note = "x".to_owned();
        let (cookie, error) = closed(&sessions, session);
        assert!(matches!(error, Some(CommitError::BeforeSave(_))), "{how}: {error:?}");
        assert!(is_removed(cookie.as_deref()), "{how}: {cookie:?}");
    }
}

// Fails when a logout in a failing request is outweighed by another `rotate` field's new value.
#[test]
fn rule_11_a_logout_ends_the_session_though_another_rotate_field_has_a_value() {
    let (sessions, request) = account(|b| b.auto_commit(false));
    let mut session = at_once(sessions.open(&request)).expect("no rejection");
    session.user = None;
    session.tenant = Some(2);
    let (cookie, error) = closed(&sessions, session);
    assert!(error.is_none());
    assert!(is_removed(cookie.as_deref()), "{cookie:?}");
}

fn now<F: Future>(future: F) -> F::Output {
    futures_util::FutureExt::now_or_never(future).expect("nothing waits")
}

// Fails when a `commit()` that failed takes what the handler changed with it: mended, the rest is
// written at the end.
#[test]
fn rule_13_a_failed_commit_keeps_the_changes() {
    type Spoils = (fn(&mut Account), fn(&mut Account));
    let spoils: [Spoils; 2] = [
        (|state| state.keyed.extend([(vec![1], 1)]), |state| state.keyed.clear()),
        (|state| state.note = "x".repeat(5000), |state| state.note.truncate(3)),
    ];
    for (spoil, mend) in spoils {
        let (sessions, request) = account(|b| b);
        let mut session = at_once(sessions.open(&request)).expect("no rejection");
        session.views = 9;
        spoil(&mut session);
        now(session.commit()).expect_err("it can't be written");
        assert_eq!(session.views, 9, "the handler still sees its change");
        mend(&mut session);
        let (cookie, error) = closed(&sessions, session);
        assert!(error.is_none(), "{error:?}");
        let opened =
            at_once(sessions.open(&brought(&cookie.expect("a change")))).expect("no rejection");
        assert_eq!((opened.user, opened.views), (Some(7), 9));
    }
}

// Fails when a login that was committed goes out though the same request logged out and failed.
#[test]
fn rule_11_a_logout_after_a_commit_ends_the_session() {
    for (how, end) in ENDS {
        let (sessions, _) = account(|b| b.auto_commit(false));
        let mut session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
        (session.user, session.tenant) = (Some(7), Some(1));
        now(session.commit()).expect("a good session");
        end(&mut session);
        let (cookie, error) = closed(&sessions, session);
        assert!(error.is_none());
        let lives = cookie.is_some_and(|cookie| !cookie.starts_with("__Host-session=;"));
        assert!(!lives, "{how}");
    }
}

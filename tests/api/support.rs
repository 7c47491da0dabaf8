//! A session type, and ways to it without a server.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use session::testing::ManualClock;
use session::{Keys, Session, SessionBuilder, SessionData, SessionLayer, TypedSession};
use session_tests::at_once;

#[derive(Session)]
pub struct Visit {
    pub views: u64,
    #[session(alias = "remark", alias = "memo")]
    pub note: Option<String>,
    #[session(default = "red".to_owned())]
    pub colour: String,
    #[session(skip)]
    pub scratch: u32,
    #[session(rename = "Größe \"XL\"")]
    pub size: i8,
}

pub fn keys() -> Keys {
    Keys::new([[7; 32]]).expect("a good key")
}

pub fn builder() -> SessionBuilder<Visit> {
    SessionLayer::signed(keys()).clock(ManualClock::default())
}

/// The Set-Cookie that closing gives.
pub fn set_cookie<T: SessionData>(
    sessions: &SessionLayer<T>,
    session: TypedSession<T>,
) -> Option<String> {
    let mut headers = HeaderMap::new();
    at_once(sessions.close(session, &mut headers)).expect("can be committed");
    headers.get(SET_COOKIE).map(|cookie| cookie.to_str().expect("ASCII").to_owned())
}

/// A new session in which something changed, as Set-Cookie.
pub fn first_cookie(sessions: &SessionLayer<Visit>) -> String {
    let mut session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
    session.views += 1;
    set_cookie(sessions, session).expect("a change")
}

/// The request headers of a client that got this Set-Cookie.
pub fn brought(set_cookie: &str) -> HeaderMap {
    let pair = set_cookie.split(';').next().expect("one at least");
    HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).expect("ASCII"))])
}

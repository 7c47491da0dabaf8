//! Sessions in a form that another library reads and writes too.
//!
//! [`Foreign`] is what such a form can do. A layer has it as its home, side by side with the other
//! library's application, or looks into it for sessions that are to be moved over.

mod close;
mod open;

pub(crate) use close::Work;

use super::open::Others;
use super::stored::OnOutage;
use super::times::Lifetimes;
use crate::seal::Envelope;
use crate::store::StoreError;
use crate::time::Millis;
use http::HeaderMap;
use std::pin::Pin;
use std::time::Duration;

pub(crate) type Doing<'a, R = ()> =
    Pin<Box<dyn Future<Output = Result<R, StoreError>> + Send + 'a>>;

/// Another library's form of sessions.
pub(crate) trait Foreign: Send + Sync + 'static {
    /// Whether the request brings anything under their names.
    fn is_there(&self, headers: &HeaderMap) -> bool;

    /// What the request brings.
    fn look<'a>(&'a self, asked: Asked<'a>) -> Doing<'a, Look>;

    /// What they read: a session's text. `payload` is a JSON object; `aside` is what [`Live`] had of it.
    fn text(
        &self,
        payload: &[u8],
        envelope: &Envelope,
        ends: Millis,
        aside: Option<&str>,
    ) -> Vec<u8>;

    /// Rows on a server, if that is where their sessions are. `None`: the client holds all of it.
    fn rows(&self) -> Option<&dyn ForeignRows>;

    /// The bytes that a value has as the client holds it, and those that it may have.
    fn room(&self, text: &[u8]) -> (usize, usize);

    /// Gives the client a session's text, or its id.
    fn set(&self, headers: &mut HeaderMap, value: &[u8], now: Millis, max_age: Option<u64>);

    /// Tells the client to forget it.
    fn remove(&self, headers: &mut HeaderMap);

    /// The `Cookie` header in which a client sends the value back: for tests that make requests.
    fn request_value(&self, value: &[u8]) -> String;
}

/// Where another library keeps what the client has an id of. The last write wins.
pub(crate) trait ForeignRows: Send + Sync {
    /// An id that nobody has.
    fn new_id(&self) -> Result<Box<str>, getrandom::Error>;

    /// Writes a row, whatever is there. `left`: what is left of the session.
    fn put<'a>(&'a self, id: &'a str, text: &'a [u8], left: Duration) -> Doing<'a>;

    fn delete<'a>(&'a self, id: &'a str) -> Doing<'a>;
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) now: Millis,
    pub(crate) lifetimes: &'a Lifetimes,
    /// The type's.
    pub(crate) version: u32,
}

/// What a request brought.
#[derive(Default)]
pub(crate) struct Look {
    /// Something under their names, good or bad.
    pub(crate) brought: bool,
    pub(crate) live: Option<Live>,
    /// Two different ones are alive.
    pub(crate) ambiguous: bool,
    pub(crate) others: Others,
}

/// A live session of theirs.
pub(crate) struct Live {
    /// A JSON object: the data alone.
    pub(crate) payload: Vec<u8>,
    pub(crate) envelope: Envelope,
    pub(crate) under_first_key: bool,
    /// Of the row.
    pub(crate) id: Option<Box<str>>,
    /// What their text says besides, and is to go on saying.
    pub(crate) aside: Option<Box<str>>,
}

/// A layer whose sessions have their form.
pub(crate) struct ForeignHome {
    pub(crate) foreign: Box<dyn Foreign>,
    pub(crate) on_outage: OnOutage,
    /// How long one call may take.
    pub(crate) patience: Duration,
}

/// Where a layer looks for sessions that are to be moved over.
pub(crate) struct Old {
    pub(crate) foreign: Box<dyn Foreign>,
    /// Looked at until then.
    pub(crate) until: Millis,
    pub(crate) patience: Duration,
}

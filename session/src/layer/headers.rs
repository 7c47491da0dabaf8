//! The response's headers that go with a session (DESIGN rule 19).

use crate::data::SessionData;
use crate::error::CommitError;
use crate::life::{Engine, Life};
use http::header::{CACHE_CONTROL, COOKIE, Entry, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Closes a session and sets what belongs to it.
pub(super) fn close<T: SessionData>(
    life: &mut Life<T>,
    engine: &Engine<T>,
    server_error: bool,
    headers: &mut HeaderMap,
) -> Result<(), CommitError> {
    let closed = life.close(engine, server_error, headers);
    if !life.extracted() {
        return Ok(());
    }
    vary(headers, engine.carrier.request_header());
    // A removal is no more for a cache than a token is (ASVS 5.0, 14.2.2).
    if headers_were_set(&closed) {
        forbid_storing(headers);
    }
    closed.map(|_| ())
}

fn headers_were_set(closed: &Result<bool, CommitError>) -> bool {
    matches!(closed, Ok(true) | Err(_))
}

/// Adds a header's name to `Vary`, unless it is there or `*` is.
fn vary(headers: &mut HeaderMap, name: &HeaderName) {
    let listed = || {
        // As everybody writes it.
        if name == COOKIE {
            HeaderValue::from_static("Cookie")
        } else {
            HeaderValue::from(name.clone())
        }
    };
    let covered =
        |value: &HeaderValue| {
            value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii).any(|listed| {
                listed == b"*" || listed.eq_ignore_ascii_case(name.as_str().as_bytes())
            })
        };
    match headers.entry(VARY) {
        Entry::Vacant(vary) => drop(vary.insert(listed())),
        Entry::Occupied(vary) if vary.iter().any(covered) => {}
        Entry::Occupied(mut vary) => vary.append(listed()),
    }
}

/// Sets `Cache-Control: no-store`, unless it says so already.
fn forbid_storing(headers: &mut HeaderMap) {
    const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    let says_so = |value: &HeaderValue| {
        value
            .as_bytes()
            .split(|&byte| byte == b',')
            .any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-store"))
    };
    match headers.entry(CACHE_CONTROL) {
        Entry::Vacant(cache_control) => drop(cache_control.insert(NO_STORE)),
        Entry::Occupied(cache_control) if cache_control.iter().any(says_so) => {}
        Entry::Occupied(mut cache_control) => drop(cache_control.insert(NO_STORE)),
    }
}

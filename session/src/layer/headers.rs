//! The response's headers that go with a session (DESIGN rule 19).

use crate::data::SessionData;
use crate::error::CommitError;
use crate::life::{Engine, Life};
use http::header::{CACHE_CONTROL, COOKIE, Entry, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Sets what belongs to a session that was closed, or could not be.
pub(super) fn deliver<T: SessionData>(
    life: &mut Life<T>,
    engine: &Engine<T>,
    closed: Result<(), CommitError>,
    headers: &mut HeaderMap,
) -> Result<(), CommitError> {
    if !life.extracted() {
        return Ok(());
    }
    let delivered = life.deliver(engine, headers);
    vary(headers, engine.carrier.request_header());
    // A removal is no more for a cache than a token is (ASVS 5.0, 14.2.2).
    if delivered || closed.is_err() {
        forbid_storing(headers);
    }
    closed
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
        Entry::Vacant(place) => drop(place.insert(listed())),
        Entry::Occupied(values) if values.iter().any(covered) => {}
        Entry::Occupied(mut values) => values.append(listed()),
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
        Entry::Vacant(place) => drop(place.insert(NO_STORE)),
        Entry::Occupied(values) if values.iter().any(says_so) => {}
        Entry::Occupied(mut values) => drop(values.insert(NO_STORE)),
    }
}

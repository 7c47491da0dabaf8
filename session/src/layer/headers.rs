//! The response's headers that go with a session (DESIGN rule 19).

use crate::data::SessionData;
use crate::error::CommitError;
use crate::life::{Outcome, Slot};
use http::header::{CACHE_CONTROL, COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Closes the slot's session and sets what belongs to it.
pub(super) fn close<T: SessionData>(
    slot: &Slot<T>,
    outcome: Outcome,
    headers: &mut HeaderMap,
) -> Result<(), CommitError> {
    let engine = slot.engine();
    let mut life = slot.life();
    if !life.extracted() {
        life.close(engine, outcome, headers)?;
        return Ok(());
    }
    let closed = life.close(engine, outcome, headers);
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
    let covered = |value: &HeaderValue| {
        value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii).any(|listed| {
            listed == b"*" || listed.eq_ignore_ascii_case(name.as_str().as_bytes())
        })
    };
    if headers.contains_key(VARY) && headers.get_all(VARY).iter().any(covered) {
        return;
    }
    let listed = if name == COOKIE {
        HeaderValue::from_static("Cookie")
    } else {
        HeaderValue::from(name.clone())
    };
    headers.append(VARY, listed);
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
    let said = headers.contains_key(CACHE_CONTROL)
        && headers.get_all(CACHE_CONTROL).iter().any(says_so);
    if !said {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
}

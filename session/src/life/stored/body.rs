//! What the body of a stored session's row says beside the payload.

use crate::id::{SecretDigest, SessionHandle};
use crate::seal::{Envelope, put_u48, u48};
use crate::store::Times;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

/// The version of the layout below.
const VERSION: u8 = 1;

/// The session has a lifetime of its own, which beats the configured one.
const OWN_LIFETIME: u8 = 1;
/// The cookie goes with the browser.
const BROWSER: u8 = 1 << 1;
/// Fields with an end of their own follow.
const EXPIRIES: u8 = 1 << 2;
/// The digest of the secret before this one follows the fixed part.
const PREVIOUS: u8 = 1 << 3;

/// Bytes of the fixed part.
const FIXED: usize = 1 + 16 + 32 + 1 + 6 + 6 + 4 + 8;

/// A row's body before the payload.
///
/// Layout: `version (1) | handle (16) | digest of the secret (32) | flags (1) | started (6) |
/// rotated (6) | payload version (4) | stamp (8)`, numbers big endian, times in milliseconds; then, if
/// its flag says so, the digest of the secret that the last rotation replaced (32); then, if theirs
/// does, the fields' ends as a token has them; then the payload. What a touch moves is not
/// here but in the record's [`Times`].
pub(crate) struct Body {
    pub(crate) handle: SessionHandle,
    pub(crate) secret: SecretDigest,
    /// What the last rotation replaced, for as long as that is remembered: by it a request is known
    /// whose client does not have its new id yet.
    pub(crate) previous: Option<SecretDigest>,
    /// Which write this is: no two have the same. So who asks again after an answer was lost knows
    /// its own write.
    pub(crate) stamp: u64,
    pub(crate) envelope: Envelope,
    /// Where the payload lies.
    pub(crate) payload: Range<usize>,
}

impl Body {
    /// Writes a record's body into a buffer.
    pub(crate) fn write(
        handle: SessionHandle,
        secret: &SecretDigest,
        previous: Option<&SecretDigest>,
        stamp: u64,
        envelope: &Envelope,
        payload: &[u8],
        mut body: Vec<u8>,
    ) -> Vec<u8> {
        let expiries = envelope.expiries_len();
        let previous = previous.map_or(&[][..], |digest| &digest.0);
        body.clear();
        body.reserve(FIXED + previous.len() + expiries + payload.len());
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        body.push(VERSION);
        body.extend_from_slice(handle.as_bytes());
        body.extend_from_slice(&secret.0);
        body.push(
            flag(envelope.own_lifetime, OWN_LIFETIME)
                | flag(envelope.browser, BROWSER)
                | flag(expiries > 0, EXPIRIES)
                | flag(!previous.is_empty(), PREVIOUS),
        );
        put_u48(envelope.started, &mut body);
        put_u48(envelope.rotated, &mut body);
        body.extend_from_slice(&envelope.payload_version.to_be_bytes());
        body.extend_from_slice(&stamp.to_be_bytes());
        body.extend_from_slice(previous);
        envelope.put_expiries(&mut body);
        body.extend_from_slice(payload);
        body
    }

    /// Reads a record's body. `None`: it is none of ours.
    pub(crate) fn read(body: &[u8], times: Times) -> Option<Self> {
        let fixed: &[u8; FIXED] = body.first_chunk()?;
        let flags = fixed[49];
        if fixed[0] != VERSION || flags & !(OWN_LIFETIME | BROWSER | EXPIRIES | PREVIOUS) != 0 {
            return None;
        }
        let mut envelope = Envelope {
            started: u48(&fixed[50..56]),
            rotated: u48(&fixed[56..62]),
            renewed: times.renewed,
            idle: times.idle,
            own_lifetime: flags & OWN_LIFETIME != 0,
            browser: flags & BROWSER != 0,
            payload_version: u32::from_be_bytes(*fixed[62..].first_chunk()?),
            expiries: Vec::new(),
        };
        let (previous, behind) = if flags & PREVIOUS != 0 {
            (Some(SecretDigest(*body[FIXED..].first_chunk()?)), FIXED + 32)
        } else {
            (None, FIXED)
        };
        let start =
            if flags & EXPIRIES != 0 { envelope.read_expiries(body, behind)? } else { behind };
        Some(Self {
            handle: SessionHandle::from_bytes(*fixed[1..].first_chunk()?),
            secret: SecretDigest(*fixed[17..].first_chunk()?),
            previous,
            stamp: u64::from_be_bytes(*fixed[66..].first_chunk()?),
            envelope,
            payload: start..body.len(),
        })
    }
}

/// A number for a write: no other write has it, of this process or of another.
pub(crate) fn stamp() -> u64 {
    thread_local! {
        // A thread counts from a random number on. It need not be unpredictable.
        static NEXT: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
    }
    // A thread that is about to end has no counter any more.
    let counted = NEXT.try_with(|next| next.replace(next.get().wrapping_add(1)));
    counted.unwrap_or_else(|_| RandomState::new().hash_one(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::FieldExpiry;
    use crate::time::Millis;

    fn envelope() -> Envelope {
        let at = |ms: u64| Millis::from_ms(1_700_000_000_000 + ms);
        Envelope {
            started: at(1),
            rotated: at(2),
            renewed: at(3),
            idle: 60_000,
            own_lifetime: true,
            browser: false,
            payload_version: 3,
            expiries: vec![FieldExpiry { field: "sudo".into(), end: at(4) }],
        }
    }

    fn write(envelope: &Envelope, previous: Option<[u8; 32]>) -> (Vec<u8>, Times) {
        let previous = previous.map(SecretDigest);
        let handle = SessionHandle::from_bytes([1; 16]);
        let times = Times::new(envelope.renewed, envelope.idle, Millis::MAX);
        let secret = SecretDigest([2; 32]);
        let body = Body::write(handle, &secret, previous.as_ref(), 5, envelope, b"{}", Vec::new());
        (body, times)
    }

    #[test]
    fn a_body_comes_back() {
        for (expiries, previous) in [(0, None), (1, None), (0, Some([3; 32])), (1, Some([3; 32]))] {
            let mut envelope = envelope();
            envelope.expiries.truncate(expiries);
            let (bytes, times) = write(&envelope, previous);
            let body = Body::read(&bytes, times).unwrap();
            assert_eq!(body.envelope, envelope);
            assert_eq!(body.handle, SessionHandle::from_bytes([1; 16]));
            assert!(body.secret.is(&SecretDigest([2; 32])));
            assert_eq!(body.previous.map(|digest| digest.0), previous);
            assert_eq!(body.stamp, 5);
            assert_eq!(&bytes[body.payload], b"{}");
        }
    }

    #[test]
    fn req_20_what_is_cut_or_foreign_is_none_and_nothing_panics() {
        for previous in [None, Some([3; 32])] {
            let (bytes, times) = write(&envelope(), previous);
            for len in 0..bytes.len() - 2 {
                assert!(Body::read(&bytes[..len], times).is_none(), "{len} bytes");
            }
        }
        let (bytes, times) = write(&envelope(), None);
        for (at, value) in [(0, 2), (0, 0), (49, 0xff), (74, 0)] {
            let mut other = bytes.clone();
            other[at] = value;
            assert!(Body::read(&other, times).is_none(), "{value} at {at}");
        }
    }
}

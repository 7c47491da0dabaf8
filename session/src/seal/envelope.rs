//! What a token says beside the payload: its key and its times.

use crate::id::SessionId;
use crate::time::Millis;

/// The version of the layout below.
const VERSION: u8 = 1;

/// Versions that a later release may write. A token of one of them is left alone, as one under an
/// unknown key is, so that a half-rolled-out upgrade logs nobody out.
const LATER_VERSIONS: std::ops::RangeInclusive<u8> = 2..=15;

/// The session has a lifetime of its own, which beats the configured one.
const OWN_LIFETIME: u8 = 1;
/// The cookie goes with the browser.
const BROWSER: u8 = 1 << 1;
/// Fields with an end of their own follow.
const EXPIRIES: u8 = 1 << 2;

/// Bytes of the fixed part: version, key id, flags, four times of 48 bits, the payload's version.
const FIXED: usize = 1 + 8 + 1 + 4 * 6 + 4;

/// The authenticated times of a session, and what else a token says of it.
///
/// Layout: `version (1) | key id (8) | flags (1) | started (6) | rotated (6) | renewed (6) |
/// idle lifetime (6) | payload version (4)`, numbers big endian, times in milliseconds; then, if the
/// flag says so, a count (1) and as many of `length (1) | field name | end (6)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// When the absolute lifetime began: at creation, or at the last login.
    pub(crate) started: Millis,
    /// When the session last got a new token for a new privilege.
    pub(crate) rotated: Millis,
    /// When the idle lifetime began.
    pub(crate) renewed: Millis,
    /// The idle lifetime in milliseconds.
    pub(crate) idle: u64,
    /// `idle` and `browser` were set for this session alone.
    pub(crate) own_lifetime: bool,
    /// The cookie has no Max-Age.
    pub(crate) browser: bool,
    /// The `version` of the type that wrote the payload.
    pub(crate) payload_version: u32,
    /// When fields with a `ttl` end.
    pub(crate) expiries: Vec<FieldExpiry>,
}

/// When one field returns to its initial value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldExpiry {
    pub(crate) field: Box<str>,
    pub(crate) end: Millis,
}

/// Which key a token is under, and which version its layout has.
pub(super) enum Kind {
    Ours([u8; 8]),
    Later,
    Malformed,
}

impl Kind {
    /// A token has more bytes than the id of a stored session, in each version. Where sessions moved
    /// from a store to the cookie, ids still come in, and the first of their bytes is random: it would
    /// pass for a version now and then.
    pub(super) fn of(token: &[u8]) -> Self {
        if token.len() <= SessionId::BYTES {
            return Self::Malformed;
        }
        match token.split_first() {
            Some((&VERSION, rest)) => match rest.first_chunk() {
                Some(id) => Self::Ours(*id),
                None => Self::Malformed,
            },
            Some((version, _)) if LATER_VERSIONS.contains(version) => Self::Later,
            _ => Self::Malformed,
        }
    }
}

impl Envelope {
    pub(super) fn write(&self, key: [u8; 8], to: &mut Vec<u8>) {
        let expiries = if self.expiries_len() == 0 { 0 } else { EXPIRIES };
        let own = if self.own_lifetime { OWN_LIFETIME } else { 0 };
        let browser = if self.browser { BROWSER } else { 0 };
        to.push(VERSION);
        to.extend_from_slice(&key);
        to.push(own | browser | expiries);
        for time in [self.started, self.rotated, self.renewed, Millis::from_ms(self.idle)] {
            put_u48(time, to);
        }
        to.extend_from_slice(&self.payload_version.to_be_bytes());
        self.put_expiries(to);
    }

    /// The bytes that [`write`](Self::write) writes.
    pub(super) fn len(&self) -> usize {
        FIXED + self.expiries_len()
    }

    /// The bytes that [`put_expiries`](Self::put_expiries) writes.
    pub(crate) fn expiries_len(&self) -> usize {
        let expiries = self.listed_expiries().map(|expiry| 7 + expiry.field.len()).sum::<usize>();
        if expiries == 0 { 0 } else { 1 + expiries }
    }

    /// The derive refuses names over 255 bytes and more than 255 `ttl` fields; should one come all
    /// the same, its field merely has no end of its own.
    fn listed_expiries(&self) -> impl Iterator<Item = &FieldExpiry> {
        self.expiries.iter().filter(|expiry| expiry.field.len() <= 255).take(255)
    }

    /// Reads the envelope of an authenticated token, and says how long it is.
    pub(super) fn read(token: &[u8]) -> Option<(Self, usize)> {
        let fixed: &[u8; FIXED] = token.first_chunk()?;
        let (_, rest) = fixed.split_at(9);
        let flags = rest[0];
        if flags & !(OWN_LIFETIME | BROWSER | EXPIRIES) != 0 {
            return None;
        }
        let time = |n: usize| u48(&rest[1 + 6 * n..][..6]);
        let mut envelope = Self {
            started: time(0),
            rotated: time(1),
            renewed: time(2),
            idle: time(3).ms(),
            own_lifetime: flags & OWN_LIFETIME != 0,
            browser: flags & BROWSER != 0,
            payload_version: u32::from_be_bytes(*rest[25..].first_chunk()?),
            expiries: Vec::new(),
        };
        let at = if flags & EXPIRIES != 0 { envelope.read_expiries(token, FIXED)? } else { FIXED };
        Some((envelope, at))
    }

    /// The fields' ends: a count (1), and as many of `length (1) | field name | end (6)`. Nothing when
    /// there are none.
    pub(crate) fn put_expiries(&self, to: &mut Vec<u8>) {
        if self.expiries_len() == 0 {
            return;
        }
        to.push(u8::try_from(self.listed_expiries().count()).unwrap_or(u8::MAX));
        for expiry in self.listed_expiries() {
            to.push(u8::try_from(expiry.field.len()).unwrap_or(u8::MAX));
            to.extend_from_slice(expiry.field.as_bytes());
            put_u48(expiry.end, to);
        }
    }

    /// Reads at `at` what [`put_expiries`](Self::put_expiries) wrote, and says where it ends.
    pub(crate) fn read_expiries(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        // None at all is said by the flag: one spelling for each self.
        let count = *bytes.get(at).filter(|&&count| count > 0)?;
        at += 1;
        for _ in 0..count {
            let len = usize::from(*bytes.get(at)?);
            let name = bytes.get(at + 1..at + 1 + len)?;
            let end = bytes.get(at + 1 + len..at + 7 + len)?;
            self.expiries
                .push(FieldExpiry { field: std::str::from_utf8(name).ok()?.into(), end: u48(end) });
            at += 7 + len;
        }
        Some(at)
    }
}

pub(crate) fn put_u48(time: Millis, to: &mut Vec<u8>) {
    to.extend_from_slice(&time.ms().to_be_bytes()[2..]);
}

pub(crate) fn u48(bytes: &[u8]) -> Millis {
    Millis::from_ms(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

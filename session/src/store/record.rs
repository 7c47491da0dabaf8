//! What a row holds.

use crate::time::Millis;
use std::fmt;
use std::time::Duration;

/// A row: bytes that the library alone reads, their revision, and the times that a touch moves.
///
/// An engine with columns keeps the parts as they are; one that keeps values takes
/// [`to_bytes`](Self::to_bytes).
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Which version of the row this is.
    pub revision: Revision,
    /// When the session was used, and when it ends.
    pub times: Times,
    /// The library's. They hold the user's data: don't log them.
    pub body: Vec<u8>,
}

impl Record {
    /// Bytes before the body in [`to_bytes`](Self::to_bytes): a format byte, the revision, the
    /// times.
    pub const HEAD: usize = 1 + 8 + Times::BYTES;

    /// The format byte. It is above every ASCII character, so that what other programs write is not
    /// taken for a record.
    pub const FORMAT: u8 = 0xd1;

    /// One value: `0xd1 | revision (8) | times (24) | body`, numbers big endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::HEAD + self.body.len());
        bytes.push(Self::FORMAT);
        bytes.extend_from_slice(&self.revision.number().to_be_bytes());
        bytes.extend_from_slice(&self.times.to_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. `None`: these bytes are no record.
    #[must_use]
    pub fn from_bytes(mut bytes: Vec<u8>) -> Option<Self> {
        let (&format, head) = bytes.first_chunk::<{ Self::HEAD }>()?.split_first()?;
        if format != Self::FORMAT {
            return None;
        }
        let (revision, times) = head.split_first_chunk()?;
        let revision = Revision::from_number(u64::from_be_bytes(*revision));
        let times = Times::from_bytes(times.first_chunk()?)?;
        bytes.drain(..Self::HEAD);
        Some(Self { revision, times, body: bytes })
    }
}

impl fmt::Debug for Record {
    /// Does not show the body: it is the user's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("revision", &self.revision)
            .field("times", &self.times)
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// Counts the versions of a row, from 1. Every `update` makes the next one; a `touch` makes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// Of a row that was just created.
    pub const FIRST: Self = Self(1);

    /// The one that the next update makes.
    #[must_use]
    pub const fn next(self) -> Self {
        // 2^63 fits a signed column; no row lives so long.
        Self((self.0 + 1) & (u64::MAX >> 1))
    }

    /// As a number: at most `i64::MAX`.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// From the [`number`](Self::number).
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// The times of a session that a touch moves, by the library's clock. A store compares
/// [`ends`](Self::ends) and keeps the rest as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    pub(crate) renewed: Millis,
    /// The idle lifetime in milliseconds.
    pub(crate) idle: u64,
    pub(crate) ends: Millis,
}

impl Times {
    /// The length of [`to_bytes`](Self::to_bytes).
    pub const BYTES: usize = 24;

    /// When the idle lifetime last began, its length in milliseconds, and the last millisecond of
    /// the session's life.
    #[must_use]
    pub fn new(renewed: Millis, idle_ms: u64, ends: Millis) -> Self {
        Self { renewed, idle: idle_ms.min(Millis::MAX.ms()), ends }
    }

    /// The last millisecond of the session's life: it is expired at any later one.
    #[must_use]
    pub fn ends(&self) -> Millis {
        self.ends
    }

    /// The one that ends later; `self` if both end at once.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        if other.ends > self.ends { other } else { self }
    }

    /// For columns: renewed, idle lifetime, end, each at most 48 bits of milliseconds.
    #[must_use]
    pub fn to_numbers(&self) -> [u64; 3] {
        [self.renewed.ms(), self.idle, self.ends.ms()]
    }

    /// From [`to_numbers`](Self::to_numbers). `None`: one of them has more than 48 bits.
    #[must_use]
    pub fn from_numbers([renewed, idle, ends]: [u64; 3]) -> Option<Self> {
        let fits = |ms: u64| ms <= Millis::MAX.ms();
        (fits(renewed) && fits(idle) && fits(ends)).then(|| Self {
            renewed: Millis::from_ms(renewed),
            idle,
            ends: Millis::from_ms(ends),
        })
    }

    /// `renewed (8) | idle lifetime (8) | ends (8)`, big endian: of two the later end is the
    /// greater in its last eight bytes, compared as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (to, number) in bytes.chunks_exact_mut(8).zip(self.to_numbers()) {
            to.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let mut numbers = [0; 3];
        for (number, from) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
            *number = u64::from_be_bytes(*from.first_chunk()?);
        }
        Self::from_numbers(numbers)
    }
}

/// The times of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Now, by the library's clock: a row that [ends](Times::ends) before is expired.
    pub now: Millis,
    /// For how long, from now on, the engine must keep the row at least. Relative, so that the
    /// engine's clock may show another time; never zero.
    pub keep: Duration,
    /// The session's lifetime itself was set by this write: the record's times count, also when the
    /// row ends later. Else an `update` keeps the later end, so that it does not undo a touch.
    pub may_shorten: bool,
}

impl Lease {
    /// [`keep`](Self::keep) in whole milliseconds, rounded up.
    #[must_use]
    pub fn keep_ms(&self) -> u64 {
        u64::try_from(self.keep.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1)
    }

    /// [`keep`](Self::keep) in whole seconds, rounded up.
    #[must_use]
    pub fn keep_secs(&self) -> u64 {
        self.keep_ms().div_ceil(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let at = Millis::from_ms(1_700_000_000_000);
        Record {
            revision: Revision::from_number(7),
            times: Times::new(at, 60_000, at.plus(60_000)),
            body: vec![0, 255, b'x'],
        }
    }

    #[test]
    fn a_record_comes_back_from_its_bytes() {
        assert_eq!(Record::from_bytes(record().to_bytes()), Some(record()));
    }

    #[test]
    fn what_is_no_record_is_none() {
        let good = record().to_bytes();
        for len in 0..Record::HEAD {
            assert_eq!(Record::from_bytes(good[..len].to_vec()), None, "{len} bytes");
        }
        let mut foreign = good.clone();
        foreign[0] = b'{';
        assert_eq!(Record::from_bytes(foreign), None);
        let mut absurd = good;
        absurd[9] = 1;
        assert_eq!(Record::from_bytes(absurd), None, "a time of more than 48 bits");
    }

    #[test]
    fn a_later_end_compares_greater_as_bytes() {
        let at = |ms| Times::new(Millis::from_ms(0), 1, Millis::from_ms(ms)).to_bytes();
        assert!(at(256)[16..] > at(255)[16..]);
    }

    #[test]
    fn debug_shows_no_body() {
        let text = format!("{:?}", Record { body: b"secret".to_vec(), ..record() });
        assert!(!text.contains("115") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn lifetimes_are_rounded_up() {
        let lease = |keep| Lease { now: Millis::default(), keep, may_shorten: false };
        assert_eq!(lease(Duration::from_micros(1)).keep_ms(), 1);
        assert_eq!(lease(Duration::from_millis(1001)).keep_secs(), 2);
        assert_eq!(lease(Duration::ZERO).keep_ms(), 1);
    }
}

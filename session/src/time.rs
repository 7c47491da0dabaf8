//! Points in time, the clock that tells them, and durations that read as English.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time. The library never asks the operating system itself, so that a test decides what
/// time it is.
///
/// ```
/// use session::Clock;
/// use std::time::{Duration, SystemTime};
///
/// struct Frozen;
///
/// impl Clock for Frozen {
///     fn now(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
///     }
/// }
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time now. It may go backwards: then no session lives longer than it should.
    fn now(&self) -> SystemTime;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A moment: milliseconds since 1970, in 48 bits, which is good until the year 10889.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(u64);

impl Millis {
    /// The last moment.
    pub const MAX: Self = Self((1 << 48) - 1);

    pub(crate) fn of(time: SystemTime) -> Self {
        // A clock before 1970 is a clock at 1970.
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self::from_ms(in_ms(since))
    }

    /// From milliseconds since 1970, at most [`MAX`](Self::MAX).
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        if ms > Self::MAX.0 { Self::MAX } else { Self(ms) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// Saturates at both ends.
    pub(crate) const fn plus(self, ms: u64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The whole milliseconds of a duration, at most `u64::MAX`.
pub(crate) fn in_ms(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(u64::from(duration.subsec_millis()))
}

/// `n` seconds.
#[must_use]
pub const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// `n` minutes, at most `u64::MAX` seconds.
#[must_use]
pub const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(60))
}

/// `n` hours, at most `u64::MAX` seconds.
#[must_use]
pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(3600))
}

/// `n` days of 24 hours, at most `u64::MAX` seconds.
#[must_use]
pub const fn days(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(86_400))
}

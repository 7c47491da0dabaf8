//! How long memcached is told to keep an item.
//!
//! Memcached counts whole seconds by a counter of its own that starts with the process. A number up
//! to 30 days counts from now; a greater one is a point in time, in seconds since 1970 as the server
//! had it when it started. Zero is for ever, less than zero is over already.

use std::time::Duration;

/// The greatest lifetime that counts from now.
const RELATIVE_MAX: u64 = 30 * 24 * 60 * 60;

/// What a point in time is moved back by: our reading of the server's clock is up to an hour old,
/// and two clocks differ.
const MARGIN: u64 = 60 * 60;

/// The `exptime` that counts from now, or `None` if there is none for so long. Zero is over at once;
/// anything else is rounded up, and a second longer, for the server's next second may begin with its
/// next tick.
pub(super) fn relative(keep: Duration) -> Option<i64> {
    if keep.is_zero() {
        return Some(-1);
    }
    let secs = seconds(keep).saturating_add(1);
    (secs <= RELATIVE_MAX).then(|| i64::try_from(secs).ok()).flatten()
}

/// The `exptime` that is a point in time, where the server's clock shows `now`. Memcached reads it
/// as a signed number of 32 bits: what ends later stays until memory runs short.
pub(super) fn absolute(keep: Duration, now: u64) -> i64 {
    let at = now.saturating_add(seconds(keep)).saturating_add(MARGIN);
    i32::try_from(at).unwrap_or(0).into()
}

/// Whole seconds, rounded up.
fn seconds(keep: Duration) -> u64 {
    keep.as_secs().saturating_add(u64::from(keep.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const NOW: u64 = 1_700_000_000;

    fn exptime(keep: Duration) -> i64 {
        relative(keep).unwrap_or_else(|| absolute(keep, NOW))
    }

    #[test]
    fn every_lifetime_is_at_least_what_was_asked_for() {
        let days = |n| Duration::from_secs(n * DAY);
        let second = Duration::from_secs(1);
        let nanosecond = Duration::from_nanos(1);
        let table = [
            (Duration::ZERO, -1),
            (nanosecond, 2),
            (Duration::from_millis(1), 2),
            (Duration::from_millis(999), 2),
            (second, 2),
            (second + nanosecond, 3),
            (days(1), 86_401),
            (days(30) - 2 * second, 2_591_999),
            (days(30) - second, 2_592_000),
            // With the second on top it is over 30 days.
            (days(30) - second + nanosecond, 1_702_595_600),
            (days(30), 1_702_595_600),
            (days(30) + second, 1_702_595_601),
            (days(400), 1_734_563_600),
            // The 19th of January 2038, 03:14:07, is the last that there is; later is for ever.
            (Duration::from_secs(447_483_647 - MARGIN), 2_147_483_647),
            (Duration::from_secs(447_483_648 - MARGIN), 0),
            (Duration::MAX, 0),
        ];
        for (keep, expected) in table {
            assert_eq!(exptime(keep), expected, "{keep:?}");
        }
    }

    #[test]
    fn no_point_in_time_is_read_as_a_lifetime_from_now() {
        // A server whose clock began in 1970.
        assert!(absolute(Duration::from_secs(30 * DAY), 0) > 30 * 24 * 60 * 60);
    }
}

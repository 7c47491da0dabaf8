//! What the library's clock shows, as far as writes told.

use crate::time::Millis;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

const UNKNOWN: i64 = i64::MIN;

/// A smaller difference is not worth a write that all processors see.
const JITTER_MS: i64 = 100;

/// How far the library's clock is ahead of the cache's own. A load is not told what time it is, and
/// must not give a kept row as expired that was extended meanwhile by another process.
pub(super) struct LibraryClock {
    ahead: AtomicI64,
}

impl Default for LibraryClock {
    fn default() -> Self {
        Self { ahead: AtomicI64::new(UNKNOWN) }
    }
}

impl LibraryClock {
    /// The library's clock showed `library_now` when the cache's showed `now`.
    pub(super) fn learn(&self, library_now: Millis, now: u64) {
        let ahead = signed(library_now.ms()).saturating_sub(signed(now));
        let known = self.ahead.load(Relaxed);
        if known == UNKNOWN || known.abs_diff(ahead) > JITTER_MS.unsigned_abs() {
            self.ahead.store(ahead, Relaxed);
        }
    }

    /// Whether a session that ends so may be expired. `false` if nothing is known.
    pub(super) fn is_past(&self, ends: Millis, now: u64) -> bool {
        let ahead = self.ahead.load(Relaxed);
        let library_now = ahead.saturating_add(signed(now)).saturating_add(JITTER_MS);
        ahead != UNKNOWN && signed(ends.ms()) < library_now
    }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

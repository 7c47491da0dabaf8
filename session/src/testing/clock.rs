//! A clock that is set by hand.

use crate::time::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Stands still until it is told otherwise. Clones show the same time. It begins at 1 700 000 000
/// seconds of Unix time, which is 2023-11-14T22:13:20Z.
#[derive(Debug, Clone)]
pub struct ManualClock {
    ms: Arc<AtomicU64>,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { ms: Arc::new(AtomicU64::new(1_700_000_000_000)) }
    }
}

impl ManualClock {
    /// Sets the time, in milliseconds of Unix time.
    pub fn set(&self, ms: u64) {
        self.ms.store(ms, Ordering::SeqCst);
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Moves the time back.
    pub fn rewind(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ms.fetch_sub(ms, Ordering::SeqCst);
    }

    /// The time, in milliseconds of Unix time.
    #[must_use]
    pub fn ms(&self) -> u64 {
        self.ms.load(Ordering::SeqCst)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.ms())
    }
}

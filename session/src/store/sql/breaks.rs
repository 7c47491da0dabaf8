//! What a pool is told of connections that broke.

use std::sync::{Arc, Mutex, PoisonError};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::time::Duration;
use std::time::Instant;

/// Lines to one server don't break in the same moment, and one that is given back to its pool while another
/// breaks looks as if it were used since.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const TOGETHER: Duration = Duration::from_secs(1);

/// When a connection of a pool last broke. Those that were not used since are as suspect: they are
/// asked for a sign of life before they are used, so that one call at most meets a server that was
/// started again, and not one for each connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaks(Arc<Mutex<Option<Instant>>>);

impl Breaks {
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection that was idle for so long may have broken with that one.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn doubt(&self, idle_for: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| broke_too(last.elapsed(), idle_for))
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn broke_too(since: Duration, idle_for: Duration) -> bool {
    since <= idle_for.saturating_add(TOGETHER)
}

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_used_a_while_later_is_well() {
        let (soon, later) = (TOGETHER / 2, TOGETHER * 3);
        assert!(broke_too(soon, Duration::ZERO), "in use while the other broke");
        assert!(broke_too(later, later), "idle since then");
        assert!(broke_too(later, later * 2), "idle since before");
        assert!(!broke_too(later, Duration::ZERO), "used since");
    }

    #[test]
    fn without_a_break_there_is_no_doubt() {
        let breaks = Breaks::default();
        assert!(!breaks.doubt(Duration::MAX));
        breaks.note();
        assert!(breaks.doubt(Duration::ZERO) && breaks.doubt(Duration::MAX));
    }
}

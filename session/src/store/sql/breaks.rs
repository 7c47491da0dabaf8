//! What a pool is told of connections that broke.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// When a connection of a pool last broke. Those that were not used since are as suspect: they are
/// asked for a sign of life before they are used, so that one call at most meets a server that was
/// started again, and not one for each connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaks(Arc<Mutex<Option<Instant>>>);

impl Breaks {
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection that was idle for so long was not used since.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn doubt(&self, idle_for: std::time::Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() <= idle_for)
    }
}

//! How large a cache may become.

use super::{Cache, LibraryClock, Rows, Shared};
use crate::store::shards::{Limits, Now, Shards, system_now};
use crate::time::in_ms;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Makes a [`Cache`]. By default it has at most 100 000 rows in at most 64 MiB.
pub struct CacheBuilder<S> {
    store: S,
    max_stale: Duration,
    limits: Limits,
    /// Tells how old a row is.
    pub(super) now: Now,
}

impl<S> CacheBuilder<S> {
    pub(super) fn new(store: S, max_stale: Duration) -> Self {
        let limits = Limits { rows: 100_000, bytes: 64 << 20 };
        Self { store, max_stale, limits, now: system_now() }
    }

    /// Keeps at most so many rows, at least one.
    #[must_use]
    pub fn max_rows(mut self, rows: usize) -> Self {
        self.limits.rows = rows.max(1);
        self
    }

    /// Keeps at most so many bytes, as [`Cache::bytes`] counts them.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// The cache, empty.
    #[must_use]
    pub fn build(self) -> Cache<S> {
        let kept =
            Rows { shards: Shards::new(self.limits, self.now), max_stale: in_ms(self.max_stale) };
        let clock = LibraryClock::default();
        Cache { shared: Arc::new(Shared { store: self.store, kept, clock }) }
    }
}

impl<S> fmt::Debug for CacheBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("max_stale", &self.max_stale)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

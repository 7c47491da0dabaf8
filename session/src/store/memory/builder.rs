//! How large a memory store may become.

use super::index::Sets;
use super::{Hook, MemoryStore, Shared};
use crate::store::Store;
use crate::store::shards::{Limits, Now, Shards, system_now};
use std::fmt;
use std::sync::Arc;

/// Makes a [`MemoryStore`]. By default it has at most 2 000 000 rows in at most 512 MiB, which is
/// room for a million sessions of 300 bytes, one index entry each.
pub struct MemoryStoreBuilder {
    limits: Limits,
    hooks: Vec<Hook>,
    meant: bool,
    /// Tells what goes away when.
    pub(super) now: Now,
}

impl MemoryStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            limits: Limits { rows: 2_000_000, bytes: 512 << 20 },
            hooks: Vec::new(),
            meant: false,
            now: system_now(),
        }
    }

    /// At most so many rows, at least one: sessions, and the memories of deleted ones. What happens
    /// then: see [`MemoryStore`].
    #[must_use]
    pub fn max_rows(mut self, rows: usize) -> Self {
        self.limits.rows = rows.max(1);
        self
    }

    /// At most so many bytes, as [`MemoryStore::bytes`] counts them.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Runs after each eviction of a session, in the call that needed its room: it should be quick.
    /// It may use the store, but not the session of that call's request, which is locked.
    #[must_use]
    pub fn on_evict(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.push(Arc::new(hook));
        self
    }

    /// Says that sessions are meant to end with this process, and to be in no other: a layer over the
    /// store does not warn of that.
    #[must_use]
    pub fn for_production(mut self) -> Self {
        self.meant = true;
        self
    }

    /// The empty store.
    #[must_use]
    pub fn build(self) -> MemoryStore {
        let store = MemoryStore {
            shared: Arc::new(Shared {
                rows: Shards::new(self.limits, self.now),
                sets: Sets::new(),
                evictions: Default::default(),
                hooks: Default::default(),
                meant: self.meant,
            }),
        };
        self.hooks.into_iter().for_each(|hook| store.on_evict(hook));
        store
    }
}

impl fmt::Debug for MemoryStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStoreBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

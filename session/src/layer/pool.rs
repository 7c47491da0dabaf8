//! Slots that are used again: so a request allocates neither the slot nor the buffers in it.

use crate::data::SessionData;
use crate::life::Slot;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Enough that threads rarely meet.
const SHARDS: usize = 16;
/// Slots kept a shard; more than one is needed only while requests of one thread overlap.
const KEPT: usize = 32;

/// Never waits: where another thread holds a shard, a slot is made anew or let go.
pub(super) struct Pool<T> {
    shards: [Mutex<Vec<Arc<Slot<T>>>>; SHARDS],
}

impl<T: SessionData> Pool<T> {
    pub(super) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    pub(super) fn take(&self) -> Option<Arc<Slot<T>>> {
        self.shards[shard()].try_lock().ok()?.pop()
    }

    /// Takes a slot back, unless somebody still holds it: what a request left behind never meets
    /// another request.
    pub(super) fn give_back(&self, mut slot: Arc<Slot<T>>) {
        let Some(unshared) = Arc::get_mut(&mut slot) else {
            return;
        };
        unshared.recycle();
        if let Ok(mut shard) = self.shards[shard()].try_lock()
            && shard.len() < KEPT
        {
            shard.push(slot);
        }
    }
}

/// The calling thread's shard.
fn shard() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: Cell<Option<usize>> = const { Cell::new(None) };
    }
    SHARD.with(|shard| {
        shard.get().unwrap_or_else(|| {
            let mine = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
            shard.set(Some(mine));
            mine
        })
    })
}

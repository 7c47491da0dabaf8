//! Lives that are used again: so a request allocates neither its session's bookkeeping nor the
//! buffers in it.

use super::slot::Life;
use crate::data::SessionData;
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Enough that threads rarely meet.
const SHARDS: usize = 16;
/// Lives kept a shard; more than one is needed only while requests of one thread overlap.
const KEPT: usize = 32;

/// Never waits: where another thread holds a shard, a life is made anew or let go.
pub(crate) struct Pool<T> {
    shards: [Mutex<Vec<Box<Life<T>>>>; SHARDS],
}

impl<T: SessionData> Pool<T> {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    pub(super) fn take(&self) -> Box<Life<T>> {
        let used = self.shards[shard()].try_lock().ok().and_then(|mut shard| shard.pop());
        used.unwrap_or_default()
    }

    /// Nothing of the request that had it remains in the life but empty buffers.
    pub(super) fn give_back(&self, mut life: Box<Life<T>>) {
        life.reset();
        if let Ok(mut shard) = self.shards[shard()].try_lock()
            && shard.len() < KEPT
        {
            shard.push(life);
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

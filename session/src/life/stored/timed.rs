//! The feature `metrics`: how long the calls of a store take.

use super::Pick;
use crate::store::{
    Answer, Created, Deleted, DynStore, IndexKey, Lease, Loaded, Record, Revision, RowKey, Times,
    Touched, Updated,
};
use metrics::{Key, Label, Level, Metadata, Unit};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NAME: &str = "session_store_call_seconds";
static METADATA: Metadata<'static> = Metadata::new("session", Level::INFO, Some("session"));

impl Pick {
    /// The same stores, timed.
    pub(crate) fn timed(self, schema: &'static str) -> Self {
        metrics::describe_histogram!(
            NAME,
            Unit::Seconds,
            "How long calls of a session store took."
        );
        let keys = Arc::new(Keys::new(schema));
        match self {
            Self::One(store) => Self::One(Arc::new(Timed { store, keys })),
            Self::PerRequest(pick) => Self::PerRequest(Box::new(move |request| {
                Arc::new(Timed { store: pick(request), keys: Arc::clone(&keys) })
            })),
        }
    }
}

/// The histogram's keys, one a call.
struct Keys {
    load: Key,
    create: Key,
    update: Key,
    touch: Key,
    delete: Key,
    index_insert: Key,
    index_remove: Key,
    index_members: Key,
}

impl Keys {
    fn new(schema: &'static str) -> Self {
        let key = |call: &'static str| {
            let labels = [("call", call), ("session", schema)];
            let labels = labels.map(|(name, value)| Label::from_static_parts(name, value));
            Key::from_parts(NAME, labels.to_vec())
        };
        Self {
            load: key("load"),
            create: key("create"),
            update: key("update"),
            touch: key("touch"),
            delete: key("delete"),
            index_insert: key("index_insert"),
            index_remove: key("index_remove"),
            index_members: key("index_members"),
        }
    }
}

/// Runs until it is dropped, so that a call that was given up is recorded too.
struct Stopwatch<'a> {
    key: &'a Key,
    started: Instant,
}

impl Drop for Stopwatch<'_> {
    fn drop(&mut self) {
        let seconds = self.started.elapsed().as_secs_f64();
        metrics::with_recorder(|recorder| {
            recorder.register_histogram(self.key, &METADATA).record(seconds);
        });
    }
}

/// Times what `ask` asks. What waits is boxed once more.
fn timed<'a, R: 'a>(key: &'a Key, ask: impl FnOnce() -> Answer<'a, R>) -> Answer<'a, R> {
    let watch = Stopwatch { key, started: Instant::now() };
    match ask() {
        Answer::Later(call) => Answer::Later(Box::pin(async move {
            let _watch = watch;
            call.await
        })),
        now @ Answer::Now(_) => now,
    }
}

struct Timed {
    store: Arc<dyn DynStore>,
    keys: Arc<Keys>,
}

impl DynStore for Timed {
    fn load<'a>(&'a self, key: &'a RowKey) -> Answer<'a, Loaded> {
        timed(&self.keys.load, || self.store.load(key))
    }

    fn create<'a>(
        &'a self,
        key: &'a RowKey,
        record: &'a Record,
        lease: Lease,
    ) -> Answer<'a, Created> {
        timed(&self.keys.create, || self.store.create(key, record, lease))
    }

    fn update<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        record: &'a Record,
        lease: Lease,
    ) -> Answer<'a, Updated> {
        timed(&self.keys.update, || self.store.update(key, expected, record, lease))
    }

    fn touch<'a>(
        &'a self,
        key: &'a RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Answer<'a, Touched> {
        timed(&self.keys.touch, || self.store.touch(key, expected, times, lease))
    }

    fn delete<'a>(&'a self, key: &'a RowKey, remember: Duration) -> Answer<'a, Deleted> {
        timed(&self.keys.delete, || self.store.delete(key, remember))
    }

    fn index_insert<'a>(
        &'a self,
        index: &'a IndexKey,
        member: &'a RowKey,
        keep: Duration,
    ) -> Answer<'a, ()> {
        timed(&self.keys.index_insert, || self.store.index_insert(index, member, keep))
    }

    fn index_remove<'a>(&'a self, index: &'a IndexKey, member: &'a RowKey) -> Answer<'a, ()> {
        timed(&self.keys.index_remove, || self.store.index_remove(index, member))
    }

    fn index_members<'a>(
        &'a self,
        index: &'a IndexKey,
        after: Option<&'a RowKey>,
        limit: usize,
    ) -> Answer<'a, Vec<RowKey>> {
        timed(&self.keys.index_members, || self.store.index_members(index, after, limit))
    }

    fn on_evict(&self, tell: Arc<dyn Fn() + Send + Sync>) {
        self.store.on_evict(tell);
    }

    fn answers_at_once(&self) -> bool {
        self.store.answers_at_once()
    }

    fn is_volatile(&self) -> bool {
        self.store.is_volatile()
    }
}

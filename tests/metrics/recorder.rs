//! A recorder that keeps what it is told.

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

/// Counters and histograms by their keys.
#[derive(Default)]
pub(crate) struct Heard(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    counters: HashMap<Key, u64>,
    histograms: HashMap<Key, Vec<f64>>,
    described: BTreeSet<String>,
}

impl Heard {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no panic under the lock")
    }

    pub(crate) fn counters(&self) -> HashMap<Key, u64> {
        self.inner().counters.clone()
    }

    pub(crate) fn histograms(&self) -> HashMap<Key, Vec<f64>> {
        self.inner().histograms.clone()
    }

    pub(crate) fn described(&self) -> BTreeSet<String> {
        self.inner().described.clone()
    }

    pub(crate) fn clear(&self) {
        *self.inner() = Inner::default();
    }

    fn of(&self, key: &Key) -> Arc<One> {
        Arc::new(One { all: Arc::clone(&self.0), key: key.clone() })
    }
}

/// One counter or histogram.
struct One {
    all: Arc<Mutex<Inner>>,
    key: Key,
}

impl CounterFn for One {
    fn increment(&self, value: u64) {
        let mut all = self.all.lock().expect("no panic under the lock");
        *all.counters.entry(self.key.clone()).or_default() += value;
    }

    fn absolute(&self, _: u64) {
        unreachable!("these counters only grow");
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        let mut all = self.all.lock().expect("no panic under the lock");
        all.histograms.entry(self.key.clone()).or_default().push(value);
    }
}

impl Recorder for Heard {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        assert_eq!(unit, Some(Unit::Count));
        self.inner().described.insert(key.as_str().to_owned());
    }

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        unreachable!("there is none");
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        assert_eq!(unit, Some(Unit::Seconds));
        self.inner().described.insert(key.as_str().to_owned());
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        unreachable!("there is none");
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.of(key))
    }
}

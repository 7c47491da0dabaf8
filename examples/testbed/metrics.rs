//! `GET /metrics`: what the library counts and times, as Prometheus reads it. An application would take
//! a ready-made recorder; this one shows all that one has to do.

use ::metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// The upper ends of the histogram's buckets, in seconds.
const BUCKETS: [f64; 9] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 1.0, 5.0];

static ALL: LazyLock<Mutex<All>> = LazyLock::new(Mutex::default);

/// By name, then by labels, both as they are shown.
#[derive(Default)]
struct All {
    counters: BTreeMap<String, BTreeMap<String, Arc<Count>>>,
    histograms: BTreeMap<String, BTreeMap<String, Arc<Times>>>,
    help: BTreeMap<String, SharedString>,
}

#[derive(Default)]
struct Count(AtomicU64);

#[derive(Default)]
struct Times(Mutex<Recorded>);

#[derive(Default, Clone)]
struct Recorded {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

/// To be called before the layers are built, so that what they describe is heard.
pub(crate) fn install() -> Result<(), String> {
    ::metrics::set_global_recorder(Recording).map_err(|e| e.to_string())
}

pub(crate) async fn show() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render(&all()))
}

fn all() -> MutexGuard<'static, All> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn render(all: &All) -> String {
    let mut text = String::new();
    let head = |text: &mut String, name: &str, kind: &str| {
        if let Some(help) = all.help.get(name) {
            let _ = writeln!(text, "# HELP {name} {help}");
        }
        let _ = writeln!(text, "# TYPE {name} {kind}");
    };
    for (name, series) in &all.counters {
        head(&mut text, name, "counter");
        for (labels, count) in series {
            let _ = writeln!(text, "{name}{{{labels}}} {}", count.0.load(Ordering::Relaxed));
        }
    }
    for (name, series) in &all.histograms {
        head(&mut text, name, "histogram");
        for (labels, times) in series {
            let Recorded { buckets, count, sum } = times.recorded().clone();
            for (end, in_bucket) in BUCKETS.iter().zip(buckets) {
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{end}\"}} {in_bucket}");
            }
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{name}_sum{{{labels}}} {sum}");
            let _ = writeln!(text, "{name}_count{{{labels}}} {count}");
        }
    }
    text
}

impl Times {
    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl HistogramFn for Times {
    fn record(&self, value: f64) {
        let mut recorded = self.recorded();
        recorded.count += 1;
        recorded.sum += value;
        for (end, in_bucket) in BUCKETS.iter().zip(&mut recorded.buckets) {
            *in_bucket += u64::from(value <= *end);
        }
    }
}

/// Labels as they are shown: names and values are the library's and the program's own, so that nothing
/// needs to be escaped but what could stand in a schema.
fn labels(key: &Key) -> String {
    let label = |label: &::metrics::Label| {
        let value = label.value().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{}=\"{value}\"", label.key())
    };
    key.labels().map(label).collect::<Vec<_>>().join(",")
}

struct Recording;

impl Recorder for Recording {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, help: SharedString) {
        all().help.insert(key.as_str().to_owned(), help);
    }

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, help: SharedString) {
        all().help.insert(key.as_str().to_owned(), help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut all = all();
        let series = all.counters.entry(key.name().to_owned()).or_default();
        Counter::from_arc(Arc::clone(series.entry(labels(key)).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut all = all();
        let series = all.histograms.entry(key.name().to_owned()).or_default();
        Histogram::from_arc(Arc::clone(series.entry(labels(key)).or_default()))
    }
}

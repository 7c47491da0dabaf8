//! The feature `metrics`: a counter for each event.

use super::Event;
use metrics::{Key, Label, Level, Metadata, Unit};

const NAME: &str = "session_events_total";
static METADATA: Metadata<'static> = Metadata::new("session", Level::INFO, Some("session"));

/// The counters of one layer.
pub(crate) struct Counters {
    /// In the order of [`Event::NAMES`]. Made once, so that counting allocates nothing; the counter
    /// itself is looked up each time, as the application may set its recorder after it built the layer.
    keys: Vec<Key>,
}

impl Counters {
    pub(crate) fn new(schema: &'static str) -> Self {
        metrics::describe_counter!(NAME, Unit::Count, "Events of sessions.");
        let key = |event: &'static str| {
            let labels = [("event", event), ("session", schema)];
            let labels = labels.map(|(name, value)| Label::from_static_parts(name, value));
            Key::from_parts(NAME, labels.to_vec())
        };
        Self { keys: Event::NAMES.iter().map(|&event| key(event)).collect() }
    }

    pub(crate) fn count(&self, event: &'static str) {
        let at = Event::NAMES.iter().position(|name| *name == event);
        if let Some(key) = at.and_then(|at| self.keys.get(at)) {
            metrics::with_recorder(|recorder| {
                recorder.register_counter(key, &METADATA).increment(1);
            });
        }
    }
}

//! What `tracing` hears.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The lines of a thread, at any level, of anybody: `LEVEL target field=value ..`.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Vec<String>>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Heard {
    /// The lines of this level since it was last asked; the others are gone, too.
    pub fn take(&self, level: &str) -> Vec<String> {
        let mut lines = std::mem::take(&mut *self.0.lock().expect("sane"));
        lines.retain(|line| line.starts_with(level));
        lines
    }

    /// All lines, which stay.
    pub fn text(&self) -> String {
        self.0.lock().expect("sane").join("\n")
    }
}

impl Subscriber for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = format!("{} {}", event.metadata().level(), event.metadata().target());
        event.record(&mut Line(&mut line));
        self.0.lock().expect("sane").push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

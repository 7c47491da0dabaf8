//! What is traced, line by line.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// As long as there is but one subscriber, a line that another thread says first is asked of that thread's
/// own, which is none, and is then off for all.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// `subscriber` hears what this thread says, until the guard goes.
pub fn hear(subscriber: impl Subscriber + Send + Sync + 'static) -> DefaultGuard {
    LazyLock::force(&SECOND);
    set_default(subscriber)
}

/// A subscriber that keeps every line of any level.
#[derive(Debug, Clone, Default)]
pub struct Traced(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    lines: Vec<Line>,
    /// The names of all spans; an id is a place here, from 1.
    spans: Vec<&'static str>,
    entered: Vec<Id>,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    pub level: Level,
    pub target: &'static str,
    /// The names and values of its fields, in order.
    pub fields: Vec<(&'static str, String)>,
    /// The name of the span that it was said in.
    pub span: Option<&'static str>,
}

impl Line {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| &**value)
    }
}

impl Traced {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no panic under the lock")
    }

    /// The lines since it was last asked.
    #[must_use]
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut self.inner().lines)
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.push((field.name(), value.to_owned()));
    }
}

impl Subscriber for Traced {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut inner = self.inner();
        inner.spans.push(span.metadata().name());
        Id::from_u64(inner.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut inner = self.inner();
        let span = inner.entered.last().map(|id| inner.spans[id.into_u64() as usize - 1]);
        let metadata = event.metadata();
        let (level, target) = (*metadata.level(), metadata.target());
        let mut line = Line { level, target, fields: Vec::new(), span };
        event.record(&mut line);
        inner.lines.push(line);
    }

    fn enter(&self, id: &Id) {
        self.inner().entered.push(id.clone());
    }

    fn exit(&self, id: &Id) {
        self.inner().entered.retain(|entered| entered != id);
    }
}

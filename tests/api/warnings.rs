//! What a layer says once, when it is built.

use crate::support::*;
use session::store::MemoryStore;
use session::{SessionBuilder, SessionLayer};
use std::fmt;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit as Fields};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The messages of the warnings so far.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Message<'a>(&'a mut String);

impl Fields for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            *self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if *event.metadata().level() == Level::WARN {
            let mut message = String::new();
            event.record(&mut Message(&mut message));
            self.0.lock().expect("sane").push(message);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What building a layer says, and using it: both say no more.
fn said<M: session::MergeAccepted<Visit>>(builder: SessionBuilder<Visit, M>) -> Vec<String> {
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || {
        let layer = builder.build().expect("good options");
        let before = warnings.0.lock().expect("sane").len();
        for _ in 0..10 {
            first_cookie(&layer.clone());
        }
        assert_eq!(warnings.0.lock().expect("sane").len(), before, "once, when it is built");
    });
    std::mem::take(&mut *warnings.0.lock().expect("sane"))
}

// Fails when a layer that is easily forgotten to be unsafe says nothing, or says it with every request; or
// when one with the defaults warns.
#[test]
fn a_21_an_unsafe_layer_warns_once_when_it_is_built() {
    const SECURE: &str = "the session cookie is not Secure: for development only";
    const HTTP_ONLY: &str =
        "the session cookie is not HttpOnly: every script of the page can read it";
    assert!(said(builder()).is_empty());
    assert_eq!(said(builder().insecure_for_development()), [SECURE]);
    assert_eq!(said(builder().http_only(false)), [HTTP_ONLY]);
    assert_eq!(said(builder().http_only(false).insecure_for_development()), [SECURE, HTTP_ONLY]);
    let stored = || SessionLayer::<Visit>::stored(MemoryStore::default());
    assert_eq!(said(stored().http_only(false)).len(), 1 + usize::from(!cfg!(debug_assertions)));
}

// Fails when sessions that end with the process are not told of in a build without debug assertions, or in one
// with them; or although it is meant.
#[test]
fn a_21_sessions_in_memory_warn_in_production() {
    let expected = usize::from(!cfg!(debug_assertions));
    let warnings = said(SessionLayer::<Visit>::stored(MemoryStore::default()));
    assert_eq!(warnings.len(), expected, "{warnings:?}");
    let meant = MemoryStore::builder().for_production().build();
    assert!(said(SessionLayer::<Visit>::stored(meant)).is_empty());
}

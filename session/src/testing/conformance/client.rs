//! A client of the rows, and what it is asked, in words.

use super::report::Failure;
use crate::store::{
    Created, Deleted, DynStore, IndexKey, Lease, Loaded, Record, Revision, RowKey, StoreError,
    Times, Touched, Updated,
};
use std::sync::Arc;
use std::time::Duration;

/// What a check finds: nothing to say, or a broken rule.
pub(super) type Verdict<T = ()> = Result<T, Failure>;

/// One of the two clients.
#[derive(Clone)]
pub(super) struct Client(Arc<dyn DynStore>);

impl Client {
    pub(super) fn new(store: Arc<dyn DynStore>) -> Self {
        Self(store)
    }

    pub(super) async fn load(&self, key: &RowKey) -> Verdict<Loaded> {
        answered("load", self.0.load(key).wait().await)
    }

    pub(super) async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Verdict<Created> {
        answered("create", self.0.create(key, record, lease).wait().await)
    }

    pub(super) async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Verdict<Updated> {
        answered("update", self.0.update(key, expected, record, lease).wait().await)
    }

    pub(super) async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Verdict<Touched> {
        answered("touch", self.0.touch(key, expected, times, lease).wait().await)
    }

    pub(super) async fn delete(&self, key: &RowKey, remember: Duration) -> Verdict<Deleted> {
        answered("delete", self.0.delete(key, remember).wait().await)
    }

    pub(super) async fn insert(&self, set: &IndexKey, member: &RowKey, keep: Duration) -> Verdict {
        answered("index_insert", self.0.index_insert(set, member, keep).wait().await)
    }

    pub(super) async fn remove(&self, set: &IndexKey, member: &RowKey) -> Verdict {
        answered("index_remove", self.0.index_remove(set, member).wait().await)
    }

    pub(super) async fn members(
        &self,
        set: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Verdict<Vec<RowKey>> {
        answered("index_members", self.0.index_members(set, after, limit).wait().await)
    }
}

fn answered<T>(call: &str, result: Result<T, StoreError>) -> Verdict<T> {
    result.map_err(|error| {
        let mut seen = format!("the error: {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            seen += &format!(": {cause}");
            source = cause.source();
        }
        Failure { expected: format!("an answer to `{call}`"), seen }
    })
}

/// `seen` must be `expected`; `when` says what was done before.
pub(super) fn same<T: Show + PartialEq>(when: &str, seen: &T, expected: &T) -> Verdict {
    if seen == expected { Ok(()) } else { broken(when, &expected.show(), &seen.show()) }
}

/// `holds` must be true: `expected` in words, and what was seen instead.
pub(super) fn must(holds: bool, when: &str, expected: &str, seen: &dyn Show) -> Verdict {
    if holds { Ok(()) } else { broken(when, expected, &seen.show()) }
}

/// A broken rule; `when` says what was done before.
pub(super) fn broken<T>(when: &str, expected: &str, seen: &str) -> Verdict<T> {
    Err(Failure { expected: format!("{when}: {expected}"), seen: seen.to_owned() })
}

/// The row must be there; `when` says what was done before.
pub(super) fn row(when: &str, seen: Loaded) -> Verdict<Record> {
    match seen {
        Loaded::Record(record) => Ok(record),
        Loaded::Ended | Loaded::Nothing => broken(when, "a row", &seen.show()),
    }
}

/// For reports: unlike `Debug`, with the beginning of the body, which is the suite's own here.
pub(super) trait Show {
    fn show(&self) -> String;
}

impl Show for Record {
    fn show(&self) -> String {
        let [renewed, idle, ends] = self.times.to_numbers();
        let (len, start) = (self.body.len(), &self.body[..self.body.len().min(40)]);
        let revision = self.revision.number();
        format!(
            "revision {revision}, times {renewed} {idle} {ends}, {len} bytes \"{}\"",
            start.escape_ascii()
        )
    }
}

impl Show for Loaded {
    fn show(&self) -> String {
        match self {
            Self::Record(record) => format!("Record({})", record.show()),
            Self::Ended => "Ended".to_owned(),
            Self::Nothing => "Nothing".to_owned(),
        }
    }
}

impl Show for Updated {
    fn show(&self) -> String {
        match self {
            Self::Conflict(Some(record)) => format!("Conflict({})", record.show()),
            Self::Conflict(None) => "Conflict".to_owned(),
            Self::Applied => "Applied".to_owned(),
            Self::Ended => "Ended".to_owned(),
        }
    }
}

macro_rules! show_as_debug {
    ($($answer:ty),*) => { $(
        impl Show for $answer {
            fn show(&self) -> String { format!("{self:?}") }
        }
    )* };
}

show_as_debug!(Created, Touched, Deleted, bool, usize, u64, Vec<RowKey>, String);

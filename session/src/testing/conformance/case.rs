//! What a check works with: two clients, keys that nobody else uses, and shorthands for records.

use super::client::Client;
use super::random::Random;
use crate::store::{IndexKey, Lease, Record, Revision, RowKey, Times};
use crate::time::Millis;
use std::time::Duration;

/// Longer than any run.
pub(super) const LONG: Duration = Duration::from_secs(600);

/// How long the session of most checks lives, in milliseconds.
pub(super) const LIFE: u64 = 60_000;

/// The times of a check count from here, so that they are short to read: 2001-09-09.
const BEGIN: u64 = 1_000_000_000_000;

/// What one check works with.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) one: Client,
    pub(super) two: Client,
    pub(super) random: Random,
    pub(super) scale: Scale,
    /// Says which row keys nobody else uses: new in each run, so that a run may follow another one
    /// on the same rows.
    keys: Random,
}

/// What the store's owner says about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) tasks: usize,
    pub(super) largest_body: usize,
    /// A lifetime that the engine can count.
    pub(super) short: Duration,
    /// Counted from the call that set it: a lifetime of [`short`](Self::short) is over by then.
    pub(super) past_short: Duration,
}

impl Case {
    pub(super) fn new(clients: [Client; 2], name: &str, run: [u64; 2], scale: Scale) -> Self {
        let [seed, nonce] = run;
        let [one, two] = clients;
        let random = Random::of(seed, name);
        Self { one, two, random, scale, keys: Random::of(nonce, name) }
    }

    /// One of the two in turn.
    pub(super) fn client(&self, turn: usize) -> Client {
        if turn.is_multiple_of(2) { self.one.clone() } else { self.two.clone() }
    }

    /// A key that nobody has used.
    pub(super) fn key(&mut self) -> RowKey {
        RowKey::from_bytes(self.keys.bytes())
    }

    /// The key of an index that nobody has used.
    pub(super) fn set(&mut self) -> IndexKey {
        IndexKey::from_bytes(self.keys.bytes())
    }

    /// A row that was just created.
    pub(super) async fn row(&mut self, record: &Record) -> super::client::Verdict<RowKey> {
        let key = self.key();
        let created = self.one.create(&key, record, lease()).await?;
        super::client::same("create of a new row", &created, &crate::store::Created::Created)?;
        Ok(key)
    }
}

/// A moment after the beginning of the checks' time.
pub(super) fn at(ms: u64) -> Millis {
    Millis::from_ms(BEGIN + ms)
}

/// Times that end then. Each end has other times beside it, so that a mixture is seen.
pub(super) fn times(ends: u64) -> Times {
    Times::new(at(ends / 10), ends / 3 + 1, at(ends))
}

/// Of the first revision, living for [`LIFE`].
pub(super) fn first(body: impl Into<Vec<u8>>) -> Record {
    record(1, LIFE, body)
}

/// A record of this revision, that ends then.
pub(super) fn record(revision: u64, ends: u64, body: impl Into<Vec<u8>>) -> Record {
    Record { revision: Revision::from_number(revision), times: times(ends), body: body.into() }
}

/// At the beginning of the checks' time, for longer than any run.
pub(super) fn lease() -> Lease {
    Lease { now: at(0), keep: LONG, may_shorten: false }
}

/// The same, at this moment.
pub(super) fn lease_at(ms: u64) -> Lease {
    Lease { now: at(ms), ..lease() }
}

/// The same, for this time only.
pub(super) fn lease_for(keep: Duration) -> Lease {
    Lease { keep, ..lease() }
}

/// The same, of a write that set the lifetime itself.
pub(super) fn lease_shortening() -> Lease {
    Lease { may_shorten: true, ..lease() }
}

//! Records as columns.

use super::engine::Columns;
use super::text::Values;
use crate::store::{Lease, Loaded, Record, Revision, RowKey, StoreError, StoreErrorKind, Times};
use crate::time::{Millis, in_ms};
use std::time::Duration;

impl Columns {
    /// The record that was looked for.
    pub(super) fn loaded(self, key: &RowKey) -> Result<Loaded, StoreError> {
        if self.row_key != key.as_bytes() {
            return Err(StoreError::of(StoreErrorKind::MixedUp));
        }
        if self.ended {
            return Ok(Loaded::Ended);
        }
        let number = |column: i64| u64::try_from(column).map_err(|_| StoreError::corrupt());
        let [renewed, idle, ends] = self.times;
        let times = [number(renewed)?, number(idle)?, number(ends)?];
        Ok(Loaded::Record(Record {
            revision: Revision::from_number(number(self.revision)?),
            times: Times::from_numbers(times).ok_or_else(StoreError::corrupt)?,
            body: self.body,
        }))
    }
}

impl<'a> Values<'a> {
    pub(super) fn of_key(key: &'a RowKey) -> Self {
        Self { key: key.as_bytes(), ..Self::default() }
    }

    pub(super) fn record(self, record: &'a Record) -> Self {
        Self { revision: revision(record.revision), body: &record.body, ..self }.times(record.times)
    }

    pub(super) fn times(self, times: Times) -> Self {
        Self { times: times.to_numbers().map(number), ..self }
    }

    pub(super) fn expected(self, expected: Revision) -> Self {
        Self { expected: revision(expected), ..self }
    }

    pub(super) fn lease(self, lease: Lease) -> Self {
        let keep = number(lease.keep_ms());
        Self { now: number(lease.now.ms()), may_shorten: lease.may_shorten, ..self }.kept(keep)
    }

    /// For index entries.
    pub(super) fn keep(self, keep: Duration) -> Self {
        let lease = Lease { now: Millis::default(), keep, may_shorten: false };
        self.kept(number(lease.keep_ms()))
    }

    /// For what is ended: as long as asked, by the millisecond. Nothing is asked with zero: then the
    /// time is over at once.
    pub(super) fn remember(self, remember: Duration) -> Self {
        let lead = if remember.is_zero() { -1 } else { number(in_ms(remember)) };
        Self { lead, grain: 1, ..self }
    }

    /// Rounded up to a power of two of milliseconds that is a 32nd of `keep` or less, so that most
    /// changes of a session leave `collect_at` as it is, and with it the index on the column.
    fn kept(self, keep: i64) -> Self {
        let grain = 1 << (keep / 32).max(1).ilog2();
        Self { lead: keep + grain - 1, grain, ..self }
    }
}

/// Times have 48 bits; a longer duration is as good as for ever.
fn number(ms: u64) -> i64 {
    ms.min(Millis::MAX.ms()).cast_signed()
}

/// Revisions have 63 bits.
fn revision(revision: Revision) -> i64 {
    i64::try_from(revision.number()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        let body = b"body".to_vec();
        Columns { row_key: vec![7; 32], ended: false, revision: 3, times: [1, 2, 3], body }
    }

    #[test]
    fn columns_become_a_record() {
        let key = RowKey::from_bytes([7; 32]);
        let times = Times::new(Millis::from_ms(1), 2, Millis::from_ms(3));
        let record = Record { revision: Revision::from_number(3), times, body: b"body".to_vec() };
        assert_eq!(columns().loaded(&key).unwrap(), Loaded::Record(record));
        let ended = Columns { ended: true, ..columns() };
        assert_eq!(ended.loaded(&key).unwrap(), Loaded::Ended);
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        let key = RowKey::from_bytes([7; 32]);
        let kind = |columns: Columns| columns.loaded(&key).unwrap_err().kind();
        assert_eq!(kind(Columns { revision: -1, ..columns() }), StoreErrorKind::Corrupt);
        assert_eq!(kind(Columns { times: [1, 2, -3], ..columns() }), StoreErrorKind::Corrupt);
        assert_eq!(kind(Columns { times: [1 << 48, 2, 3], ..columns() }), StoreErrorKind::Corrupt);
        assert_eq!(kind(Columns { row_key: vec![8; 32], ..columns() }), StoreErrorKind::MixedUp);
    }

    #[test]
    fn rows_are_kept_at_least_as_long_as_asked_and_little_longer() {
        for keep in [1, 31, 32, 33, 1000, 86_400_000, u64::MAX] {
            let lease = Lease {
                now: Millis::default(),
                keep: Duration::from_millis(keep),
                may_shorten: false,
            };
            let values = Values::default().lease(lease);
            let keep = keep.min(Millis::MAX.ms()).cast_signed();
            for clock in [0, 1, 1_700_000_000_123] {
                let until = clock + values.lead - (clock + values.lead) % values.grain;
                assert!(until >= clock + keep, "{keep} at {clock}");
                assert!(until <= clock + keep + keep / 32 + 1, "{keep} at {clock}");
            }
        }
    }
}

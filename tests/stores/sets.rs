//! The sets of the reference store.

use crate::faults::Fault::*;
use crate::reference::Reference;
use session::Millis;
use session::store::{IndexKey, IndexedStore, Lease, Record, Revision, RowKey, StoreError, Times};
use std::time::{Duration, Instant};

impl IndexedStore for Reference {
    async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let until = Instant::now() + keep;
        let before = self.rows().sets.get(index).cloned();
        let late = self.gap(&[IndexRaces]).await;
        let mut rows = self.rows();
        let set = if late { before } else { rows.sets.get(index).cloned() };
        if set.as_ref().is_some_and(Vec::is_empty) && self.has(IndexStaysEmpty) {
            return Ok(());
        }
        let mut set = set.unwrap_or_default();
        match set.iter_mut().find(|(key, _)| key == member && !self.has(IndexTwice)) {
            Some((_, kept)) if self.has(IndexKeepsLess) => *kept = until,
            Some((_, kept)) => *kept = until.max(*kept),
            None => set.push((*member, until)),
        }
        if self.has(IndexKeepsLast) {
            set.iter_mut().for_each(|(_, kept)| *kept = until);
        }
        rows.sets.insert(*index, set);
        if self.has(IndexIsARow) {
            let times = Times::new(Millis::from_ms(0), 0, Millis::MAX);
            let record = Record { revision: Revision::FIRST, times, body: Vec::new() };
            let lease = Lease { now: Millis::from_ms(0), keep, may_shorten: false };
            let kept = rows.asked(&lease);
            rows.put(&RowKey::from_bytes(*index.as_bytes()), crate::rows::Row::new(record, kept));
        }
        Ok(())
    }

    async fn index_remove(&self, index: &IndexKey, member: &RowKey) -> Result<(), StoreError> {
        let every = self.has(IndexRemovesAll);
        for (key, set) in &mut self.rows().sets {
            if key == index || every {
                set.retain(|(key, _)| key != member);
            }
        }
        Ok(())
    }

    async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        let rows = self.rows();
        let live = rows.sets.get(index).into_iter().flatten();
        let mut members: Vec<RowKey> =
            live.filter(|(_, kept)| Instant::now() < *kept).map(|(key, _)| *key).collect();
        let signed = |key: &RowKey| key.as_bytes().map(|byte| byte as i8);
        match () {
            () if self.has(IndexUnsorted) => {}
            () if self.has(IndexSigned) => members.sort_by_key(signed),
            () => members.sort(),
        }
        members.retain(|key| {
            after.is_none_or(|after| match () {
                () if self.has(IndexIncludesAfter) => key >= after,
                () if self.has(IndexSigned) => signed(key) > signed(after),
                () => key > after,
            })
        });
        members.truncate(if self.has(IndexUnlimited) { usize::MAX } else { limit });
        Ok(members)
    }
}

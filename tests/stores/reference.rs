//! A store that keeps the contract, or breaks one rule of it.

use crate::faults::Fault::{self, *};
use crate::rows::{Row, Rows, Slot, mixed};
use session::store::{
    CompareAndSet, Created, Deleted, Indexed, Lease, Loaded, Record, Revision, RowKey, Store,
    StoreError, Times, Touched, Updated,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::task::yield_now;

/// One client of rows in memory.
#[derive(Debug, Default)]
pub struct Reference {
    fault: Option<Fault>,
    rows: Arc<Mutex<Rows>>,
    /// Of this client only.
    own: tokio::sync::Mutex<()>,
    /// Answers that are on their way to this client.
    pipe: tokio::sync::Mutex<VecDeque<Loaded>>,
}

impl Reference {
    /// Two clients of the same rows.
    pub fn pair(fault: Option<Fault>) -> [Self; 2] {
        let rows = Arc::new(Mutex::new(Rows::new(fault)));
        [(); 2].map(|()| Self { fault, rows: Arc::clone(&rows), ..Self::default() })
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().expect("no panic under the lock")
    }

    /// Lets others come between, with one of these faults.
    pub async fn gap(&self, faults: &[Fault]) -> bool {
        let gap = self.fault.is_some_and(|fault| faults.contains(&fault));
        if gap {
            yield_now().await;
        }
        gap
    }

    fn loaded(&self, key: &RowKey) -> Loaded {
        let rows = self.rows();
        match rows.slot(key) {
            Some(Slot::There(row))
                if self.has(LoadHidesExpired) && rows.looks_expired(key, &row) =>
            {
                Loaded::Nothing
            }
            Some(Slot::There(row)) => Loaded::Record(row.record),
            Some(Slot::Ended { .. }) => Loaded::Ended,
            None => Loaded::Nothing,
        }
    }
}

impl Store for Reference {
    type Writes = CompareAndSet;
    type Index = Indexed;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        if self.has(AnswersStay) {
            let mut pipe = self.pipe.lock().await;
            pipe.push_back(self.loaded(key));
            yield_now().await;
            return Ok(pipe.pop_front().expect("pushed above"));
        }
        Ok(self.loaded(key))
    }

    async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        let before = self.rows().slot(key);
        let late = self.gap(&[CreateRaces]).await;
        {
            let mut rows = self.rows();
            rows.told(key, &lease);
            let taken = match if late { before } else { rows.slot(key) } {
                Some(Slot::There(row)) if row.lives(&lease) => !self.has(CreateOverwritesLive),
                Some(Slot::There(_)) => !self.has(CreateOverwritesExpired),
                Some(Slot::Ended { .. }) => !self.has(CreateOverwritesEnded),
                None => false,
            };
            if taken {
                rows.refused(key, &lease);
                return Ok(Created::Taken);
            }
            let mut row = Row::new(record.clone(), rows.asked(&lease));
            if self.has(CreateForgetsTimes) {
                let [renewed, _, ends] = record.times.to_numbers();
                row.record.times = Times::from_numbers([renewed, 0, ends]).expect("as before");
            }
            if self.has(CreateInTwoSteps) {
                row.record.body.clear();
            }
            rows.put(key, row);
        }
        if self.gap(&[CreateInTwoSteps]).await {
            let mut rows = self.rows();
            if let Some(row) = rows.row(key) {
                rows.put(key, Row { record: record.clone(), ..row });
            }
        }
        Ok(Created::Created)
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let faults = [UpdateCreates, UpdateRevivesEnded];
        let _own = if self.has(LockPerClient) { Some(self.own.lock().await) } else { None };
        let before = self.rows().judged(key, record, faults);
        self.gap(&[UpdateRaces, LockPerClient, UpdateMeetsDelete, UpdateMeetsTouch]).await;
        let written = {
            let mut rows = self.rows();
            rows.told(key, &lease);
            let now = rows.judged(key, record, faults);
            let judged = match self.fault {
                Some(UpdateRaces | LockPerClient) => before.clone(),
                Some(UpdateMeetsDelete) => now.or_else(|| before.clone()),
                _ => now,
            };
            let Some(row) = judged.filter(|row| match self.fault {
                Some(UpdateRevivesExpired) => true,
                Some(UpdateEndsEarly) => row.record.times.ends() > lease.now,
                _ => row.lives(&lease),
            }) else {
                rows.refused(key, &lease);
                return Ok(Updated::Ended);
            };
            let revision = row.record.revision;
            let fits = match self.fault {
                Some(UpdateIgnoresRevision) => true,
                Some(UpdateComparesHalf) => revision.number() as u32 == expected.number() as u32,
                _ => revision == expected || row.kept <= Instant::now(),
            };
            if !fits {
                rows.refused(key, &lease);
                let offer = self.has(ConflictGivesOffer).then(|| record.clone());
                return Ok(Updated::Conflict(Some(offer.unwrap_or(row.record))));
            }
            let times = match (self.fault, before) {
                (Some(UpdateUndoesTouch), _) => record.times,
                (Some(UpdateMixesTimes), _) if !lease.may_shorten => {
                    mixed(row.record.times, record.times)
                }
                (Some(UpdateMeetsTouch), Some(before)) if !lease.may_shorten => {
                    before.record.times.later(record.times)
                }
                (Some(UpdateNeverShortens), _) => row.record.times.later(record.times),
                (Some(TouchedNeverShortens), _) if row.touched => {
                    row.record.times.later(record.times)
                }
                _ if lease.may_shorten => record.times,
                _ => row.record.times.later(record.times),
            };
            let kept = rows.keep(row.kept, &lease, UpdateLeavesKeep);
            let mut next = Row { record: Record { times, ..record.clone() }, kept, ..row.clone() };
            if self.has(UpdateKeepsBody) {
                next.record.body = row.record.body.clone();
            }
            match self.fault {
                Some(UpdateInTwoSteps) => {
                    let body = record.body.clone();
                    rows.put(key, Row { record: Record { body, ..row.record.clone() }, ..row });
                }
                Some(UpdateIsLate) => {}
                _ => rows.put(key, next.clone()),
            }
            next
        };
        if self.gap(&[UpdateInTwoSteps]).await {
            self.rows().put(key, written);
        } else if self.has(UpdateIsLate) {
            let (rows, key) = (Arc::clone(&self.rows), *key);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                rows.lock().expect("no panic under the lock").put(&key, written);
            });
        }
        Ok(Updated::Applied)
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        let made = Record { revision: expected, times, body: Vec::new() };
        let faults = [TouchCreates, TouchRevivesEnded];
        let before = self.rows().judged(key, &made, faults);
        self.gap(&[TouchWritesRow, TouchMeetsDelete, TouchMeetsTouch]).await;
        let mut rows = self.rows();
        rows.told(key, &lease);
        let now = rows.judged(key, &made, faults);
        let judged = match (self.fault, &before, &now) {
            (Some(TouchWritesRow), Some(_), Some(_)) => before,
            (Some(TouchMeetsDelete), _, None) => before,
            (Some(TouchMeetsTouch), Some(before), Some(now))
                if before.record.revision == now.record.revision =>
            {
                Some(before.clone())
            }
            _ => now,
        };
        let later = |row: &Row| row.record.times.ends() < times.ends();
        let Some(mut row) = judged.filter(|row| {
            let made = self.has(TouchCreates) || self.has(TouchRevivesEnded);
            let lives = match self.fault {
                Some(TouchRevivesExpired) => true,
                Some(TouchEndsEarly) => row.record.times.ends() > lease.now,
                _ => row.lives(&lease),
            };
            let fits = row.record.revision == expected || self.has(TouchIgnoresRevision);
            let made = made && row.record == Record { revision: expected, times, body: Vec::new() };
            fits && lives && (later(row) || made || self.has(TouchShortens))
        }) else {
            rows.refused(key, &lease);
            return Ok(Touched::Nothing);
        };
        if self.has(TouchDoesNothing) {
            return Ok(Touched::Touched);
        }
        row.kept = rows.keep(row.kept, &lease, TouchLeavesKeep);
        row.record.times = times;
        row.touched = true;
        if self.has(TouchCounts) {
            row.record.revision = row.record.revision.next();
        }
        rows.put(key, row);
        Ok(Touched::Touched)
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        let before = self.rows().slot(key);
        let late = self.gap(&[DeleteRaces]).await;
        let mut rows = self.rows();
        let now = rows.slot(key);
        match if late { before } else { now } {
            Some(Slot::There(row)) => {
                let new = row.record.revision == Revision::FIRST;
                if self.has(DeleteSparesExpired) && rows.looks_expired(key, &row)
                    || self.has(DeleteComparesRevision) && !new
                {
                    return Ok(Deleted::Gone);
                }
                rows.end(key, remember);
                if self.has(DeleteForgets) {
                    rows.remove(key);
                }
                Ok(Deleted::Deleted)
            }
            Some(Slot::Ended { .. }) => {
                if self.has(DeleteAgainRemembers) {
                    rows.end(key, remember);
                }
                Ok(Deleted::Gone)
            }
            None => {
                if self.has(DeleteMarksNothing) {
                    rows.end(key, remember);
                }
                Ok(Deleted::Gone)
            }
        }
    }
}

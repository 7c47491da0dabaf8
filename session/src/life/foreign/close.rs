//! Closing: writing what another library reads.

use super::{Foreign, ForeignHome};
use crate::data::SessionData;
use crate::data::diff::largest_field;
use crate::error::{BoxError, CommitError};
use crate::event::Event;
use crate::life::close::{Asking, Closing};
use crate::life::decide::{Origin, Outcome, Plan, Policy, Seal, Times};
use crate::life::engine::{Engine, Home};
use crate::life::slot::{Life, Pending, Slot};
use crate::seal::Envelope;
use crate::store::{StoreError, StoreErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// A write that is due, and what is told when it is done.
pub(crate) struct Work {
    put: Option<Put>,
    plan: Plan,
    /// Why nothing is written, while what was ended is still carried out.
    failed: Option<CommitError>,
}

struct Put {
    how: Seal,
    envelope: Envelope,
    text: Vec<u8>,
    /// The row's, and whether the client knows it already.
    id: Option<(Box<str>, bool)>,
    left: Duration,
    max_age: Option<u64>,
    fields: Vec<&'static str>,
}

impl<T: SessionData> Life<T> {
    pub(in crate::life) fn begin_close_foreign(
        &mut self,
        engine: &Engine<T>,
        home: &ForeignHome,
        outcome: Outcome,
    ) -> Closing {
        self.held.their_undelivered.clear();
        let replaced = std::mem::take(&mut self.held.their_before);
        self.held.their_ended.extend(replaced);
        let work = self.work(engine, home, outcome, engine.policy).or_else(|error| {
            // Ending a session is stronger than failing (rule 11).
            let policy = Policy { commit_on_server_error: false, ..engine.policy };
            let work = self.work(engine, home, Outcome::ServerError, policy);
            match work {
                Ok(work) => Ok(Work { failed: Some(error), ..work }),
                Err(_) => Err(error),
            }
        });
        match work {
            Ok(Work { put: None, failed, .. }) if self.held.their_ended.is_empty() => {
                Closing::Done(failed.map_or(Ok(()), Err))
            }
            Ok(work) => Closing::Ask(Asking::Foreign(Box::new(work))),
            Err(error) => Closing::Done(Err(error)),
        }
    }

    fn work(
        &mut self,
        engine: &Engine<T>,
        home: &ForeignHome,
        outcome: Outcome,
        policy: Policy,
    ) -> Result<Work, CommitError> {
        self.prepared = false;
        if self.held.outage {
            return if self.destroyed {
                Err(CommitError::Store(StoreError::of(StoreErrorKind::Unavailable)))
            } else {
                Ok(Work { put: None, plan: Plan::Nothing, failed: None })
            };
        }
        let (plan, mut examined) = self.plan(engine, outcome, policy)?;
        let put = match plan {
            Plan::Nothing | Plan::Refuse => None,
            Plan::Remove { ended } => {
                let id = self.held.their_id.take().filter(|_| ended);
                self.held.their_ended.extend(id);
                self.remove(engine, ended);
                None
            }
            Plan::Seal(how) => {
                let fields = std::mem::take(&mut examined.changed);
                let mut envelope =
                    self.next_envelope(engine, how, examined.another_user, self.opened_at);
                if how.fresh {
                    envelope.payload_version = T::OPTIONS.version;
                }
                Some(self.put(engine, &*home.foreign, how, envelope, fields)?)
            }
        };
        Ok(Work { put, plan, failed: None })
    }

    fn put(
        &self,
        engine: &Engine<T>,
        foreign: &dyn Foreign,
        how: Seal,
        envelope: Envelope,
        fields: Vec<&'static str>,
    ) -> Result<Put, CommitError> {
        let payload = if how.fresh { &self.payload } else { self.shared.loaded() };
        let ends = engine.lifetimes.end(&envelope);
        let text = foreign.text(payload.bytes(), &envelope, ends, self.held.their_aside.as_deref());
        let id = match foreign.rows() {
            None => {
                let (bytes, limit) = foreign.room(&text);
                if bytes > limit {
                    let newest = self.shared.newest();
                    let largest =
                        newest.and_then(|state| largest_field(&*engine.coder, state, payload));
                    let (field, field_bytes) = largest.unzip();
                    engine.emit(&Event::TooLarge { field, bytes, limit });
                    let field_bytes = field_bytes.unwrap_or(0);
                    return Err(CommitError::TooLarge { field, field_bytes, bytes, limit });
                }
                None
            }
            Some(rows) => match &self.held.their_id {
                Some(id) if how.times == Times::Keep => Some((id.clone(), true)),
                _ => {
                    let id = rows.new_id().map_err(|e| CommitError::Id(BoxError::from(e)))?;
                    Some((id, false))
                }
            },
        };
        Ok(Put {
            how,
            text,
            id,
            left: Duration::from_millis(ends.since(self.opened_at)),
            max_age: engine.lifetimes.cookie_max_age(&envelope, self.opened_at),
            envelope,
            fields,
        })
    }

    /// What follows from a write that was carried out.
    fn their_write_is_done(&mut self, engine: &Engine<T>, put: Put) {
        let turned = self.origin == Origin::Loaded && put.how.times != Times::Keep;
        let known = put.id.as_ref().is_some_and(|(_, known)| *known);
        let moved = put.how.extend || self.lifetime_set.is_some() || self.old_key;
        if !known || moved {
            self.token.clear();
            match &put.id {
                Some((id, _)) => self.token.extend_from_slice(id.as_bytes()),
                None => self.token.extend_from_slice(&put.text),
            }
            self.pending = Pending::Token { max_age: put.max_age };
        }
        if let Some((id, false)) = put.id {
            let before = self.held.their_id.replace(id.clone());
            if self.closed {
                self.held.their_ended.extend(before);
            } else {
                self.held.their_undelivered.push(id);
                self.held.their_before.extend(before);
            }
        }
        self.report_written(engine, put.how, &put.fields, turned);
        self.envelope = Some(put.envelope);
    }
}

impl<T> Life<T> {
    /// There is no response: the ids that `commit()` gave are nobody's, and those before hold, unless
    /// the session was ended.
    pub(in crate::life) fn take_back_ids(&mut self) {
        if self.held.their_undelivered.is_empty() {
            return;
        }
        let mut gone = std::mem::take(&mut self.held.their_undelivered);
        let before = std::mem::take(&mut self.held.their_before);
        if self.destroyed {
            gone.extend(before);
        }
        self.held.their_ended.extend(gone);
    }
}

impl<T: SessionData> Slot<T> {
    /// Finishes what `begin_close` began.
    pub(in crate::life) async fn close_foreign(
        self: &Arc<Self>,
        work: &mut Work,
    ) -> Result<(), CommitError> {
        let Home::Foreign(home) = &self.engine().home else {
            return Ok(());
        };
        let written = match work.put.take() {
            Some(put) => self.carry_out(home, put).await,
            None => Ok(()),
        };
        // Before the row of a session that could not be replaced is given up.
        let failed = written.err().or(work.failed.take());
        let ended = self.end_theirs(home).await;
        if ended.is_err() {
            // The request is over, and what it ended is not.
            self.end_later();
        }
        match failed {
            Some(error) => Err(error),
            None => ended,
        }
    }

    /// `commit()`. The row of an id that was replaced goes when the response does.
    pub(in crate::life) async fn commit_foreign(
        &self,
        home: &ForeignHome,
        outcome: Outcome,
        policy: Policy,
    ) -> Result<Plan, CommitError> {
        let work = self.with(|life, engine| life.work(engine, home, outcome, policy))?;
        if let Some(put) = work.put {
            self.carry_out(home, put).await?;
        } else {
            self.end_theirs(home).await?;
        }
        Ok(work.plan)
    }

    async fn carry_out(&self, home: &ForeignHome, put: Put) -> Result<(), CommitError> {
        let Seal { fresh, extend, .. } = put.how;
        if let (Some(rows), Some((id, known))) = (home.foreign.rows(), &put.id)
            // Signed anew, and nothing else: what others write into the row meanwhile stays.
            && !(*known && !fresh && !extend)
        {
            let writing = rows.put(id, &put.text, put.left);
            within(home.patience, writing).await.map_err(|error| self.outage(error))?;
        }
        self.with(|life, engine| life.their_write_is_done(engine, put));
        Ok(())
    }

    /// Deletes the rows of sessions that ended.
    pub(in crate::life) async fn end_theirs(&self, home: &ForeignHome) -> Result<(), CommitError> {
        let Some(rows) = home.foreign.rows() else {
            return Ok(());
        };
        while let Some(id) = self.with(|life, _| life.held.their_ended.last().cloned()) {
            let deleting = rows.delete(&id);
            within(home.patience, deleting).await.map_err(|error| self.outage(error))?;
            self.with(|life, _| life.held.their_ended.retain(|other| *other != id));
        }
        Ok(())
    }
}

async fn within(patience: Duration, call: super::Doing<'_>) -> Result<(), StoreError> {
    match tokio::time::timeout(patience, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(StoreError::new(StoreErrorKind::Timeout, elapsed)),
    }
}

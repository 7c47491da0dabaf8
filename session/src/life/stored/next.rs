//! What to ask of the store next: from a plan to a row.

use super::write::Write;
use super::{Gone, OnEnded, Owed, StoreHome};
use crate::data::SessionData;
use crate::error::CommitError;
use crate::event::Event;
use crate::id::SECRET;
use crate::life::decide::{Origin, Outcome, Plan, Policy, Seal, Times as Turned};
use crate::life::engine::Engine;
use crate::life::plan::Examined;
use crate::life::slot::Life;
use crate::store::{StoreError, StoreErrorKind};

/// The next thing to do.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly always it is a write, carried out where it lies"
)]
pub(crate) enum Next {
    /// Nothing more.
    Done(Plan),
    /// Make the secret half of an id.
    MakeSecret,
    Delete(Gone),
    Write(Write),
}

/// On whose behalf a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// `commit()`: a new id waits for the response (rule 12).
    Now,
    /// The response is ready.
    Response,
}

impl<T: SessionData> Life<T> {
    pub(super) fn next(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        (outcome, policy, moment): (Outcome, Policy, Moment),
        secret: Option<[u8; SECRET]>,
    ) -> Result<Next, CommitError> {
        if let Some(gone) = self.held.ended.last() {
            // It stays there until it is done: should the request be dropped meanwhile, somebody
            // else ends it.
            return Ok(Next::Delete(gone.clone()));
        }
        if self.held.outage {
            return if self.destroyed {
                Err(CommitError::Store(StoreError::of(StoreErrorKind::Unavailable)))
            } else {
                Ok(Next::Done(Plan::Nothing))
            };
        }
        let (plan, examined) = self.plan(engine, outcome, policy)?;
        match plan {
            Plan::Nothing => Ok(Next::Done(plan)),
            Plan::Refuse => self.refuse(engine, home).map(Next::Done),
            Plan::Remove { ended } => {
                if let Some(gone) = self.give_up_row(engine, home) {
                    self.held.ended.push(gone.clone());
                    return Ok(Next::Delete(gone));
                }
                self.remove(engine, ended);
                Ok(Next::Done(plan))
            }
            Plan::Seal(seal) => {
                let (seal, owed) = match moment {
                    Moment::Now => self.postpone(seal, &examined),
                    Moment::Response => (seal, None),
                };
                if seal.times == Turned::Keep && !seal.fresh && !seal.extend {
                    self.held.owed = owed.or(self.held.owed);
                    return Ok(Next::Done(Plan::Nothing));
                }
                self.write(engine, home, seal, examined, owed, secret)
            }
        }
    }

    /// The session had ended: says so, or drops what changed.
    pub(super) fn refuse(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
    ) -> Result<Plan, CommitError> {
        self.emit(engine, &Event::Ended);
        match home.on_ended {
            // What is detached works for itself: to it the end is the answer.
            OnEnded::Drop if !self.detached => Ok(Plan::Nothing),
            _ => Err(CommitError::Ended),
        }
    }

    /// The row of the session that this request had until now.
    pub(in crate::life) fn give_up_row(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
    ) -> Option<Gone> {
        let row = self.held.row.take()?;
        self.held.handle = None;
        self.held.promised = None;
        self.held.owed = None;
        self.held.undelivered = None;
        let entries = if home.indexed { self.loaded_entries(engine, home) } else { Vec::new() };
        Some(Gone { key: row.key, entries })
    }

    /// A rotation of a session that is there waits for the response.
    fn postpone(&self, seal: Seal, examined: &Examined) -> (Seal, Option<Owed>) {
        if self.origin == Origin::New || seal.times == Turned::Keep {
            return (seal, None);
        }
        let before = self.held.owed;
        let owed = Owed {
            times: match before {
                Some(owed) if owed.times == Turned::Restart => Turned::Restart,
                _ => seal.times,
            },
            another_user: examined.another_user || before.is_some_and(|owed| owed.another_user),
            crucial: seal.times == Turned::Restart
                || examined.logout
                || before.is_some_and(|owed| owed.crucial),
        };
        let extend = seal.extend && seal.times != Turned::Restart;
        (Seal { times: Turned::Keep, extend, ..seal }, Some(owed))
    }
}

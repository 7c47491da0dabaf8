//! Asking the store for what is next, until nothing is.

use super::ask::ask;
use super::next::{Moment, Next};
use super::outside::end_beyond;
use super::turn::Turn;
use super::write::{How, Write};
use super::{Gone, Secrets, StoreHome};
use crate::data::SessionData;
use crate::error::CommitError;
use crate::event::Event;
use crate::id::SECRET;
use crate::life::close::{Asking, Closing};
use crate::life::decide::{Outcome, Plan, Policy};
use crate::life::engine::{Engine, Home};
use crate::life::slot::{Life, Slot};
use crate::store::{
    Created, DynStore, Loaded, Record, StoreCall, StoreError, StoreErrorKind, Touched, Updated,
    answered,
};
use std::sync::Arc;

/// Conflicts of one commit that are merged and tried again (rule 23).
pub(super) const MAX_CONFLICTS: u32 = 32;

/// A commit that waits for its store.
pub(crate) struct Driven {
    outcome: Outcome,
    /// Why nothing is written, while what was ended is still carried out.
    failed: Option<CommitError>,
    /// Planned anew if it is not there any more.
    first: Option<Next>,
}

/// What a write came to.
pub(super) enum Came {
    Written,
    Conflict(Option<Record>),
    Ended,
    Taken,
    /// There was nothing to extend any more.
    Untouched,
}

impl<T: SessionData> Life<T> {
    pub(in crate::life) fn begin_close_stored(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        outcome: Outcome,
    ) -> Closing {
        self.prepared = false;
        let mut first = self.next(engine, home, (outcome, engine.policy, Moment::Response), None);
        if let Ok(next) = &mut first
            && self.carry_out_at_once(engine, home, next)
        {
            return Closing::Done(Ok(()));
        }
        match first {
            Ok(first) => ask_later(Driven { outcome, failed: None, first: Some(first) }),
            Err(error) => {
                // Ending a session is stronger than failing (rule 11), and so is a new id that is
                // owed (rule 12).
                let asked = (Outcome::ServerError, without_writing(engine), Moment::Response);
                match self.next(engine, home, asked, None) {
                    Ok(Next::Done(_)) => Closing::Done(Err(error)),
                    first => ask_later(Driven { outcome, failed: Some(error), first: first.ok() }),
                }
            }
        }
    }

    /// Does what waits for nobody, where it lies: with a store that answers at once nearly every write.
    /// Says whether nothing is left to do.
    fn carry_out_at_once(&mut self, engine: &Engine<T>, home: &StoreHome, next: &mut Next) -> bool {
        let write = match next {
            Next::Done(_) => return true,
            Next::Write(write) if home.answers_at_once() && write.is_alone(home) => write,
            _ => return false,
        };
        let Some(store) = self.held.store.as_deref() else {
            return false;
        };
        match answered(|| put(store, home, write)) {
            Ok(Came::Written) => {
                *next = Next::Done(self.written(engine, Moment::Response, write));
                !self.owes_an_end()
            }
            came => {
                write.came = Some(came);
                false
            }
        }
    }
}

/// The store is to be asked.
fn ask_later(driven: Driven) -> Closing {
    Closing::Ask(Asking::Stored(Box::new(driven)))
}

pub(super) fn without_writing<T>(engine: &Engine<T>) -> Policy {
    Policy { commit_on_server_error: false, ..engine.policy }
}

impl<T: SessionData> Slot<T> {
    /// Finishes what `begin_close` began. May be dropped and called again: it begins anew then, and what
    /// was done stays done.
    pub(in crate::life) async fn close_stored(
        self: &Arc<Self>,
        driven: &mut Driven,
    ) -> Result<(), CommitError> {
        let Home::Store(home) = &self.engine().home else {
            return Ok(());
        };
        let failing = (Outcome::ServerError, without_writing(self.engine()), Moment::Response);
        let asked = match driven.failed {
            Some(_) => failing,
            None => (driven.outcome, self.engine().policy, Moment::Response),
        };
        let first = match driven.first.take() {
            Some(first) => Ok(first),
            None => self.with(|life, engine| life.next(engine, home, asked, None)),
        };
        let done = self.drive(home, asked, first).await;
        let closed = match (driven.failed.take(), done) {
            (Some(error), _) => Err(error),
            (None, Ok(_)) => Ok(()),
            (None, Err(error @ CommitError::Store(_))) => {
                // The store is not asked once more now; what this marks as ended is ended later.
                let _ = self.with(|life, engine| life.next(engine, home, failing, None));
                Err(error)
            }
            (None, Err(error)) => {
                let first = self.with(|life, engine| life.next(engine, home, failing, None));
                let _ = self.drive(home, failing, first).await;
                Err(error)
            }
        };
        if self.with(|life, _| life.owes_an_end()) {
            self.end_later();
        }
        closed
    }

    /// `commit()`.
    pub(in crate::life) async fn commit_stored(
        &self,
        home: &StoreHome,
        outcome: Outcome,
        policy: Policy,
    ) -> Result<Plan, CommitError> {
        let asked = (outcome, policy, Moment::Now);
        let first = self.with(|life, engine| {
            life.prepared = false;
            life.next(engine, home, asked, None)
        });
        self.drive(home, asked, first).await
    }

    pub(super) async fn drive(
        &self,
        home: &StoreHome,
        asked: (Outcome, Policy, Moment),
        first: Result<Next, CommitError>,
    ) -> Result<Plan, CommitError> {
        let mut next = first?;
        let mut secret: Option<[u8; SECRET]> = None;
        let mut conflicts = 0;
        let mut turn = Turn::default();
        let store = self.with(|life, _| life.held.store.clone());
        loop {
            match next {
                Next::Done(plan) => return Ok(plan),
                Next::MakeSecret => secret = Some(make_secret(&home.secrets).await?),
                Next::Delete(gone) => {
                    let store = store.as_deref().ok_or_else(no_store)?;
                    if let Err(error) = delete(store, home, &gone).await {
                        return Err(self.outage(error));
                    }
                    self.with(|life, _| life.held.ended.retain(|other| other.key != gone.key));
                }
                Next::Write(mut write) => {
                    let store = store.as_deref().ok_or_else(no_store)?;
                    let came = match write.came.take() {
                        Some(came) => came,
                        None => carry_out(store, home, &write).await,
                    };
                    let came = came.map_err(|error| self.outage(error))?;
                    self.with(|life, _| {
                        life.held.sent = None;
                        if !matches!(came, Came::Written) {
                            life.held.owed = write.owed_before;
                        }
                    });
                    match came {
                        Came::Written => {
                            let limited = home.max_sessions.filter(|_| write.login);
                            let of = limited.map_or_else(Vec::new, |_| write.insert.clone());
                            let key = write.key;
                            let plan =
                                self.with(|life, engine| life.written(engine, asked.2, &mut write));
                            if let Some(most) = limited {
                                let beyond =
                                    end_beyond(self.engine(), home, store, most, &of, &key);
                                // The login itself is done: the next one tries again.
                                if let Err(error) = Box::pin(beyond).await {
                                    self.outage(error);
                                }
                            }
                            return Ok(plan);
                        }
                        Came::Untouched => return Ok(Plan::Nothing),
                        Came::Taken => {
                            // Two random ids are the same only where the randomness is none.
                            secret = None;
                            self.with(|life, _| life.held.handle = None);
                            conflicts += 1;
                        }
                        Came::Ended => {
                            let done =
                                self.with(|life, engine| life.end(engine, home, write.login))?;
                            if let Some(plan) = done {
                                return Ok(plan);
                            }
                            secret = None;
                            conflicts += 1;
                        }
                        Came::Conflict(current) => {
                            conflicts += 1;
                            // Whoever waits loads anew: what was merged must not grow old.
                            let waited = Box::pin(turn.wait(home, &write.key, conflicts)).await?;
                            let current = match current {
                                Some(record) if !waited => Loaded::Record(record),
                                _ => ask(home.patience, StoreCall::Load, store.load(&write.key))
                                    .await
                                    .map_err(|error| self.outage(error))?,
                            };
                            let done = self.with(|life, engine| {
                                life.absorb(engine, home, current, write.terms())
                            })?;
                            if let Some(plan) = done {
                                return Ok(plan);
                            }
                        }
                    }
                    if conflicts > MAX_CONFLICTS {
                        return Err(CommitError::Contended);
                    }
                }
            }
            next = self.with(|life, engine| life.next(engine, home, asked, secret))?;
        }
    }

    pub(in crate::life) fn outage(&self, error: StoreError) -> CommitError {
        self.with(|life, engine| life.emit(engine, &Event::Outage(&error)));
        CommitError::Store(error)
    }
}

fn no_store() -> CommitError {
    CommitError::Store(StoreError::of(StoreErrorKind::Other))
}

pub(super) async fn make_secret(secrets: &Secrets) -> Result<[u8; SECRET], CommitError> {
    let Secrets::Custom(make) = secrets else {
        return Err(CommitError::Id("no generator".into()));
    };
    let secret = make().await.map_err(CommitError::Id)?;
    if secret == [0; SECRET] {
        return Err(CommitError::Id("the generator gave zeros".into()));
    }
    Ok(secret)
}

async fn delete(store: &dyn DynStore, home: &StoreHome, gone: &Gone) -> Result<(), StoreError> {
    ask(home.patience, StoreCall::Delete, store.delete(&gone.key, home.remember)).await?;
    for entry in &gone.entries {
        // One that stays names a session that is dead, and is read as such.
        let _ =
            ask(home.patience, StoreCall::IndexRemove, store.index_remove(entry, &gone.key)).await;
    }
    Ok(())
}

pub(super) async fn carry_out(
    store: &dyn DynStore,
    home: &StoreHome,
    write: &Write,
) -> Result<Came, StoreError> {
    for entry in &write.insert {
        ask(
            home.patience,
            StoreCall::IndexInsert,
            store.index_insert(entry, &write.key, write.lease.keep),
        )
        .await?;
    }
    let came = put(store, home, write).await?;
    let stale = match came {
        Came::Written => &write.remove,
        Came::Ended => &write.insert,
        Came::Conflict(_) | Came::Taken | Came::Untouched => return Ok(came),
    };
    for entry in stale {
        // One that stays names a session that is dead or has another value, and is read as such.
        let asked = store.index_remove(entry, &write.key);
        let _ = ask(home.patience, StoreCall::IndexRemove, asked).await;
    }
    Ok(came)
}

/// Writes the row, and nothing beside it.
async fn put(store: &dyn DynStore, home: &StoreHome, write: &Write) -> Result<Came, StoreError> {
    let (key, record, lease) = (&write.key, &write.record, write.lease);
    Ok(match write.how {
        How::Create => {
            match ask(home.patience, StoreCall::Create, store.create(key, record, lease)).await? {
                Created::Created => Came::Written,
                Created::Taken => Came::Taken,
            }
        }
        How::Update(expected) => {
            match ask(home.patience, StoreCall::Update, store.update(key, expected, record, lease))
                .await?
            {
                Updated::Applied => Came::Written,
                Updated::Conflict(current) => Came::Conflict(current),
                Updated::Ended => Came::Ended,
            }
        }
        How::Touch(expected) => {
            let times = record.times;
            match ask(home.patience, StoreCall::Touch, store.touch(key, expected, times, lease))
                .await?
            {
                Touched::Touched => Came::Written,
                // Somebody else wrote, or touched, or ended it: nothing of ours is lost.
                Touched::Nothing => Came::Untouched,
            }
        }
    })
}

//! Asking the store for what is next, until nothing is.

use super::ask::{ask, back_off};
use super::next::{How, Moment, Next, Write};
use super::outside::end_beyond;
use super::{Gone, Secrets, StoreHome};
use crate::data::SessionData;
use crate::error::CommitError;
use crate::event::Event;
use crate::id::SECRET;
use crate::life::close::Closing;
use crate::life::decide::{Outcome, Plan, Policy};
use crate::life::engine::{Engine, Home};
use crate::life::slot::{Life, Slot};
use crate::store::{
    Created, DynStore, Loaded, Record, StoreError, StoreErrorKind, Touched, Updated,
};

/// Conflicts of one commit that are merged and tried again (rule 23).
const MAX_CONFLICTS: u32 = 32;

/// A commit that waits for its store.
pub(crate) struct Driven {
    outcome: Outcome,
    first: Next,
}

/// What a write came to.
enum Came {
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
        self.held.prepared = false;
        match self.next(engine, home, (outcome, engine.policy, Moment::Response), None) {
            Ok(Next::Done(_)) => Closing::Done(Ok(())),
            Ok(first) => Closing::Ask(Driven { outcome, first }),
            Err(error) => {
                // Ending a session is stronger than failing (rule 11).
                let asked = (Outcome::ServerError, without_writing(engine), Moment::Response);
                match self.next(engine, home, asked, None) {
                    Ok(Next::Delete(gone)) => {
                        self.held.failed = Some(error);
                        let outcome = Outcome::ServerError;
                        Closing::Ask(Driven { outcome, first: Next::Delete(gone) })
                    }
                    _ => Closing::Done(Err(error)),
                }
            }
        }
    }
}

fn without_writing<T>(engine: &Engine<T>) -> Policy {
    Policy { commit_on_server_error: false, ..engine.policy }
}

impl<T: SessionData> Slot<T> {
    /// Finishes what `begin_close` began.
    pub(crate) async fn close_stored(&self, driven: Driven) -> Result<(), CommitError> {
        let Home::Store(home) = &self.engine().home else {
            return Ok(());
        };
        let Driven { outcome, first } = driven;
        let policy = self.engine().policy;
        let failed_before = self.with(|life, _| life.held.failed.take());
        let policy = match failed_before {
            Some(_) => without_writing(self.engine()),
            None => policy,
        };
        let committed = self.drive(home, (outcome, policy, Moment::Response), Ok(first)).await;
        if let Some(error) = failed_before {
            return Err(error);
        }
        match committed {
            Ok(_) => Ok(()),
            Err(error @ CommitError::Store(_)) => Err(error),
            Err(error) => {
                // Ending a session is stronger than failing (rule 11).
                let asked =
                    (Outcome::ServerError, without_writing(self.engine()), Moment::Response);
                let first = self.with(|life, engine| life.next(engine, home, asked, None));
                let _ = self.drive(home, asked, first).await;
                Err(error)
            }
        }
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
            life.held.prepared = false;
            life.next(engine, home, asked, None)
        });
        self.drive(home, asked, first).await
    }

    /// Ends what a request without a response ended: its sessions must not outlive it (rule 11).
    pub(crate) async fn end_stored(&self) {
        let Home::Store(home) = &self.engine().home else {
            return;
        };
        let asked = (Outcome::ServerError, without_writing(self.engine()), Moment::Response);
        let first = self.with(|life, engine| life.next(engine, home, asked, None));
        // The event tells of an outage; there is nobody else to tell.
        let _ = self.drive(home, asked, first).await;
    }

    async fn drive(
        &self,
        home: &StoreHome,
        asked: (Outcome, Policy, Moment),
        first: Result<Next, CommitError>,
    ) -> Result<Plan, CommitError> {
        let mut next = first?;
        let mut secret: Option<[u8; SECRET]> = None;
        let mut conflicts = 0;
        let store = self.with(|life, _| life.held.store.clone());
        loop {
            match next {
                Next::Done(plan) => return Ok(plan),
                Next::MakeSecret => secret = Some(make_secret(&home.secrets).await?),
                Next::Delete(gone) => {
                    let store = store.as_deref().ok_or_else(no_store)?;
                    if let Err(error) = delete(store, home, &gone).await {
                        // It is still to be ended: by whoever tries next.
                        self.with(|life, _| life.held.ended.push(gone));
                        return Err(self.outage(error));
                    }
                }
                Next::Write(write) => {
                    let store = store.as_deref().ok_or_else(no_store)?;
                    let came = match carry_out(store, home, &write).await {
                        Ok(came) => came,
                        Err(error) => return Err(self.outage(error)),
                    };
                    match came {
                        Came::Written => {
                            let limited = home.max_sessions.filter(|_| write.login);
                            let (of, key) = (write.insert.clone(), write.key);
                            let plan =
                                self.with(|life, engine| life.written(engine, asked.2, *write));
                            if let Some(most) = limited {
                                let beyond =
                                    end_beyond(self.engine(), home, store, most, &of, &key);
                                // The login itself is done: the next one tries again.
                                if let Err(error) = beyond.await {
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
                            let done = self.with(|life, engine| life.end(engine, home, write.login))?;
                            if let Some(plan) = done {
                                return Ok(plan);
                            }
                            secret = None;
                            conflicts += 1;
                        }
                        Came::Conflict(current) => {
                            conflicts += 1;
                            let current = match current {
                                Some(record) => Loaded::Record(record),
                                None => ask(home.patience, store.load(&write.key))
                                    .await
                                    .map_err(|error| self.outage(error))?,
                            };
                            let done = self
                                .with(|life, engine| life.absorb(engine, home, current, write.rivals()))?;
                            if let Some(plan) = done {
                                return Ok(plan);
                            }
                            back_off(conflicts).await;
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

    fn outage(&self, error: StoreError) -> CommitError {
        self.with(|_, engine| engine.emit(&Event::Outage(&error)));
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
    ask(home.patience, store.delete(&gone.key, home.remember)).await?;
    for entry in &gone.entries {
        // One that stays names a session that is dead, and is read as such.
        let _ = ask(home.patience, store.index_remove(entry, &gone.key)).await;
    }
    Ok(())
}

async fn carry_out(
    store: &dyn DynStore,
    home: &StoreHome,
    write: &Write,
) -> Result<Came, StoreError> {
    for entry in &write.insert {
        ask(home.patience, store.index_insert(entry, &write.key, write.lease.keep)).await?;
    }
    let (key, record, lease) = (&write.key, &write.record, write.lease);
    let came = match write.how {
        How::Create => match ask(home.patience, store.create(key, record, lease)).await? {
            Created::Created => Came::Written,
            Created::Taken => Came::Taken,
        },
        How::Update(expected) => {
            match ask(home.patience, store.update(key, expected, record, lease)).await? {
                Updated::Applied => Came::Written,
                Updated::Conflict(current) => Came::Conflict(current),
                Updated::Ended => Came::Ended,
            }
        }
        How::Touch(expected) => {
            let times = record.times;
            match ask(home.patience, store.touch(key, expected, times, lease)).await? {
                Touched::Touched => Came::Written,
                // Somebody else wrote, or touched, or ended it: nothing of ours is lost.
                Touched::Nothing => Came::Untouched,
            }
        }
    };
    match came {
        Came::Written => {
            for entry in &write.remove {
                // One that stays names a session with another value, and is read as such.
                let _ = ask(home.patience, store.index_remove(entry, key)).await;
            }
        }
        Came::Ended => {
            for entry in &write.insert {
                let _ = ask(home.patience, store.index_remove(entry, key)).await;
            }
        }
        Came::Conflict(_) | Came::Taken | Came::Untouched => {}
    }
    Ok(came)
}

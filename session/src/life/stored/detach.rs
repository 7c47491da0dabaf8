//! A session that outlives its request: for WebSockets and streams.

use super::ask::ask;
use super::drive::{Came, MAX_CONFLICTS, carry_out, make_secret};
use super::home::Secrets;
use super::next::{Moment, Next};
use super::turn::back_off;
use super::write::Terms;
use crate::data::{Payload, SessionData};
use crate::error::CommitError;
use crate::event::Event;
use crate::life::decide::Origin;
use crate::life::engine::Home;
use crate::life::slot::Slot;
use crate::store::StoreCall;
use std::sync::Arc;

/// How a detached session takes what requests wrote.
const REFRESH: Terms =
    Terms { login: false, another_user: false, changes_count: true, is_conflict: false };

impl<T: SessionData> Slot<T> {
    /// A slot of its own for the session as it was last loaded or written. `None`: it has no row.
    pub(crate) async fn detach(&self) -> Result<Option<Self>, CommitError> {
        let Home::Store(home) = &self.engine().home else {
            return Ok(None);
        };
        let waits =
            |life: &crate::life::Life<T>| life.held.owed.is_some() && life.held.promised.is_none();
        if self.with(|life, _| waits(life)) {
            // The response will give this session a new id, which the detached one must know.
            let secret = match &home.secrets {
                Secrets::System => None,
                custom @ Secrets::Custom(_) => Some(make_secret(custom).await?),
            };
            self.with(|life, _| -> Result<(), CommitError> {
                life.held.promised = life.new_id(home, secret)?;
                Ok(())
            })?;
        }
        let detached = Self::new(Arc::clone(self.engine_arc()));
        let there = self.with(|life, engine| -> Result<bool, CommitError> {
            let (Some(mut row), Some(envelope)) = (life.held.row, life.envelope.clone()) else {
                return Ok(false);
            };
            row.next = life.held.promised;
            // It has somebody who works on it, be there a response or not.
            life.held.undelivered = None;
            let mut payload = Payload::default();
            let loaded = life.shared.loaded().bytes();
            payload.take(loaded.to_vec(), 0..loaded.len());
            let state = engine
                .coder
                .decode(&mut payload)
                .map_err(|error| CommitError::Encode(crate::EncodeError::new(error)))?;
            detached.with(|other, _| {
                other.extracted = true;
                other.opened = true;
                other.detached = true;
                other.origin = Origin::Loaded;
                other.opened_at = engine.now();
                other.envelope = Some(envelope);
                other.request.clone_from(&life.request);
                other.held.store.clone_from(&life.held.store);
                other.held.row = Some(row);
                other.shared.loaded_mut().swap(&mut payload);
                other.shared.start_loaded(state);
            });
            Ok(true)
        })?;
        Ok(there.then_some(detached))
    }

    /// For a detached session: asks the store how it is, and merges what others wrote. Says
    /// [`CommitError::Ended`] when it is over.
    pub(crate) async fn refresh(&self) -> Result<(), CommitError> {
        let Home::Store(home) = &self.engine().home else {
            return Ok(());
        };
        let (store, row) = self.with(|life, engine| {
            life.opened_at = engine.now();
            (life.held.store.clone(), life.held.row)
        });
        let (Some(store), Some(row)) = (store, row) else {
            return Err(CommitError::Ended);
        };
        match ask(home.patience, StoreCall::Load, store.load(&row.key)).await {
            Ok(current) => {
                let done = self.with(|life, engine| life.absorb(engine, home, current, REFRESH))?;
                // With `OnEnded::Drop` an end is no error of a request's; here it is the answer.
                if done.is_some() { Err(CommitError::Ended) } else { Ok(()) }
            }
            Err(error) => {
                self.with(|life, engine| life.emit(engine, &Event::Outage(&error)));
                Err(CommitError::Store(error))
            }
        }
    }

    /// For a detached session: its idle lifetime starts anew if a use by a request would do that.
    /// Nothing else is written.
    pub(crate) async fn extend(&self) -> Result<(), CommitError> {
        let Home::Store(home) = &self.engine().home else {
            return Ok(());
        };
        for tries in 1..=MAX_CONFLICTS {
            self.refresh().await?;
            let due = self.with(|life, engine| life.extension(engine, home))?;
            let store = self.with(|life, _| life.held.store.clone());
            let (Some(Next::Write(mut write)), Some(store)) = (due, store) else {
                return Ok(());
            };
            match carry_out(&*store, home, &write).await {
                Ok(Came::Written) => {
                    self.with(|life, engine| life.written(engine, Moment::Now, &mut write));
                    return Ok(());
                }
                Ok(Came::Untouched) => return Ok(()),
                // Somebody wrote meanwhile, or ended it: the refresh tells.
                Ok(_) => back_off(tries).await,
                Err(error) => return Err(self.outage(error)),
            }
        }
        Err(CommitError::Contended)
    }

    /// For a detached session: each operation has its own moment.
    pub(crate) fn now(&self) {
        self.with(|life, engine| life.opened_at = engine.now());
    }
}

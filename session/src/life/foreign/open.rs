//! Opening what another library wrote.

use super::{Asked, Foreign, ForeignHome, Live, Look, Old};
use crate::data::SessionData;
use crate::event::Event;
use crate::life::engine::Engine;
use crate::life::open::{Found, OpenError};
use crate::life::slot::{Life, Slot};
use crate::life::times::Vitality;
use crate::store::{StoreError, StoreErrorKind};
use crate::time::Millis;
use http::request::Parts;
use std::sync::Arc;
use std::time::Duration;

impl<T: SessionData> Slot<T> {
    /// As `Life::open`, where the layer's home is theirs.
    pub(in crate::life) async fn open_foreign(
        &self,
        home: &ForeignHome,
        request: &Parts,
    ) -> Result<(), OpenError> {
        let Some(now) = self.with(Life::begin_open) else {
            return Ok(());
        };
        match self.look_at(&*home.foreign, home.patience, request, now).await {
            Ok(look) => self.with(|life, engine| life.open_look(engine, request, look)),
            Err(error) => self.with(|life, engine| {
                life.open_without_store(engine, home.on_outage, error, request)
            }),
        }
    }

    /// Looks for a session that is to be moved over: only if the request has none of ours, good or
    /// bad.
    pub(in crate::life) async fn look_for_old(
        &self,
        old: &Old,
        request: &Parts,
    ) -> Result<(), OpenError> {
        let Some(now) = self.with(Life::begin_open) else {
            return Ok(());
        };
        if now > old.until || !old.foreign.is_there(&request.headers) {
            return Ok(());
        }
        let mut ours = false;
        self.engine().carrier.find(&request.headers, &mut |_| ours = true);
        if ours {
            self.with(|life, _| life.held.beside_old = true);
            return Ok(());
        }
        match self.look_at(&*old.foreign, old.patience, request, now).await {
            Ok(look) => {
                self.with(|life, engine| {
                    life.held.beside_old = true;
                    life.held.old = look.live.and_then(|live| engine.moved(live, now));
                });
                Ok(())
            }
            Err(error) => {
                self.with(|_, engine| engine.emit(&Event::Outage(&error)));
                Err(OpenError::Store(Arc::new(error)))
            }
        }
    }

    async fn look_at(
        &self,
        foreign: &dyn Foreign,
        patience: Duration,
        request: &Parts,
        now: Millis,
    ) -> Result<Look, StoreError> {
        let asked = Asked {
            headers: &request.headers,
            now,
            lifetimes: &self.engine().lifetimes,
            version: T::OPTIONS.version,
        };
        match tokio::time::timeout(patience, foreign.look(asked)).await {
            Ok(look) => look,
            Err(elapsed) => Err(StoreError::new(StoreErrorKind::Timeout, elapsed)),
        }
    }
}

impl<T: SessionData> Engine<T> {
    /// A session as it goes on with us: it is used now, and began when they last wrote it.
    fn moved(&self, mut live: Live, now: Millis) -> Option<Live> {
        live.envelope.own_lifetime = false;
        self.lifetimes.renew(&mut live.envelope, now);
        (self.lifetimes.vitality(&live.envelope, now) == Vitality::Alive).then_some(live)
    }
}

impl<T: SessionData> Life<T> {
    fn open_look(
        &mut self,
        engine: &Engine<T>,
        request: &Parts,
        look: Look,
    ) -> Result<(), OpenError> {
        if self.opened {
            return Ok(());
        }
        self.brought_token = look.brought;
        self.ambiguous = look.ambiguous;
        let mut loaded = false;
        match look.live {
            _ if look.ambiguous => engine.emit(&Event::Ambiguous),
            Some(live) => {
                self.held.their_id.clone_from(&live.id);
                self.held.their_aside.clone_from(&live.aside);
                loaded = self.load_theirs(engine, request, live)?;
                if !loaded {
                    self.held.their_id = None;
                    self.held.their_aside = None;
                }
            }
            None => {
                self.dead_token = look.others.is_dead();
                look.others.report(engine, request);
            }
        }
        self.opened_as(engine, request, loaded)
    }

    /// Opens what [`look_for_old`](Slot::look_for_old) found, if it found anything.
    pub(in crate::life) fn open_old(
        &mut self,
        engine: &Engine<T>,
        request: &Parts,
    ) -> Result<bool, OpenError> {
        if self.held.old.is_none() {
            return Ok(false);
        }
        let Some(old) = self.held.old.take() else { return Ok(false) };
        let loaded = self.load_theirs(engine, request, old)?;
        self.moved = loaded;
        // Should the session end, theirs goes.
        self.brought_token |= loaded;
        Ok(loaded)
    }

    fn load_theirs(
        &mut self,
        engine: &Engine<T>,
        request: &Parts,
        live: Live,
    ) -> Result<bool, OpenError> {
        let len = live.payload.len();
        self.shared.loaded_mut().take(live.payload, 0..len);
        let found = Found { envelope: live.envelope, under_first_key: live.under_first_key };
        self.load(engine, request, found, self.opened_at)
    }
}

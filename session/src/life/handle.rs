//! What a handle asks of its session.

use super::decide::Origin;
use super::engine::{Engine, Home};
use super::plan::changed_fields;
use super::shared::LendError;
use super::slot::{Life, Pending};
use crate::data::diff::Diff;
use crate::data::{MaxAge, SessionData};
use crate::event::Event;
use crate::id::SessionHandle;

impl<T: SessionData> Life<T> {
    pub(crate) fn extracted(&self) -> bool {
        self.extracted
    }

    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// The session's public name, in a store.
    pub(crate) fn public_handle(&mut self, engine: &Engine<T>) -> Option<SessionHandle> {
        match engine.home {
            Home::Store(_) => self.handle().ok(),
            Home::Cookie(_) | Home::Foreign(_) => None,
        }
    }

    /// Whether the store could not be asked and the session is a blank one.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.held.outage
    }

    /// Whether there is a session: the request brought it, or an earlier handle made it.
    pub(crate) fn is_live(&self) -> bool {
        self.origin == Origin::Loaded || self.shared.has_changes()
    }

    pub(crate) fn lend(&mut self, engine: &Engine<T>) -> Result<(T, u32), LendError> {
        self.shared.lend(&*engine.coder)
    }

    pub(crate) fn begin_write(&mut self, engine: &Engine<T>, version: u32) -> Option<(T, u32)> {
        self.shared.begin_write(&*engine.coder, version)
    }

    pub(crate) fn max_age(&self, engine: &Engine<T>) -> MaxAge {
        match (self.lifetime_set, &self.envelope) {
            (Some(set), _) => set,
            (None, Some(envelope)) => engine.lifetimes.max_age(envelope),
            (None, None) => engine.lifetimes.configured(),
        }
    }

    pub(crate) fn set_lifetime(&mut self, engine: &Engine<T>, max_age: MaxAge) {
        self.asked(engine);
        self.lifetime_set = Some(max_age);
    }

    pub(crate) fn force(&mut self, engine: &Engine<T>) {
        self.asked(engine);
        self.forced = true;
        self.forbidden = false;
    }

    pub(crate) fn forbid(&mut self, engine: &Engine<T>) {
        self.asked(engine);
        self.forbidden = true;
    }

    pub(crate) fn rotate(&mut self, engine: &Engine<T>) {
        self.asked(engine);
        self.rotated = true;
    }

    pub(crate) fn reauthenticate(&mut self, engine: &Engine<T>) {
        self.asked(engine);
        self.reauthenticated = true;
    }

    pub(crate) fn note_replaced(&mut self) {
        self.replaced = true;
    }

    /// A `rotate` or `ttl` field was set by its accessor.
    pub(crate) fn mark(&mut self, index: usize) {
        if !self.marked.contains(&index) {
            self.marked.push(index);
        }
    }

    /// Ends the session, and gives the handle a new one. `written`: whether the handle was.
    pub(crate) fn destroy(&mut self, engine: &Engine<T>, written: bool) -> (T, u32) {
        self.asked(engine);
        if let Home::Store(home) = &engine.home
            && let Some(gone) = self.give_up_row(engine, home)
        {
            self.held.ended.push(gone);
        }
        if matches!(engine.home, Home::Foreign(_)) {
            let id = self.held.their_id.take();
            self.held.their_ended.extend(id);
            self.held.their_aside = None;
        }
        self.destroyed = true;
        self.ended |= self.origin == Origin::Loaded;
        self.origin = Origin::New;
        self.is_new = true;
        self.envelope = None;
        self.pending = Pending::Nothing;
        self.extension_due = false;
        self.old_key = false;
        self.moved = false;
        self.forced = false;
        self.rotated = false;
        self.reauthenticated = false;
        self.replaced = false;
        self.lifetime_set = None;
        self.marked.clear();
        self.shared.restart(&*engine.coder, written)
    }

    /// A handle is about to commit: takes what it holds. `false`: it is too late.
    pub(crate) fn give_for_commit(
        &mut self,
        engine: &Engine<T>,
        state: T,
        version: u32,
        written: bool,
    ) -> Result<(), T> {
        if self.closed {
            self.asked(engine);
            return Err(state);
        }
        self.shared.give_back(&*engine.coder, state, version, written);
        Ok(())
    }

    /// Gives a handle back what it holds after a commit.
    pub(crate) fn lend_again(&mut self, engine: &Engine<T>) -> (T, u32) {
        // It can't be encoded, as the commit says.
        self.shared.lend_anyway(&*engine.coder).unwrap_or_else(|_| self.shared.lend_alone())
    }

    /// The names of the fields in which `state` differs from what was loaded or committed.
    pub(crate) fn changed_names(&mut self, engine: &Engine<T>, state: &T) -> Vec<&'static str> {
        let mut now = std::mem::take(&mut self.payload);
        let names = match engine.coder.encode(state, &mut now) {
            Ok(()) => {
                let base = self.shared.base();
                changed_fields(&mut Diff::new(&*engine.coder, base, state, &now))
            }
            Err(_) => Vec::new(),
        };
        self.payload = now;
        names
    }

    /// There will be no response: forgets what could keep other things alive. Says whether a
    /// session is still to be ended in its store.
    pub(crate) fn abandon(&mut self, engine: &Engine<T>) -> bool {
        self.abandoned = true;
        self.request = None;
        match &engine.home {
            Home::Store(home) => self.give_up_undelivered(engine, home),
            Home::Foreign(_) => self.take_back_ids(),
            Home::Cookie(_) => {}
        }
        let may_have_logged_out = self.held.row.is_some() && self.shared.has_changes();
        self.owes_an_end() || may_have_logged_out
    }

    fn asked(&self, engine: &Engine<T>) {
        if self.is_late() {
            self.emit(engine, &Event::LateChange);
        }
    }
}

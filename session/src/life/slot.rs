//! The place where a request's session is kept between open and close.

use super::buffers::Buffers;
use super::decide::{Origin, Outcome};
use super::engine::{Engine, Home};
use super::shared::Shared;
use super::stored::HeldRow;
use crate::data::{MaxAge, Payload, SessionData};
use crate::event::Event;
use crate::seal::Envelope;
use crate::time::Millis;
use http::request::Parts;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by the layer's future and the handles of one request.
pub(crate) struct Slot<T> {
    engine: Arc<Engine<T>>,
    /// Nothing until the session is extracted: a request that never does pays for no more.
    life: Mutex<Option<Life<T>>>,
}

/// What happened to a request's session so far.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, one line each")]
pub(crate) struct Life<T> {
    /// A handler asked for the session.
    pub(super) extracted: bool,
    /// And it could be opened.
    pub(super) opened: bool,
    pub(super) origin: Origin,
    /// What handlers are told, also after a commit.
    pub(super) is_new: bool,
    pub(super) shared: Shared<T>,
    /// The moment of the request: when it first asked for the session. Of a request all times are
    /// this one.
    pub(super) opened_at: Millis,
    /// What the token said, or the last commit; for a new session nothing.
    pub(super) envelope: Option<Envelope>,
    pub(super) brought_token: bool,
    pub(super) dead_token: bool,
    pub(super) old_key: bool,
    pub(super) ambiguous: bool,
    pub(super) extension_due: bool,
    pub(super) destroyed: bool,
    /// And it ended a live session.
    pub(super) ended: bool,
    pub(super) rotated: bool,
    pub(super) reauthenticated: bool,
    pub(super) replaced: bool,
    pub(super) forced: bool,
    pub(super) forbidden: bool,
    pub(super) panicked: bool,
    /// A session made for a test is no event.
    pub(super) unreported: bool,
    /// It works for itself, without a response.
    pub(super) detached: bool,
    pub(super) lifetime_set: Option<MaxAge>,
    /// `rotate` and `ttl` fields that were set by their accessor, be it to an equal value.
    pub(super) marked: Vec<usize>,
    pub(super) pending: Pending,
    /// `before_save` ran for the write that is due.
    pub(super) prepared: bool,
    /// Another user logged in, and what the first one left is back at its initial values.
    pub(super) reset: bool,
    /// It is another library's, and becomes one of ours.
    pub(super) moved: bool,
    /// Of a session in a store.
    pub(super) held: HeldRow,
    /// The request as `before_save` sees it.
    pub(super) request: Option<Box<Parts>>,
    /// What is left of it after the response, for events that ask for it.
    pub(super) past_request: Option<Box<Parts>>,
    /// The head of the response is sent, or never will be.
    pub(super) closed: bool,
    /// It never will be: the client went away.
    pub(super) abandoned: bool,
    /// The token that was sealed; kept for its buffer.
    pub(super) token: Vec<u8>,
    /// The newest state encoded; kept for its buffer.
    pub(super) payload: Payload,
    /// For the body of a row that is to be written.
    pub(super) row: Vec<u8>,
}

/// What is to be sent with the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Pending {
    #[default]
    Nothing,
    /// The life's `token`. `max_age`: for the cookie, in seconds.
    Token {
        max_age: Option<u64>,
    },
    Removal,
}

impl<T> Life<T> {
    #[inline(always)]
    fn new() -> Self {
        let Buffers { loaded, payload, token, row, held } = Buffers::take();
        Self {
            extracted: false,
            opened: false,
            origin: Origin::New,
            is_new: false,
            shared: Shared::new(loaded),
            envelope: None,
            brought_token: false,
            dead_token: false,
            old_key: false,
            ambiguous: false,
            extension_due: false,
            destroyed: false,
            ended: false,
            rotated: false,
            reauthenticated: false,
            replaced: false,
            forced: false,
            forbidden: false,
            panicked: false,
            unreported: false,
            detached: false,
            lifetime_set: None,
            marked: Vec::new(),
            pending: Pending::Nothing,
            moved: false,
            held,
            prepared: false,
            reset: false,
            opened_at: Millis::default(),
            request: None,
            past_request: None,
            closed: false,
            abandoned: false,
            token,
            payload,
            row,
        }
    }
}

impl<T: SessionData> Slot<T> {
    pub(crate) fn new(engine: Arc<Engine<T>>) -> Self {
        Self { engine, life: Mutex::new(None) }
    }

    pub(crate) fn engine(&self) -> &Engine<T> {
        &self.engine
    }

    pub(crate) fn engine_arc(&self) -> &Arc<Engine<T>> {
        &self.engine
    }

    /// Does something with the session.
    ///
    /// A panic in it leaves the life in one of its states all the same: changes of a life are
    /// assignments that don't panic, behind calls that may.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Life<T>, &Engine<T>) -> R) -> R {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        if life.is_none() {
            // Made where it stays: it is large enough for a copy to show in a profile.
            *life = Some(Life::new());
        }
        match &mut *life {
            Some(life) => act(life, &self.engine),
            None => unreachable!("set above"),
        }
    }

    /// A handle goes.
    pub(crate) fn give_back(&self, state: T, version: u32, written: bool) {
        self.with(|life, engine| {
            // While a panic unwinds, another one of a field's own code would end the process.
            let panicking = std::thread::panicking();
            life.panicked |= panicking;
            if (life.is_late() || life.detached) && written && !panicking {
                life.report_late_change(engine, &state, version);
            }
            if panicking && version != life.shared.version() {
                // It would have to be merged, which asks the fields; and it is not committed
                // anyway.
                return life.shared.forget(written);
            }
            life.shared.give_back(&*engine.coder, state, version, written);
        });
    }

    /// There will be no response.
    pub(crate) fn abandon(mut self: Arc<Self>) {
        let mut owes_an_end = false;
        let again = match self.engine.home {
            Home::Store(_) | Home::Foreign(_) => Some(Arc::clone(&self)),
            Home::Cookie(_) => None,
        };
        self.finish(|life, engine| owes_an_end = life.abandon(engine));
        if let (true, Some(slot)) = (owes_an_end, again) {
            slot.end_later();
        }
    }

    /// The response is ready: `act` closes the session, unless nobody ever asked for it. Nothing
    /// of the session remains if nobody holds it any more.
    pub(crate) fn finish(self: &mut Arc<Self>, act: impl FnOnce(&mut Life<T>, &Engine<T>)) {
        let _ = self.finish_or_ask(|life, engine| {
            act(life, engine);
            None::<()>
        });
    }

    /// As [`finish`](Self::finish), unless `act` has something to wait for, which comes back. The slot
    /// stays with its owner: should `act` panic, somebody must still abandon it.
    pub(crate) fn finish_or_ask<R>(
        self: &mut Arc<Self>,
        act: impl FnOnce(&mut Life<T>, &Engine<T>) -> Option<R>,
    ) -> Option<R> {
        let Some(slot) = Arc::get_mut(self) else {
            // What others do with it from now on is too late.
            return self.with(|life, engine| {
                let asked = act(life, engine);
                life.closed = true;
                asked
            });
        };
        let life = slot.life.get_mut().unwrap_or_else(PoisonError::into_inner);
        let life = life.as_mut()?;
        let asked = act(life, &slot.engine);
        if asked.is_none() {
            life.give_back_buffers();
        }
        asked
    }
}

impl<T: SessionData> Life<T> {
    /// Before anything is waited for to open the session: the time that counts. `None`: it is open.
    pub(super) fn begin_open(&mut self, engine: &Engine<T>) -> Option<Millis> {
        self.extracted = true;
        if self.opened {
            return None;
        }
        self.opened_at = engine.now();
        Some(self.opened_at)
    }

    /// For another request: this one is over, and nobody holds its session any more.
    fn give_back_buffers(&mut self) {
        Buffers {
            loaded: std::mem::take(self.shared.loaded_mut()),
            payload: std::mem::take(&mut self.payload),
            token: std::mem::take(&mut self.token),
            row: std::mem::take(&mut self.row),
            held: std::mem::take(&mut self.held),
        }
        .give_back();
    }

    pub(super) fn emit(&self, engine: &Engine<T>, event: &Event<'_>) {
        engine.emit_in(self.request_for_events(), event);
    }

    pub(super) fn request_for_events(&self) -> Option<&Parts> {
        self.request.as_deref().or(self.past_request.as_deref())
    }

    /// The response is ready: forgets what could keep other things alive, such as the request's
    /// extensions, in which this session is.
    pub(super) fn let_go_of_request(&mut self, engine: &Engine<T>) {
        let request = self.request.take().filter(|_| engine.events.wants_request());
        if let Some(mut request) = request {
            request.extensions.clear();
            self.past_request = Some(request);
        }
    }

    pub(crate) fn outcome(&self, server_error: bool) -> Outcome {
        if self.panicked {
            Outcome::Panicked
        } else if server_error {
            Outcome::ServerError
        } else {
            Outcome::Answered
        }
    }

    /// Whether what is asked now comes after the head of the response. A request that was dropped
    /// has none.
    pub(super) fn is_late(&self) -> bool {
        self.closed && !self.abandoned
    }

    fn report_late_change(&mut self, engine: &Engine<T>, state: &T, version: u32) {
        if self.shared.differs(&*engine.coder, state, version) {
            self.emit(engine, &Event::LateChange);
        }
    }
}

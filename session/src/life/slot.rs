//! The place where a request's session is kept between open and close.

use super::decide::{Origin, Outcome};
use super::engine::Engine;
use super::shared::Shared;
use crate::data::{MaxAge, SessionData};
use crate::event::Event;
use crate::seal::Envelope;
use http::request::Parts;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by the layer's future and the handles of one request.
pub(crate) struct Slot<T> {
    engine: Arc<Engine<T>>,
    life: Mutex<Life<T>>,
}

/// What happened to a request's session so far.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, one line each")]
pub(crate) struct Life<T> {
    pub(super) extracted: bool,
    pub(super) origin: Origin,
    pub(super) shared: Shared<T>,
    /// What the token said; for a new session nothing.
    pub(super) envelope: Option<Envelope>,
    pub(super) brought_token: bool,
    pub(super) dead_token: bool,
    pub(super) old_key: bool,
    pub(super) ambiguous: bool,
    pub(super) extension_due: bool,
    pub(super) destroyed: bool,
    pub(super) rotated: bool,
    pub(super) reauthenticated: bool,
    pub(super) replaced: bool,
    pub(super) forced: bool,
    pub(super) forbidden: bool,
    pub(super) panicked: bool,
    pub(super) lifetime_set: Option<MaxAge>,
    /// `rotate` and `ttl` fields that were set by their accessor, be it to an equal value.
    pub(super) marked: Vec<usize>,
    /// What `commit()` sealed or removed, to be sent with the response.
    pub(super) committed: Option<Committed>,
    /// The request as `before_save` sees it.
    pub(super) request: Option<Box<Parts>>,
    /// The head of the response is sent.
    pub(super) closed: bool,
    /// The token under construction; kept for its buffer.
    pub(super) token: Vec<u8>,
    /// The newest state encoded; kept for its buffer.
    pub(super) payload: crate::data::Payload,
}

/// What an explicit `commit()` left for the response.
pub(crate) enum Committed {
    Token { token: Vec<u8>, envelope: Envelope },
    Removal,
}

impl<T> Default for Life<T> {
    fn default() -> Self {
        Self {
            extracted: false,
            origin: Origin::New,
            shared: Shared::default(),
            envelope: None,
            brought_token: false,
            dead_token: false,
            old_key: false,
            ambiguous: false,
            extension_due: false,
            destroyed: false,
            rotated: false,
            reauthenticated: false,
            replaced: false,
            forced: false,
            forbidden: false,
            panicked: false,
            lifetime_set: None,
            marked: Vec::new(),
            committed: None,
            request: None,
            closed: false,
            token: Vec::new(),
            payload: crate::data::Payload::default(),
        }
    }
}

/// Buffers larger than this are not kept for the next request.
const KEPT_BUFFER: usize = 16 * 1024;

impl<T: SessionData> Slot<T> {
    pub(crate) fn new(engine: Arc<Engine<T>>) -> Self {
        Self { engine, life: Mutex::new(Life::default()) }
    }

    pub(crate) fn engine(&self) -> &Engine<T> {
        &self.engine
    }

    /// A panic while this lock was held left the life in one of its states all the same: every
    /// change below is made of assignments that don't panic, behind calls that may.
    pub(crate) fn life(&self) -> MutexGuard<'_, Life<T>> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the slot as good as new for another request. Nothing of this one remains in it but
    /// empty buffers.
    pub(crate) fn recycle(&mut self) {
        let life = self.life.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = Life::default();
        life.shared.clear();
        life.token.clear();
        life.payload.clear();
        let largest = life.shared.loaded().capacity().max(life.payload.capacity());
        if largest.max(life.token.capacity()) <= KEPT_BUFFER {
            std::mem::swap(&mut fresh.shared, &mut life.shared);
            std::mem::swap(&mut fresh.token, &mut life.token);
            std::mem::swap(&mut fresh.payload, &mut life.payload);
        }
        *life = fresh;
    }

    /// A handle goes.
    pub(crate) fn give_back(&self, state: T, version: u32, written: bool) {
        let mut life = self.life();
        life.panicked |= std::thread::panicking();
        if life.closed && written {
            life.report_late_change(&self.engine, &state, version);
        }
        life.shared.give_back(&*self.engine.coder, state, version, written);
    }
}

impl<T: SessionData> Life<T> {
    pub(crate) fn outcome(&self, server_error: bool) -> Outcome {
        if self.panicked {
            Outcome::Panicked
        } else if server_error {
            Outcome::ServerError
        } else {
            Outcome::Answered
        }
    }

    fn report_late_change(&mut self, engine: &Engine<T>, state: &T, version: u32) {
        if self.shared.differs(&*engine.coder, state, version) {
            engine.emit(&Event::LateChange);
        }
    }
}

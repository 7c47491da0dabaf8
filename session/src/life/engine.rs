//! What all requests of one layer share. Immutable.

use super::decide::Policy;
use super::foreign::{ForeignHome, Old};
use super::stored::StoreHome;
use super::times::Lifetimes;
use crate::BoxError;
use crate::carrier::Carrier;
use crate::data::codec::Coder;
use crate::data::{DecodeError, Payload, SessionData};
use crate::event::values::{self, Of};
use crate::event::{Event, EventContext, Events};
use crate::seal::Signed;
use crate::time::{Clock, Millis};
use http::request::Parts;

/// Everything that opening and closing a session needs to know.
pub(crate) struct Engine<T> {
    pub(crate) coder: Box<dyn Coder<T>>,
    pub(crate) home: Home,
    /// Where sessions are moved over from.
    pub(crate) old: Option<Old>,
    pub(crate) carrier: Box<dyn Carrier>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) policy: Policy,
    pub(crate) fail_on_undecodable: bool,
    pub(crate) hooks: Hooks<T>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) events: Events,
}

/// Where the state lives.
pub(crate) enum Home {
    /// With the client, signed.
    Cookie(Signed),
    /// In a store; the client has an id.
    Store(Box<StoreHome>),
    /// Where another library's application reads and writes it too.
    Foreign(ForeignHome),
}

type Valid<T> = Box<dyn Fn(&T, &Parts) -> bool + Send + Sync>;
type BeforeSave<T> = Box<dyn Fn(&mut T, &Parts) -> Result<(), BoxError> + Send + Sync>;

/// The hooks that the layer was given; they come instead of the struct's own.
pub(crate) struct Hooks<T> {
    pub(crate) valid: Option<Valid<T>>,
    pub(crate) before_save: Option<BeforeSave<T>>,
}

impl<T> Default for Hooks<T> {
    fn default() -> Self {
        Self { valid: None, before_save: None }
    }
}

impl<T> Engine<T> {
    pub(crate) fn now(&self) -> Millis {
        Millis::of(self.clock.now())
    }

    /// Tells of an event that happened in no request.
    pub(crate) fn emit(&self, event: &Event<'_>) {
        self.emit_in(None, event);
    }

    pub(crate) fn emit_in(&self, request: Option<&Parts>, event: &Event<'_>) {
        self.emit_with(request, event, || None);
    }

    /// `values`: asked only if somebody wants to see them.
    pub(crate) fn emit_with(
        &self,
        request: Option<&Parts>,
        event: &Event<'_>,
        values: impl FnOnce() -> Option<String>,
    ) {
        let values = if self.events.wants_values(event) { values() } else { None };
        let context = EventContext { request, values: values.as_deref(), ..Default::default() };
        self.events.emit(event, context);
    }
}

impl<T: SessionData> Engine<T> {
    /// What was stored does not decode.
    pub(crate) fn emit_undecodable(
        &self,
        request: Option<&Parts>,
        error: &DecodeError,
        payload: &Payload,
    ) {
        self.emit_with(request, &Event::Undecodable(error), || {
            values::of_payload(&*self.coder, payload, Of::from(&error.field()))
        });
    }

    /// The values of a session that is over, if somebody wants to see them. What an older version wrote
    /// is not migrated for that.
    pub(crate) fn last_values(&self, version: u32, payload: &mut Payload) -> Option<String> {
        if version != T::OPTIONS.version || !self.events.wants_values(&Event::Expired) {
            return None;
        }
        let state = self.coder.decode(payload).ok()?;
        values::of_state(&state, Of::All)
    }

    /// Whether there is a `valid` hook.
    pub(crate) fn validates(&self) -> bool {
        self.hooks.valid.is_some() || T::OPTIONS.validates
    }

    /// Asks the `valid` hooks. `Some`: they refuse, and this is the field that one of them is for.
    pub(crate) fn refuses(&self, state: &T, request: &Parts) -> Option<Option<&'static str>> {
        match &self.hooks.valid {
            Some(valid) => (!valid(state, request)).then_some(None),
            None if T::OPTIONS.validates => state.valid(request).err().map(|e| e.field),
            None => None,
        }
    }
}

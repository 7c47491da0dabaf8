//! Opening: from the request's headers to a state, or to a blank session.

use super::decide::Origin;
use super::engine::{Engine, Home};
use super::slot::{Life, Slot};
use super::times::Vitality;
use crate::data::{Codec, DecodeError, EncodeError, Json, Payload, SessionData};
use crate::event::values::{self, Of};
use crate::event::{Event, InvalidReason};
use crate::seal::{Envelope, Refused, Signed};
use crate::store::StoreError;
use crate::time::Millis;
use http::request::Parts;
use std::sync::Arc;

/// Tokens of one request that are looked at (DESIGN rule 18): each costs a verification or a load.
pub(super) const MAX_TOKENS: usize = 8;

/// A session can't be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    Undecodable(DecodeError),
    Encode(EncodeError),
    Store(Arc<StoreError>),
}

/// The token that counts.
pub(super) struct Found {
    pub(super) envelope: Envelope,
    pub(super) under_first_key: bool,
}

/// What the request's tokens were, beside the one that counts.
#[derive(Default)]
pub(crate) struct Others {
    pub(crate) forged: bool,
    pub(crate) unknown: bool,
    pub(crate) expired: bool,
    pub(crate) future: bool,
    /// The store has no such session.
    pub(crate) missing: bool,
    /// Of the expired one, for the log.
    pub(crate) last_values: Option<String>,
}

impl<T: SessionData> Slot<T> {
    /// Opens the session at its first extraction, and does something with it; later ones find it open.
    pub(crate) async fn open<R>(
        &self,
        request: &Parts,
        act: impl FnOnce(&mut Life<T>, &Engine<T>) -> R,
    ) -> Result<R, OpenError> {
        if let Some(old) = &self.engine().old {
            Box::pin(self.look_for_old(old, request)).await?;
        }
        match &self.engine().home {
            Home::Cookie(seal) => {
                return self.with(|life, engine| {
                    life.open(engine, seal, request).map(|()| act(life, engine))
                });
            }
            Home::Store(home) if home.answers_at_once() => {
                return self.with(|life, engine| {
                    life.open_at_once(engine, home, request).map(|()| act(life, engine))
                });
            }
            // Boxed, so that handlers of sessions in cookies don't carry their size about.
            Home::Store(home) => Box::pin(self.open_stored(home, request)).await?,
            Home::Foreign(home) => Box::pin(self.open_foreign(home, request)).await?,
        }
        Ok(self.with(act))
    }
}

impl<T: SessionData> Life<T> {
    fn open(
        &mut self,
        engine: &Engine<T>,
        seal: &Signed,
        request: &Parts,
    ) -> Result<(), OpenError> {
        let Some(now) = self.begin_open(engine) else {
            return Ok(());
        };
        let opened = match self.find(engine, seal, request, now) {
            Some(found) => self.load(engine, request, found, now)?,
            None => false,
        };
        self.opened_as(engine, request, opened)
    }

    /// The session is the loaded one, or a blank one.
    pub(super) fn opened_as(
        &mut self,
        engine: &Engine<T>,
        request: &Parts,
        loaded: bool,
    ) -> Result<(), OpenError> {
        let loaded = loaded || self.open_old(engine, request)?;
        if !loaded {
            self.start_blank(engine)?;
        }
        let asks_again = matches!(engine.home, Home::Store(_)) && engine.validates();
        let prepares = engine.hooks.before_save.is_some() || T::OPTIONS.prepares;
        if asks_again || prepares || engine.events.wants_request() {
            self.request = Some(Box::new(request.clone()));
        }
        self.is_new = !loaded;
        // Last, so that what failed once fails again and is not taken for an open session.
        self.opened = true;
        Ok(())
    }

    pub(super) fn start_blank(&mut self, engine: &Engine<T>) -> Result<(), OpenError> {
        self.origin = Origin::New;
        self.shared.start_initial(&*engine.coder).map_err(OpenError::Encode)
    }

    /// Finds the one live token, and leaves its payload in `shared.loaded`.
    fn find(
        &mut self,
        engine: &Engine<T>,
        seal: &Signed,
        request: &Parts,
        now: Millis,
    ) -> Option<Found> {
        let mut found: Option<(&[u8], Found)> = None;
        let mut others = Others::default();
        let mut ambiguous = false;
        let mut tokens = 0;
        let (loaded, scratch) = (self.shared.loaded_mut(), &mut self.payload);
        engine.carrier.find(&request.headers, &mut |text| {
            tokens += 1;
            if tokens > MAX_TOKENS || found.as_ref().is_some_and(|(other, _)| *other == text) {
                return;
            }
            if text.len() > engine.carrier.capacity() {
                // None of ours: refused before anything is decoded.
                others.forged = true;
                return;
            }
            match seal.open(text, scratch) {
                Ok((envelope, under_first_key)) => {
                    match engine.lifetimes.vitality(&envelope, now) {
                        Vitality::Alive if found.is_some() => ambiguous = true,
                        Vitality::Alive => {
                            loaded.swap(scratch);
                            found = Some((text, Found { envelope, under_first_key }));
                        }
                        Vitality::Expired => {
                            others.expired = true;
                            others.last_values =
                                engine.last_values(envelope.payload_version, scratch);
                        }
                        Vitality::FromTheFuture => others.future = true,
                    }
                }
                Err(Refused::Forged) => others.forged = true,
                Err(Refused::Unknown) => others.unknown = true,
            }
        });
        self.brought_token = tokens > 0;
        self.ambiguous = ambiguous;
        if ambiguous {
            engine.emit_in(Some(request), &Event::Ambiguous);
            return None;
        }
        if let Some((_, found)) = found {
            return Some(found);
        }
        self.dead_token = others.is_dead();
        others.report(engine, request);
        None
    }

    /// Decodes and checks what was found. `false`: it is no session after all.
    pub(super) fn load(
        &mut self,
        engine: &Engine<T>,
        request: &Parts,
        found: Found,
        now: Millis,
    ) -> Result<bool, OpenError> {
        let Found { mut envelope, under_first_key } = found;
        let state = match self.decode(engine, &mut envelope, now) {
            Ok(state) => state,
            Err(error) => {
                engine.emit_undecodable(Some(request), &error, self.shared.loaded());
                return if engine.fail_on_undecodable {
                    Err(OpenError::Undecodable(error))
                } else {
                    Ok(false)
                };
            }
        };
        if let Some(field) = engine.refuses(&state, request) {
            self.dead_token = true;
            let event = Event::Invalid(InvalidReason::Refused { field });
            engine.emit_with(Some(request), &event, || values::of_state(&state, Of::from(&field)));
            return Ok(false);
        }
        self.origin = Origin::Loaded;
        self.old_key = !under_first_key;
        self.extension_due = engine.lifetimes.extension_due(&envelope, now);
        self.envelope = Some(envelope);
        self.shared.start_loaded(state);
        engine.emit_in(Some(request), &Event::Loaded);
        Ok(true)
    }

    fn decode(
        &mut self,
        engine: &Engine<T>,
        envelope: &mut Envelope,
        now: Millis,
    ) -> Result<T, DecodeError> {
        decode(engine, self.shared.loaded_mut(), envelope, now)
    }
}

/// Decodes a payload, migrated and with its fields ended as today asks. `loaded` is then what the
/// state is encoded as.
pub(super) fn decode<T: SessionData>(
    engine: &Engine<T>,
    loaded: &mut Payload,
    envelope: &mut Envelope,
    now: Millis,
) -> Result<T, DecodeError> {
    let migrates = T::OPTIONS.migrates && envelope.payload_version < T::OPTIONS.version;
    let mut state = if migrates {
        migrate(engine, envelope.payload_version, loaded)?
    } else {
        engine.coder.decode(loaded)?
    };
    let ended = end_fields(&mut state, envelope, now);
    // An initial value that no other call would give again must not be compared with one.
    let given = T::OPTIONS.impure && misses_a_field::<T>(loaded);
    if ended || given {
        let mut again = Payload::default();
        let encoded = engine.coder.encode(&state, &mut again);
        let carried = encoded.and_then(|()| engine.coder.carry_unknown(loaded, &mut again));
        carried.map_err(DecodeError::new)?;
        loaded.swap(&mut again);
    }
    Ok(state)
}

impl Others {
    /// Whether the client may forget its tokens: none of them will ever be good again.
    pub(super) fn is_dead(&self) -> bool {
        (self.forged || self.expired || self.future || self.missing) && !self.unknown
    }

    pub(super) fn report<T>(&self, engine: &Engine<T>, request: &Parts) {
        if self.missing {
            engine.emit_in(Some(request), &Event::Missing);
        }
        if self.expired {
            engine.emit_with(Some(request), &Event::Expired, || self.last_values.clone());
        }
        let invalid = [
            (self.forged, InvalidReason::Forged),
            (self.future, InvalidReason::FromTheFuture),
            (self.unknown, InvalidReason::UnknownKey),
        ];
        for (_, reason) in invalid.into_iter().filter(|(happened, _)| *happened) {
            engine.emit_in(Some(request), &Event::Invalid(reason));
        }
    }
}

/// Puts fields that are past their own end back to their initial values.
fn end_fields<T: SessionData>(state: &mut T, envelope: &mut Envelope, now: Millis) -> bool {
    let before = envelope.expiries.len();
    envelope.expiries.retain(|expiry| {
        let index = T::FIELDS.iter().position(|field| *field.name == *expiry.field);
        match index {
            Some(index) if now > expiry.end => {
                crate::data::reset_field(state, index);
                false
            }
            _ => true,
        }
    });
    envelope.expiries.len() < before
}

fn misses_a_field<T: SessionData>(loaded: &Payload) -> bool {
    (0..T::FIELDS.len()).any(|index| !T::FIELDS[index].skip && loaded.field(index).is_none())
}

/// Brings an older payload to today's form, and leaves it encoded as today.
fn migrate<T: SessionData>(
    engine: &Engine<T>,
    from: u32,
    loaded: &mut Payload,
) -> Result<T, DecodeError> {
    let mut members = engine.coder.members(loaded)?;
    T::migrate(from, &mut members).map_err(DecodeError::new)?;
    let mut migrated = Payload::default();
    serde_json::to_writer(migrated.start(), &members).map_err(DecodeError::new)?;
    let state = Codec::decode::<T>(&Json, &mut migrated)?;
    let mut today = Payload::default();
    let encoded = engine.coder.encode(&state, &mut today);
    encoded.map_err(DecodeError::new)?;
    engine.coder.carry_unknown(&migrated, &mut today).map_err(DecodeError::new)?;
    loaded.swap(&mut today);
    Ok(state)
}

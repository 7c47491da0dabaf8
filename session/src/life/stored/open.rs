//! Opening a session that a store keeps.

use super::ask::ask;
use super::{Body, OnOutage, Row, StoreHome};
use crate::data::{DecodeError, Payload, SessionData};
use crate::event::Event;
use crate::id::SessionId;
use crate::life::engine::Engine;
use crate::life::open::{Found, MAX_TOKENS, OpenError, Others};
use crate::life::slot::{Life, Slot};
use crate::life::times::Vitality;
use crate::store::{
    DynStore, Loaded, Record, RowKey, StoreCall, StoreError, StoreErrorKind, answered,
};
use crate::time::Millis;
use http::HeaderMap;
use http::request::Parts;
use std::sync::Arc;
use std::time::Duration;

/// What the request's tokens name.
#[derive(Default)]
struct Seen {
    live: Option<Live>,
    /// More than one is alive.
    ambiguous: bool,
    /// One has ended a short time ago.
    straggler: bool,
    rotated_away: bool,
    /// The row of one is none that this version can read.
    unreadable: Option<StoreError>,
    others: Others,
    brought_token: bool,
}

struct Live {
    id: SessionId,
    key: RowKey,
    record: Record,
}

/// What became of one id.
enum Verdict {
    Live(Record),
    /// With its values, if the log is to have them.
    Expired(Option<String>),
    FromTheFuture,
    /// Destroyed a short time ago.
    Ended,
    /// Its id was rotated a short time ago.
    RotatedAway,
    /// No such session.
    Missing,
    /// The row is none that this version can read.
    Unreadable,
}

impl<T: SessionData> Slot<T> {
    /// As `Life::open`, for sessions in stores. The lock is not held while a store is asked: of two
    /// extractions at once the first to come back opens the session.
    pub(in crate::life) async fn open_stored(
        &self,
        home: &StoreHome,
        request: &Parts,
    ) -> Result<(), OpenError> {
        let Some(now) = self.with(Life::begin_open) else {
            return Ok(());
        };
        let store = home.pick.store(request);
        let mut seen = Seen::default();
        let looked = look(self.engine(), home, &*store, request, now, &mut seen).await;
        self.with(|life, engine| life.open_looked(engine, home, request, store, looked, &mut seen))
    }
}

/// Looks at the sessions that the request names.
async fn look<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    store: &dyn DynStore,
    request: &Parts,
    now: Millis,
    seen: &mut Seen,
) -> Result<(), StoreError> {
    let (first, rest) = ids(engine, &request.headers, seen);
    for id in first.into_iter().chain(rest) {
        let key = home.names.row(id.handle());
        let loaded = match ask(home.patience, StoreCall::Load, store.load(&key)).await {
            Err(error) if is_unreadable(&error) => {
                seen.unreadable = Some(error);
                continue;
            }
            loaded => loaded?,
        };
        match judge(engine, home, &id, loaded, now)? {
            Verdict::Live(_) if seen.live.is_some() => seen.ambiguous = true,
            Verdict::Live(record) => seen.live = Some(Live { id, key, record }),
            Verdict::Expired(values) => {
                seen.others.expired = true;
                seen.others.last_values = values;
                // Garbage: should that fail, its own lifetime collects it.
                let _ =
                    ask(home.patience, StoreCall::Delete, store.delete(&key, Duration::ZERO)).await;
            }
            Verdict::FromTheFuture => seen.others.future = true,
            Verdict::Ended => seen.straggler = true,
            Verdict::RotatedAway => {
                seen.straggler = true;
                seen.rotated_away = true;
            }
            Verdict::Missing => seen.others.missing = true,
            Verdict::Unreadable => seen.unreadable = Some(StoreError::corrupt()),
        }
    }
    Ok(())
}

impl<T: SessionData> Life<T> {
    /// As `Slot::open_stored`, of a store that answers at once.
    pub(in crate::life) fn open_at_once(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        request: &Parts,
    ) -> Result<(), OpenError> {
        let Some(now) = self.begin_open(engine) else {
            return Ok(());
        };
        let store = home.pick.store(request);
        let mut seen = Seen::default();
        let looked = answered(|| look(engine, home, &*store, request, now, &mut seen));
        self.open_looked(engine, home, request, store, looked, &mut seen)
    }

    /// Opens what a look at the store came to.
    fn open_looked(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        request: &Parts,
        store: Arc<dyn DynStore>,
        looked: Result<(), StoreError>,
        seen: &mut Seen,
    ) -> Result<(), OpenError> {
        if let Err(error) = looked {
            return self.open_without_store(engine, home.on_outage, error, request);
        }
        if self.opened {
            return Ok(());
        }
        self.held.store = Some(store);
        let opened = self.open_seen(engine, request, seen)?;
        if !opened {
            self.held.row = None;
        }
        self.opened_as(engine, request, opened)
    }

    /// The store can't be asked.
    pub(in crate::life) fn open_without_store(
        &mut self,
        engine: &Engine<T>,
        on_outage: OnOutage,
        error: StoreError,
        request: &Parts,
    ) -> Result<(), OpenError> {
        engine.emit_in(Some(request), &Event::Outage(&error));
        if on_outage == OnOutage::Fail {
            return Err(OpenError::Store(Arc::new(error)));
        }
        if !self.opened {
            self.held.outage = true;
            self.start_blank(engine)?;
            self.is_new = true;
            self.opened = true;
        }
        Ok(())
    }

    /// Takes what counts of what was seen. `false`: there is no session.
    fn open_seen(
        &mut self,
        engine: &Engine<T>,
        request: &Parts,
        seen: &mut Seen,
    ) -> Result<bool, OpenError> {
        self.brought_token = seen.brought_token;
        self.ambiguous = seen.ambiguous;
        if seen.ambiguous {
            engine.emit_in(Some(request), &Event::Ambiguous);
            return Ok(false);
        }
        if let Some(Live { id, key, record }) = seen.live.take()
            // As it was when it was judged; carried from there it would be copied about.
            && let Some(mut body) = Body::read(&record.body, record.times)
        {
            self.held.row = Some(Row {
                key,
                id,
                secret: body.secret,
                previous: body.previous,
                revision: record.revision,
                ends: record.times.ends,
                next: None,
            });
            self.shared.loaded_mut().take(record.body, body.payload);
            engine.lifetimes.adopt(&mut body.envelope);
            let found = Found { envelope: body.envelope, under_first_key: true };
            return self.load(engine, request, found, self.opened_at);
        }
        self.held.straggler = seen.straggler;
        self.held.rotated_away = seen.rotated_away;
        self.dead_token = seen.others.is_dead() && !seen.straggler && seen.unreadable.is_none();
        seen.others.report(engine, request);
        if let Some(error) = seen.unreadable.take() {
            let error = DecodeError::new(error);
            engine.emit_in(Some(request), &Event::Undecodable(&error));
            if engine.fail_on_undecodable {
                return Err(OpenError::Undecodable(error));
            }
        }
        Ok(false)
    }
}

/// The ids of the request: at most as many as are looked at, each once. Nearly always it is one.
fn ids<T: SessionData>(
    engine: &Engine<T>,
    headers: &HeaderMap,
    seen: &mut Seen,
) -> (Option<SessionId>, Vec<SessionId>) {
    let (mut first, mut rest) = (None::<SessionId>, Vec::<SessionId>::new());
    let mut tokens = 0;
    engine.carrier.find(headers, &mut |text| {
        tokens += 1;
        if tokens > MAX_TOKENS {
            return;
        }
        match SessionId::parse(text) {
            Some(id) if first.iter().chain(&rest).any(|other| other.bytes() == id.bytes()) => {}
            Some(id) if first.is_none() => first = Some(id),
            Some(id) => rest.push(id),
            None => seen.others.forged = true,
        }
    });
    seen.brought_token = tokens > 0;
    (first, rest)
}

/// There is a row, and nothing that this instance can read.
fn is_unreadable(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Corrupt | StoreErrorKind::Unreadable)
}

fn judge<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    id: &SessionId,
    loaded: Loaded,
    now: Millis,
) -> Result<Verdict, StoreError> {
    let record = match loaded {
        Loaded::Record(record) => record,
        Loaded::Ended => return Ok(Verdict::Ended),
        Loaded::Nothing => return Ok(Verdict::Missing),
    };
    let Some(mut body) = Body::read(&record.body, record.times) else {
        return Ok(Verdict::Unreadable);
    };
    if body.handle != id.handle() {
        return Err(StoreError::of(StoreErrorKind::MixedUp).in_call(StoreCall::Load));
    }
    let secret = home.names.secret(id);
    if !secret.is(&body.secret) {
        // A client that did not get its new id yet has the secret before. Whoever knows no more than
        // the handle learns nothing: not even that there is such a session.
        let straggles = body.previous.is_some_and(|previous| secret.is(&previous))
            && home.remembers(body.envelope.rotated, now)
            && now <= record.times.ends;
        return Ok(if straggles { Verdict::RotatedAway } else { Verdict::Missing });
    }
    engine.lifetimes.adopt(&mut body.envelope);
    let vitality = engine.lifetimes.vitality(&body.envelope, now);
    Ok(match vitality {
        Vitality::FromTheFuture if now <= record.times.ends => Verdict::FromTheFuture,
        Vitality::Alive if now <= record.times.ends => Verdict::Live(record),
        _ => {
            let mut payload = Payload::default();
            payload.take(record.body, body.payload);
            Verdict::Expired(engine.last_values(body.envelope.payload_version, &mut payload))
        }
    })
}

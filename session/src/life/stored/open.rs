//! Opening a session that a store keeps.

use super::ask::ask;
use super::{Body, OnOutage, Row, StoreHome};
use crate::data::SessionData;
use crate::event::Event;
use crate::id::SessionId;
use crate::life::engine::Engine;
use crate::life::open::{Found, MAX_TOKENS, OpenError, Others};
use crate::life::slot::Slot;
use crate::life::times::Vitality;
use crate::store::{Loaded, Record, RowKey, StoreError, StoreErrorKind};
use crate::time::Millis;
use http::HeaderMap;
use http::request::Parts;
use std::sync::Arc;
use std::time::Duration;

/// What the request's tokens name, before a store was asked.
struct Asked {
    ids: Vec<SessionId>,
    others: Others,
    brought_token: bool,
}

/// What became of one id.
enum Verdict {
    Live(Row, Record, Body),
    Expired(RowKey),
    FromTheFuture,
    /// Rotated or destroyed a short time ago.
    Ended,
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
        let opened = self.with(|life, engine| {
            life.extracted = true;
            if !life.opened {
                life.opened_at = engine.now();
                life.held.store = Some(home.pick.store(request));
            }
            (life.opened, life.opened_at, life.held.store.clone())
        });
        let (false, now, Some(store)) = opened else {
            return Ok(());
        };
        let mut asked = self.with(|_, engine| ids(engine, &request.headers));
        let mut live = None;
        let mut straggler = false;
        let mut unreadable = false;
        let mut ambiguous = false;
        for id in std::mem::take(&mut asked.ids) {
            let key = home.names.row(id.handle());
            let loaded = match ask(home.patience, store.load(&key)).await {
                Ok(loaded) => Ok(loaded),
                Err(error) if error.kind() == StoreErrorKind::Corrupt => {
                    unreadable = true;
                    continue;
                }
                Err(error) => Err(error),
            };
            let judged = loaded.and_then(|loaded| {
                self.with(|_, engine| judge(engine, home, id, key, loaded, now))
            });
            match judged {
                Ok(Verdict::Live(..)) if live.is_some() => ambiguous = true,
                Ok(Verdict::Live(row, record, body)) => live = Some((row, record, body)),
                Ok(Verdict::Expired(key)) => {
                    asked.others.expired = true;
                    // Garbage: should that fail, its own lifetime collects it.
                    let _ = ask(home.patience, store.delete(&key, Duration::ZERO)).await;
                }
                Ok(Verdict::FromTheFuture) => asked.others.future = true,
                Ok(Verdict::Ended) => straggler = true,
                Ok(Verdict::Missing) => asked.others.missing = true,
                Ok(Verdict::Unreadable) => unreadable = true,
                Err(error) => return self.open_without_store(home, error),
            }
        }
        self.with(|life, engine| {
            if life.opened {
                return Ok(());
            }
            life.brought_token = asked.brought_token;
            life.ambiguous = ambiguous;
            if ambiguous {
                engine.emit(&Event::Ambiguous);
                live = None;
            }
            let opened = match live {
                Some((row, record, body)) => {
                    life.held.row = Some(row);
                    life.shared.loaded_mut().take(record.body, body.payload);
                    let found = Found { envelope: body.envelope, under_first_key: true };
                    life.load(engine, request, found, now)?
                }
                None => {
                    life.held.straggler = straggler && !ambiguous;
                    life.dead_token =
                        !ambiguous && !straggler && !unreadable && asked.others.is_dead();
                    if !ambiguous {
                        asked.others.report(engine);
                    }
                    if unreadable {
                        let error = crate::DecodeError::new("the row is none of this library's");
                        engine.emit(&Event::Undecodable(&error));
                        if engine.fail_on_undecodable {
                            return Err(OpenError::Undecodable(error));
                        }
                    }
                    false
                }
            };
            if !opened {
                life.held.row = None;
            }
            life.opened_as(engine, request, opened)
        })
    }

    fn open_without_store(&self, home: &StoreHome, error: StoreError) -> Result<(), OpenError> {
        self.with(|life, engine| {
            engine.emit(&Event::Outage(&error));
            if home.on_outage == OnOutage::Fail {
                return Err(OpenError::Store(Arc::new(error)));
            }
            if !life.opened {
                life.held.outage = true;
                life.start_blank(engine)?;
                life.is_new = true;
                life.opened = true;
            }
            Ok(())
        })
    }
}

/// The ids of the request: at most as many as are looked at, each once.
fn ids<T: SessionData>(engine: &Engine<T>, headers: &HeaderMap) -> Asked {
    let mut asked = Asked { ids: Vec::new(), others: Others::default(), brought_token: false };
    let mut tokens = 0;
    let mut scratch = Vec::new();
    engine.carrier.find(headers, &mut |text| {
        tokens += 1;
        if tokens > MAX_TOKENS {
            return;
        }
        match SessionId::parse(text, &mut scratch) {
            Some(id) if asked.ids.iter().any(|other| other.bytes() == id.bytes()) => {}
            Some(id) => asked.ids.push(id),
            None => asked.others.forged = true,
        }
    });
    asked.brought_token = tokens > 0;
    asked
}

fn judge<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    id: SessionId,
    key: RowKey,
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
        return Err(StoreError::of(StoreErrorKind::MixedUp));
    }
    if !home.names.secret(&id).is(&body.secret) {
        // Somebody who knows the handle, or a client that did not get its new id yet.
        let since = Duration::from_millis(now.since(body.envelope.rotated));
        let ended = since < home.remember && now <= record.times.ends;
        return Ok(if ended { Verdict::Ended } else { Verdict::Missing });
    }
    engine.lifetimes.adopt(&mut body.envelope);
    let vitality = engine.lifetimes.vitality(&body.envelope, now);
    Ok(match vitality {
        _ if now > record.times.ends => Verdict::Expired(key),
        Vitality::Expired => Verdict::Expired(key),
        Vitality::FromTheFuture => Verdict::FromTheFuture,
        Vitality::Alive => {
            let row = Row {
                key,
                id,
                secret: body.secret,
                revision: record.revision,
                ends: record.times.ends,
                next: None,
            };
            Verdict::Live(row, record, body)
        }
    })
}

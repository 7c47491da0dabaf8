//! A write: from a plan to a row, and what follows when it is done.

use super::body::{self, Body};
use super::drive::Came;
use super::next::{Moment, Next};
use super::{Owed, Row, Secrets, StoreHome};
use crate::data::{Payload, SessionData};
use crate::error::{BoxError, CommitError};
use crate::id::{SECRET, SecretDigest, SessionHandle, SessionId};
use crate::life::decide::{Plan, Seal, Times as Turned, Turn};
use crate::life::engine::Engine;
use crate::life::plan::Examined;
use crate::life::slot::{Life, Pending};
use crate::random;
use crate::seal::Envelope;
use crate::store::{IndexKey, Lease, Record, Revision, RowKey, StoreError, Times};
use std::ops::Range;

/// A write that is due.
pub(crate) struct Write {
    pub(super) how: How,
    pub(super) key: RowKey,
    pub(super) record: Record,
    pub(super) lease: Lease,
    /// Index entries that must be there before the row, and those that go after it.
    pub(super) insert: Vec<IndexKey>,
    pub(super) remove: Vec<IndexKey>,
    /// A `rotate` field has a new non-initial value.
    pub(super) login: bool,
    plan: Seal,
    id: SessionId,
    secret: SecretDigest,
    previous: Option<SecretDigest>,
    envelope: Envelope,
    payload: Range<usize>,
    /// The version of the request's state that is written.
    version: u32,
    fields: Vec<&'static str>,
    /// What was owed before this write.
    pub(super) owed_before: Option<Owed>,
    /// A `rotate` field went from one non-initial value to another.
    another_user: bool,
    /// What the store said, if it was asked already.
    pub(super) came: Option<Result<Came, StoreError>>,
}

impl Write {
    /// Whether there is nothing to do beside it: no index entries, no other sessions of the user.
    pub(super) fn is_alone(&self, home: &StoreHome) -> bool {
        self.insert.is_empty()
            && self.remove.is_empty()
            && (home.max_sessions.is_none() || !self.login)
    }

    /// How to merge what another request wrote meanwhile.
    pub(super) fn terms(&self) -> Terms {
        Terms {
            login: self.login,
            another_user: self.another_user,
            changes_count: self.plan.fresh,
            is_conflict: true,
        }
    }
}

/// How to merge what another request wrote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// A `rotate` field has a new non-initial value here.
    pub(super) login: bool,
    /// A `rotate` field went from one non-initial value to another.
    pub(super) another_user: bool,
    /// What was changed here is to be written. Else theirs is taken as it is: the request failed, and
    /// only its new id is still due.
    pub(super) changes_count: bool,
    /// It was in the way of a write: for the events.
    pub(super) is_conflict: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    Create,
    Update(Revision),
    Touch(Revision),
}

impl<T: SessionData> Life<T> {
    pub(super) fn write(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        seal: Seal,
        examined: Examined,
        owed: Option<Owed>,
        secret: Option<[u8; SECRET]>,
    ) -> Result<Next, CommitError> {
        let now = self.opened_at;
        let turned = seal.times != Turned::Keep;
        if self.detached && examined.turn != Turn::None {
            return Err(CommitError::Detached);
        }
        if self.held.merged && seal.fresh {
            // Asked here, so that what it refuses is refused as often as it is tried.
            let refused = match (&self.request, self.shared.newest()) {
                (Some(request), Some(state)) if engine.validates() => {
                    engine.refuses(state, request)
                }
                _ => None,
            };
            if let Some(field) = refused {
                return Err(CommitError::Invalid { field });
            }
        }
        let (how, id) = match &self.held.row {
            Some(row) if !turned && !seal.fresh => (How::Touch(row.revision), row.id),
            Some(row) if !turned => (How::Update(row.revision), row.id),
            row => {
                let how = row.map_or(How::Create, |row| How::Update(row.revision));
                match self.new_id(home, secret)? {
                    Some(id) => (how, id),
                    None => return Ok(Next::MakeSecret),
                }
            }
        };
        let another_user =
            examined.another_user || self.held.owed.is_some_and(|owed| owed.another_user);
        let mut envelope = self.next_envelope(engine, seal, another_user, now);
        let payload = if seal.fresh {
            envelope.payload_version = T::OPTIONS.version;
            envelope.expiries = examined.expiries;
            self.payload.bytes()
        } else {
            self.shared.loaded().bytes()
        };
        let moved = seal.extend || turned || self.lifetime_set.is_some();
        let ends = match &self.held.row {
            Some(row) if !moved => row.ends,
            _ => engine.lifetimes.end(&envelope),
        };
        // Sessions live shorter today than when the row was written: a later end by today's measure
        // is an earlier one by the row's, which no touch moves to.
        let allowed = self.envelope.as_ref().map(|before| engine.lifetimes.end(before));
        let shortened = moved && self.held.row.is_some_and(|row| allowed < Some(row.ends));
        let how = match how {
            How::Touch(revision) if shortened => How::Update(revision),
            how => how,
        };
        let revision = match how {
            How::Create => Revision::FIRST,
            How::Update(revision) => revision.next(),
            How::Touch(revision) => revision,
        };
        // The digests of an id that stays are known.
        let (key, secret) = match &self.held.row {
            Some(row) if !turned => (row.key, row.secret),
            Some(row) => (row.key, home.names.secret(&id)),
            None => (home.names.row(id.handle()), home.names.secret(&id)),
        };
        // The secret that a rotation replaces; a later write lets go of it once it is forgotten.
        let previous = match &self.held.row {
            Some(row) if turned => Some(row.secret),
            Some(row) => row.previous,
            None => None,
        };
        let previous = previous.filter(|_| home.remembers(envelope.rotated, now));
        let body = match how {
            How::Touch(_) => Vec::new(),
            _ => {
                let stamp = body::stamp();
                let unanswered = self.held.sent.replace((revision, stamp));
                self.held.unanswered.extend(unanswered);
                let buffer = std::mem::take(&mut self.row);
                let previous = previous.as_ref();
                Body::write(id.handle(), &secret, previous, stamp, &envelope, payload, buffer)
            }
        };
        let payload = body.len() - payload.len().min(body.len())..body.len();
        let lease = Lease {
            now,
            keep: home.keep(now, ends),
            may_shorten: shortened || self.lifetime_set.is_some() || seal.times == Turned::Restart,
        };
        let (insert, remove) = if home.indexed {
            self.moving_entries(engine, home, seal.fresh, moved)
        } else {
            (Vec::new(), Vec::new())
        };
        if matches!(how, How::Create) {
            self.held.undelivered = Some(key);
        }
        // From the moment at which it may have been written it is owed, answer or not.
        let owed_before = self.held.owed;
        self.held.owed = owed.or(owed_before);
        Ok(Next::Write(Write {
            owed_before,
            how,
            key,
            record: Record {
                revision,
                times: Times::new(envelope.renewed, envelope.idle, ends),
                body,
            },
            lease,
            insert,
            remove,
            login: examined.login,
            another_user,
            plan: seal,
            id,
            secret,
            previous,
            envelope,
            payload,
            version: self.shared.version(),
            fields: examined.changed,
            came: None,
        }))
    }

    /// The touch by which a detached session is used.
    pub(super) fn extension(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
    ) -> Result<Option<Next>, CommitError> {
        let now = self.opened_at;
        let due =
            self.envelope.as_ref().filter(|session| engine.lifetimes.extension_due(session, now));
        if due.is_none() {
            return Ok(None);
        }
        let touch = Seal { fresh: false, times: Turned::Keep, extend: true };
        let examined = Examined::untouched(Turn::None);
        self.write(engine, home, touch, examined, None, None).map(Some)
    }

    /// A new id: of this session, with another secret. `None`: the secret is to be made first.
    pub(super) fn new_id(
        &mut self,
        home: &StoreHome,
        secret: Option<[u8; SECRET]>,
    ) -> Result<Option<SessionId>, CommitError> {
        if let Some(promised) = self.held.promised {
            return Ok(Some(promised));
        }
        let known = self.held.row.map(|row| row.id.handle()).or(self.held.handle);
        let mut random = [0; SessionId::BYTES];
        match (secret, &home.secrets) {
            (None, Secrets::Custom(_)) => return Ok(None),
            (None, Secrets::System) => random::fill(&mut random).map_err(no_random)?,
            (Some(secret), _) => {
                random::fill(&mut random).map_err(no_random)?;
                random[16..].copy_from_slice(&secret);
            }
        }
        let id = SessionId::from_bytes(random);
        let id = match known {
            Some(handle) => id.with_handle(handle),
            None => id,
        };
        self.held.handle = Some(id.handle());
        Ok(Some(id))
    }

    /// The session's handle; a new session is given one.
    pub(in crate::life) fn handle(&mut self) -> Result<SessionHandle, getrandom::Error> {
        if let Some(row) = &self.held.row {
            return Ok(row.id.handle());
        }
        match self.held.handle {
            Some(handle) => Ok(handle),
            None => {
                let handle = SessionHandle::random()?;
                self.held.handle = Some(handle);
                Ok(handle)
            }
        }
    }

    /// What follows from a write that was carried out.
    pub(super) fn written(
        &mut self,
        engine: &Engine<T>,
        moment: Moment,
        write: &mut Write,
    ) -> Plan {
        let plan = write.plan;
        let created = matches!(write.how, How::Create);
        let turned = !created && plan.times != Turned::Keep;
        let moved = created || turned || plan.extend || self.lifetime_set.is_some();
        if moved {
            self.token.clear();
            self.token.extend_from_slice(write.id.bytes());
            let max_age = engine.lifetimes.cookie_max_age(&write.envelope, self.opened_at);
            self.pending = Pending::Token { max_age };
        }
        if created || turned {
            self.held.promised = None;
            self.held.owed = None;
        }
        self.held.handle = None;
        if plan.fresh {
            self.prepared = false;
            self.held.merged = false;
            self.reset = false;
        }
        self.held.sent = None;
        self.envelope = Some(std::mem::take(&mut write.envelope));
        let body = std::mem::take(&mut write.record.body);
        self.held.row = Some(Row {
            key: write.key,
            id: write.id,
            secret: write.secret,
            previous: write.previous,
            revision: write.record.revision,
            ends: write.record.times.ends,
            next: self.held.row.and_then(|row| row.next),
        });
        self.report_written(engine, plan, &write.fields, turned);
        if moment == Moment::Now && plan.fresh {
            let mut loaded = Payload::default();
            loaded.take(body, write.payload.clone());
            // For the spans of its fields.
            let _ = engine.coder.decode(&mut loaded);
            self.shared.rebase(&mut loaded, write.version);
        } else {
            self.row = body;
        }
        Plan::Seal(plan)
    }
}

fn no_random(error: getrandom::Error) -> CommitError {
    CommitError::Id(BoxError::from(error))
}

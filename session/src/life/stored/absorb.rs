//! When somebody else was first: merging what they wrote, or learning that the session ended.

use super::{Body, Row, StoreHome};
use crate::data::{Payload, SessionData};
use crate::error::CommitError;
use crate::event::Event;
use crate::life::decide::{Origin, Plan};
use crate::life::engine::Engine;
use crate::life::open::decode;
use crate::life::slot::Life;
use crate::store::{Loaded, StoreError, StoreErrorKind};

impl<T: SessionData> Life<T> {
    /// Merges the row as it is now with this request's changes, three ways (rule 23). What is asked
    /// next is planned anew, from the row as it is now; unless there is a plan, which is then done.
    pub(super) fn absorb(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        current: Loaded,
        (login, another_user): (bool, bool),
    ) -> Result<Option<Plan>, CommitError> {
        let Some(mut row) = self.held.row else {
            return Ok(None);
        };
        let Loaded::Record(record) = current else {
            return self.end(engine, home, login);
        };
        let Some(mut body) = Body::read(&record.body, record.times) else {
            return Err(CommitError::Store(StoreError::corrupt()));
        };
        if body.handle != row.id.handle() {
            return Err(CommitError::Store(StoreError::of(StoreErrorKind::MixedUp)));
        }
        if let Some(next) = row.next
            && home.names.secret(&next).is(&body.secret)
        {
            // The response that was to give it a new id has done so.
            row.id = next;
            row.secret = body.secret;
            row.next = None;
        }
        if !body.secret.is(&row.secret) || self.opened_at > record.times.ends {
            // Rotated meanwhile: this request's id has ended.
            return self.end(engine, home, login);
        }
        engine.lifetimes.adopt(&mut body.envelope);
        let mut payload = Payload::default();
        payload.take(record.body, body.payload);
        let theirs = decode(engine, &mut payload, &mut body.envelope, self.opened_at)
            .map_err(|error| CommitError::Store(StoreError::new(StoreErrorKind::Corrupt, error)))?;
        engine.emit(&Event::Conflict { field: None });
        let merged = self.shared.absorb(&*engine.coder, theirs, payload, another_user);
        if let Err(conflict) = merged {
            engine.emit(&Event::Conflict { field: Some(conflict.field) });
            return Err(CommitError::Rejected { field: conflict.field, source: conflict.source });
        }
        self.envelope = Some(body.envelope);
        self.held.row = Some(Row { revision: record.revision, ends: record.times.ends, ..row });
        self.extension_due = self.extension_due
            && self
                .envelope
                .as_ref()
                .is_some_and(|envelope| engine.lifetimes.extension_due(envelope, self.opened_at));
        let refused = match (&self.request, self.shared.newest()) {
            (Some(request), Some(state)) if engine.validates() => engine.refuses(state, request),
            _ => None,
        };
        match refused {
            Some(field) => Err(CommitError::Invalid { field }),
            None => Ok(None),
        }
    }

    /// The session ended while the request worked on it. A login goes on in a new session, from
    /// initial values and this request's own changes (rule 24); all else is refused.
    pub(super) fn end(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        login: bool,
    ) -> Result<Option<Plan>, CommitError> {
        if !login {
            return self.refuse(engine, home).map(Some);
        }
        engine.emit(&Event::Ended);
        self.shared.only_changes(&*engine.coder).map_err(CommitError::Encode)?;
        self.origin = Origin::New;
        self.envelope = None;
        self.extension_due = false;
        self.held.row = None;
        self.held.handle = None;
        self.held.promised = None;
        self.held.owed = None;
        Ok(None)
    }
}

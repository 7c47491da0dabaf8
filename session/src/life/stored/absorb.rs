//! When somebody else was first: merging what they wrote, or learning that the session ended.

use super::write::Terms;
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
        terms: Terms,
    ) -> Result<Option<Plan>, CommitError> {
        let Some(mut row) = self.held.row else {
            return Ok(None);
        };
        let Loaded::Record(record) = current else {
            return self.end(engine, home, terms.login);
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
            return self.end(engine, home, terms.login);
        }
        engine.lifetimes.adopt(&mut body.envelope);
        if record.revision != row.revision {
            let stamp = (record.revision, body.stamp);
            let own = self.held.sent == Some(stamp) || self.held.unanswered.contains(&stamp);
            let mut payload = Payload::default();
            payload.take(record.body, body.payload);
            let theirs = decode(engine, &mut payload, &mut body.envelope, self.opened_at).map_err(
                |error| CommitError::Store(StoreError::new(StoreErrorKind::Corrupt, error)),
            )?;
            if own {
                // Written before, though the answer was lost: nobody else changed anything.
                self.shared.rest_on(payload);
            } else if self.changes_hands(engine, &theirs)? {
                return self.end(engine, home, terms.login);
            } else {
                self.merge(engine, theirs, payload, terms)?;
            }
        }
        self.envelope = Some(body.envelope);
        self.held.row = Some(Row {
            previous: body.previous,
            revision: record.revision,
            ends: record.times.ends,
            ..row
        });
        self.extension_due = self.extension_due
            && self
                .envelope
                .as_ref()
                .is_some_and(|envelope| engine.lifetimes.extension_due(envelope, self.opened_at));
        Ok(None)
    }

    fn merge(
        &mut self,
        engine: &Engine<T>,
        theirs: T,
        payload: Payload,
        terms: Terms,
    ) -> Result<(), CommitError> {
        if terms.is_conflict {
            self.emit(engine, &Event::Conflict { field: None });
        }
        let coder = &*engine.coder;
        let merged = if terms.changes_count {
            self.shared.absorb(coder, theirs, payload, terms.another_user)
        } else {
            self.shared.give_way(theirs, payload);
            Ok(())
        };
        self.held.merged = true;
        merged.map_err(|conflict| {
            self.emit(engine, &Event::Conflict { field: Some(conflict.field) });
            CommitError::Rejected { field: conflict.field, source: conflict.source }
        })
    }

    /// Whether another request changed a `rotate` field, and its new id is only not given out yet:
    /// then the session is already somebody else's.
    fn changes_hands(&mut self, engine: &Engine<T>, theirs: &T) -> Result<bool, CommitError> {
        let coder = &*engine.coder;
        let base = self.shared.base_state(coder).map_err(CommitError::Encode)?;
        let mut rotating = (0..T::FIELDS.len()).filter(|&index| T::FIELDS[index].rotate);
        Ok(rotating.any(|index| !theirs.same_field(&base, index)))
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
        self.emit(engine, &Event::Ended);
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

//! Closing: from what happened to the response's headers.

use super::decide::{Origin, Outcome, Plan, Policy, Seal, Times};
use super::engine::{Engine, Home};
use super::foreign::Work;
#[cfg(feature = "testing")]
use super::open::OpenError;
use super::plan::Examined;
use super::slot::{Life, Pending, Slot};
use super::stored::Driven;
use crate::base64url;
use crate::carrier::Token;
use crate::data::SessionData;
use crate::data::diff::largest_field;
use crate::error::CommitError;
use crate::event::Event;
use crate::event::values::{self, Of};
use crate::seal::Signed;
use http::HeaderMap;
use std::sync::Arc;

/// How far closing came without waiting.
pub(crate) enum Closing {
    Done(Result<(), CommitError>),
    /// The store is to be asked.
    Ask(Asking),
}

/// A commit that waits for where the session is kept.
pub(crate) enum Asking {
    Stored(Box<Driven>),
    Foreign(Box<Work>),
}

impl<T: SessionData> Life<T> {
    /// Commits at the end of the request. What is to be sent waits for [`deliver`](Self::deliver).
    pub(crate) fn begin_close(&mut self, engine: &Engine<T>, server_error: bool) -> Closing {
        self.closed = true;
        if !self.extracted {
            return Closing::Done(Ok(()));
        }
        let outcome = self.outcome(server_error);
        match &engine.home {
            Home::Cookie(seal) => {
                let committed = self.commit_sealed(engine, seal, outcome, engine.policy);
                if self.moved
                    && !self.shared.has_changes()
                    && matches!(committed, Err(CommitError::TooLarge { .. }))
                {
                    // Nobody asked for a write: the session stays theirs, and the event told it.
                    return Closing::Done(Ok(()));
                }
                if committed.is_err() {
                    // Ending a session is stronger than failing (rule 11).
                    let policy = Policy { commit_on_server_error: false, ..engine.policy };
                    let _ = self.commit_sealed(engine, seal, Outcome::ServerError, policy);
                }
                Closing::Done(committed.map(drop))
            }
            Home::Store(home) => self.begin_close_stored(engine, home, outcome),
            Home::Foreign(home) => self.begin_close_foreign(engine, home, outcome),
        }
    }

    /// Puts what is to be sent into the response's `headers`. Says whether there was anything.
    pub(crate) fn deliver(&mut self, engine: &Engine<T>, headers: &mut HeaderMap) -> bool {
        self.let_go_of_request(engine);
        // What an earlier `commit()` wrote is sent whatever came of the rest (rule 12).
        match (self.pending, &engine.home) {
            (Pending::Nothing, _) => return false,
            (Pending::Removal, Home::Foreign(home)) => home.foreign.remove(headers),
            (Pending::Removal, _) => engine.carrier.remove(headers),
            (Pending::Token { max_age }, Home::Foreign(home)) => {
                home.foreign.set(headers, &self.token, self.opened_at, max_age);
            }
            (Pending::Token { max_age }, _) => {
                engine.carrier.set(headers, Token::new(&self.token, self.opened_at), max_age);
            }
        }
        if let Some(old) = &engine.old
            && self.held.beside_old
        {
            old.foreign.remove(headers);
        }
        true
    }

    fn commit_sealed(
        &mut self,
        engine: &Engine<T>,
        seal: &Signed,
        outcome: Outcome,
        policy: Policy,
    ) -> Result<Plan, CommitError> {
        self.prepared = false;
        let (plan, mut examined) = self.plan(engine, outcome, policy)?;
        match plan {
            Plan::Nothing | Plan::Refuse => {}
            Plan::Remove { ended } => self.remove(engine, ended),
            Plan::Seal(how) => {
                let fields = std::mem::take(&mut examined.changed);
                let turned = self.origin == Origin::Loaded && how.times != Times::Keep;
                self.seal(engine, seal, how, examined)?;
                self.report_written(engine, how, &fields, turned);
            }
        }
        Ok(plan)
    }

    pub(super) fn remove(&mut self, engine: &Engine<T>, ended: bool) {
        self.pending = Pending::Removal;
        if ended {
            self.emit(engine, &Event::Destroyed);
        }
    }

    fn seal(
        &mut self,
        engine: &Engine<T>,
        seal: &Signed,
        how: Seal,
        examined: Examined,
    ) -> Result<(), CommitError> {
        let now = self.opened_at;
        let mut envelope = self.next_envelope(engine, how, examined.another_user, now);
        let payload = if how.fresh {
            envelope.payload_version = T::OPTIONS.version;
            envelope.expiries = examined.expiries;
            &self.payload
        } else {
            self.shared.loaded()
        };
        let bytes = base64url::encoded_len(Signed::token_len(&envelope, payload.bytes()));
        let limit = engine.carrier.capacity();
        if bytes > limit {
            let newest = self.shared.newest();
            let largest = newest.and_then(|state| largest_field(&*engine.coder, state, payload));
            let (field, field_bytes) = largest.unzip();
            self.emit(engine, &Event::TooLarge { field, bytes, limit });
            let field_bytes = field_bytes.unwrap_or(0);
            return Err(CommitError::TooLarge { field, field_bytes, bytes, limit });
        }
        seal.seal(&envelope, payload.bytes(), &mut self.token);
        self.pending = Pending::Token { max_age: engine.lifetimes.cookie_max_age(&envelope, now) };
        self.envelope = Some(envelope);
        Ok(())
    }

    pub(super) fn report_written(
        &self,
        engine: &Engine<T>,
        seal: Seal,
        fields: &[&'static str],
        turned: bool,
    ) {
        if self.unreported {
            return;
        }
        if self.ended {
            self.emit(engine, &Event::Destroyed);
        }
        if self.origin == Origin::New {
            self.emit_values(engine, &Event::Created, Of::All);
        } else if seal.fresh {
            self.emit_values(engine, &Event::Changed { fields }, Of::These(fields));
        } else if seal.extend && !turned {
            self.emit(engine, &Event::Renewed);
        }
        if turned {
            self.emit(engine, &Event::Rotated);
        }
    }

    /// Tells of an event of the newest state.
    fn emit_values(&self, engine: &Engine<T>, event: &Event<'_>, of: Of<'_>) {
        let newest = || values::of_state(self.shared.newest()?, of);
        engine.emit_with(self.request_for_events(), event, newest);
    }

    /// What follows from an explicit commit that was carried out.
    fn committed(&mut self, engine: &Engine<T>, plan: Plan) {
        if let Plan::Seal(seal) = plan {
            self.origin = Origin::Loaded;
            // The token is on its way to the client: should the session end yet, it is to go.
            self.brought_token = true;
            if seal.fresh && !matches!(engine.home, Home::Store(_)) {
                let version = self.shared.version();
                self.shared.rebase(&mut self.payload, version);
            }
        }
        if plan != Plan::Nothing {
            self.forget_requests();
        }
    }

    /// After an explicit commit: what was asked is done.
    fn forget_requests(&mut self) {
        self.forced = false;
        self.lifetime_set = None;
        self.rotated = false;
        self.reauthenticated = false;
        self.replaced = false;
        self.destroyed = false;
        self.ended = false;
        self.dead_token = false;
        self.extension_due = false;
        self.old_key = false;
        self.moved = false;
        self.marked.clear();
    }
}

impl<T: SessionData> Slot<T> {
    /// Finishes what `begin_close` began.
    pub(crate) async fn close(self: &Arc<Self>, asking: &mut Asking) -> Result<(), CommitError> {
        match asking {
            Asking::Stored(driven) => self.close_stored(driven).await,
            Asking::Foreign(work) => self.close_foreign(work).await,
        }
    }

    /// `commit()`: now, whatever the layer's policy and the response's status.
    pub(crate) async fn commit(&self) -> Result<(), CommitError> {
        let policy = Policy { auto_commit: true, ..self.engine().policy };
        let outcome = self.with(|life, _| life.outcome(false));
        let plan = match &self.engine().home {
            Home::Cookie(seal) => {
                self.with(|life, engine| life.commit_sealed(engine, seal, outcome, policy))?
            }
            Home::Store(home) => Box::pin(self.commit_stored(home, outcome, policy)).await?,
            Home::Foreign(home) => Box::pin(self.commit_foreign(home, outcome, policy)).await?,
        };
        self.with(|life, engine| life.committed(engine, plan));
        Ok(())
    }

    /// Commits a new session with this state, as it is.
    #[cfg(feature = "testing")]
    pub(crate) async fn plant(
        &self,
        request: &http::request::Parts,
        state: T,
    ) -> Result<(), CommitError> {
        if let Err(OpenError::Encode(error)) = self.open(request, |_, _| ()).await {
            return Err(CommitError::Encode(error));
        }
        self.with(|life, engine| {
            // Without a request there is no `before_save`.
            life.request = None;
            life.unreported = true;
            life.force(engine);
            let version = life.shared.version();
            let _ = life.begin_write(engine, version);
            life.shared.give_back(&*engine.coder, state, version, true);
        });
        self.commit().await
    }
}

impl<T> Life<T> {
    /// The request header's value in which a client sends the token that is to be sent.
    #[cfg(feature = "testing")]
    pub(crate) fn request_value(&self, engine: &Engine<T>) -> String {
        match &engine.home {
            Home::Foreign(home) => home.foreign.request_value(&self.token),
            _ => engine.carrier.request_value(Token::new(&self.token, self.opened_at)),
        }
    }
}

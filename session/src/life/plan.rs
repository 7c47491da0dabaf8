//! Planning: from what happened to what is to be done, and how the result will look.

use super::decide::{Content, Facts, Origin, Outcome, Plan, Policy, Seal, Times, Turn, decide};
use super::engine::Engine;
use super::slot::Life;
use crate::data::diff::Diff;
use crate::data::{EncodeError, SessionData};
use crate::error::CommitError;
use crate::event::Event;
use crate::seal::{Envelope, FieldExpiry};
use crate::time::Millis;

/// What a look at the newest state showed.
pub(super) struct Examined {
    content: Content,
    pub(super) turn: Turn,
    /// A `rotate` field is back at its initial value.
    pub(super) logout: bool,
    /// A `rotate` field was set to a non-initial value.
    pub(super) login: bool,
    /// A `rotate` field went from one non-initial value to another (rule 31).
    pub(super) another_user: bool,
    /// The ends of the fields with a `ttl`.
    pub(super) expiries: Vec<FieldExpiry>,
    /// Names, if anybody wants them.
    pub(super) changed: Vec<&'static str>,
}

impl<T: SessionData> Life<T> {
    /// What is to be done. The newest state is examined where it lies.
    pub(super) fn plan(
        &mut self,
        engine: &Engine<T>,
        outcome: Outcome,
        policy: Policy,
    ) -> Result<(Plan, Examined), CommitError> {
        let mut examined = Examined::untouched(self.turn_asked());
        let may_write = self.facts(&examined, outcome, policy).may_write();
        if may_write && let Some(conflict) = self.shared.conflict() {
            self.emit(engine, &Event::Conflict { field: Some(conflict.field) });
            return Err(CommitError::Conflict { field: conflict.field, source: conflict.source });
        }
        if self.shared.has_changes() {
            examined = match self.examine(engine) {
                Ok(examined) => examined,
                // Nothing of it would be written anyway.
                Err(_) if !may_write => examined,
                Err(error) => return Err(CommitError::Encode(error)),
            };
        }
        let mut plan = decide(&self.facts(&examined, outcome, policy));
        if let Plan::Seal(Seal { fresh: true, .. }) = plan
            && (self.prepare(engine)? || !self.shared.has_changes())
        {
            examined = self.examine(engine).map_err(CommitError::Encode)?;
            plan = decide(&self.facts(&examined, outcome, policy));
        }
        Ok((plan, examined))
    }

    fn facts(&self, examined: &Examined, outcome: Outcome, policy: Policy) -> Facts {
        let mut facts = Facts {
            extracted: self.extracted,
            origin: self.origin,
            content: examined.content,
            turn: examined.turn,
            destroyed: self.destroyed,
            ended: self.ended,
            brought_token: self.brought_token,
            dead_token: self.dead_token,
            ambiguous: self.ambiguous,
            straggler: self.held.straggler,
            owed: self.held.owed.map(|owed| owed.times),
            forced: self.forced,
            forbidden: self.forbidden,
            lifetime_set: self.lifetime_set.is_some(),
            extension_due: self.extension_due,
            old_key: self.old_key,
            moved: self.moved,
            outcome,
            policy,
        };
        // Who proves again who they are logs in where there is a session, and not into a new one.
        if facts.straggler && !examined.login && facts.turn == Turn::Login {
            facts.turn = Turn::Rotate;
        }
        // A logout that can end nothing, because the session has another id by now, is no success.
        facts.forced |= self.held.rotated_away && self.destroyed;
        // A login beside a logout counts for more, where anything of it is written.
        if examined.logout && !facts.may_write() {
            facts.turn = Turn::Logout;
        }
        facts
    }

    fn turn_asked(&self) -> Turn {
        let owed = self.held.owed.map(|owed| owed.times);
        if self.reauthenticated || owed == Some(Times::Restart) {
            Turn::Login
        } else if self.rotated || owed == Some(Times::Rotate) {
            Turn::Rotate
        } else {
            Turn::None
        }
    }

    /// Encodes the newest state and looks at what changed. A change of user resets what is not to
    /// outlive it.
    fn examine(&mut self, engine: &Engine<T>) -> Result<Examined, EncodeError> {
        let mut examined = Examined::untouched(self.turn_asked());
        let dropped_unknown = self.replaced && self.shared.loaded().unknown;
        let (state, base) = self.shared.newest_and_base(&*engine.coder)?;
        engine.coder.encode(state, &mut self.payload)?;
        let mut diff = Diff::new(&*engine.coder, base, state, &self.payload);
        if !diff.any() {
            examined.content = if dropped_unknown { Content::Changed } else { Content::Equal };
        } else {
            examined.content = Content::Changed;
            if engine.events.wants_fields() {
                examined.changed = changed_fields(&mut diff);
            }
        }
        let mut initial = None;
        for (index, spec) in T::FIELDS.iter().enumerate() {
            if !spec.rotate && spec.ttl_ms.is_none() {
                continue;
            }
            let changed = diff.changed(index);
            let marked = self.marked.contains(&index);
            if !changed && !marked && spec.ttl_ms.is_none() {
                continue;
            }
            let initial = initial.get_or_insert_with(T::initial);
            let is_initial = state.same_field(initial, index);
            if spec.rotate {
                examined.turn = match (changed, is_initial) {
                    (true, false) => Turn::Login,
                    (false, false) if marked => Turn::Login,
                    (true, true) if examined.turn != Turn::Login => Turn::Logout,
                    _ => examined.turn,
                };
                examined.login |= !is_initial;
                examined.logout |= changed && is_initial;
                examined.another_user |= changed && !is_initial && !diff.was_initial(index);
            }
            if let (Some(ttl), false) = (spec.ttl_ms, is_initial) {
                let kept = self.envelope.iter().flat_map(|envelope| &envelope.expiries);
                let kept = kept.into_iter().find(|expiry| *expiry.field == *spec.name);
                let end = match kept {
                    Some(kept) if !changed && !marked => kept.end,
                    _ => self.opened_at.plus(ttl),
                };
                if marked && kept.is_some_and(|kept| kept.end != end) {
                    // Set again, its end moves, be its value what it was.
                    examined.content = Content::Changed;
                }
                examined.expiries.push(FieldExpiry { field: spec.name.into(), end });
            }
        }
        if examined.another_user && self.reset {
            // Done before: what differs by now was changed since, or by the other side.
        } else if examined.another_user {
            self.reset = true;
            let leftover: Vec<usize> = (0..T::FIELDS.len())
                .filter(|&index| !T::FIELDS[index].keep && !T::FIELDS[index].skip)
                .filter(|&index| !diff.changed(index))
                .collect();
            let mut blank = T::initial();
            for index in leftover {
                state.swap_field(&mut blank, index);
                examined.expiries.retain(|expiry| *expiry.field != *T::FIELDS[index].name);
            }
            engine.coder.encode(state, &mut self.payload)?;
        } else if !self.replaced && self.origin == Origin::Loaded {
            self.reset = false;
            engine.coder.carry_unknown(self.shared.loaded(), &mut self.payload)?;
        }
        Ok(examined)
    }

    /// Runs `before_save`; says whether there is one.
    fn prepare(&mut self, engine: &Engine<T>) -> Result<bool, CommitError> {
        let hooked = engine.hooks.before_save.is_some() || T::OPTIONS.prepares;
        let Some(request) = self.request.as_ref().filter(|_| hooked && !self.prepared) else {
            return Ok(false);
        };
        self.prepared = true;
        let (state, _) =
            self.shared.newest_and_base(&*engine.coder).map_err(CommitError::Encode)?;
        match &engine.hooks.before_save {
            Some(hook) => hook(state, request),
            None => state.before_save(request),
        }
        .map_err(CommitError::BeforeSave)?;
        Ok(true)
    }

    pub(super) fn next_envelope(
        &self,
        engine: &Engine<T>,
        seal: Seal,
        another_user: bool,
        now: Millis,
    ) -> Envelope {
        let lifetimes = &engine.lifetimes;
        let mut envelope = match (self.envelope.clone(), seal.times) {
            (None, _) => lifetimes.begin(now, T::OPTIONS.version),
            (Some(before), Times::Restart) => {
                let mut envelope = lifetimes.begin(now, before.payload_version);
                envelope.rotated = after(before.rotated, now);
                // Another user does not inherit a lifetime that was chosen for the first.
                if before.own_lifetime && !another_user {
                    envelope.own_lifetime = true;
                    envelope.idle = before.idle;
                    envelope.browser = before.browser;
                }
                envelope.expiries = before.expiries;
                envelope
            }
            (Some(before), Times::Rotate) => {
                Envelope { rotated: after(before.rotated, now), ..before }
            }
            (Some(before), Times::Keep) => before,
        };
        if seal.extend {
            lifetimes.renew(&mut envelope, now);
        }
        if let Some(lifetime) = self.lifetime_set {
            lifetimes.give_own(&mut envelope, lifetime, now);
        }
        envelope
    }
}

impl Examined {
    pub(super) fn untouched(turn: Turn) -> Self {
        Self {
            content: Content::Untouched,
            turn,
            logout: false,
            login: false,
            another_user: false,
            expiries: Vec::new(),
            changed: Vec::new(),
        }
    }
}

/// `now`, or the next millisecond: two rotations never give the same token.
fn after(before: Millis, now: Millis) -> Millis {
    now.max(before.plus(1))
}

/// The names of the fields that changed.
pub(super) fn changed_fields<T: SessionData>(diff: &mut Diff<'_, T>) -> Vec<&'static str> {
    (0..T::FIELDS.len())
        .filter(|&index| diff.changed(index))
        .map(|index| T::FIELDS[index].name)
        .collect()
}

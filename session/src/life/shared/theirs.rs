//! What becomes of the request's state when another request's write was first.

use super::merge::{Conflict, Rival, merge};
use super::{Base, Shared};
use crate::data::codec::Coder;
use crate::data::{EncodeError, Payload, SessionData};

impl<T: SessionData> Shared<T> {
    /// Somebody else wrote `theirs`, encoded as `payload`: merges it with what changed here, and
    /// compares with it from now on. `another_user`: the session changed hands here, and nothing
    /// of theirs is taken over but `keep` fields. After an error nothing is different.
    pub(crate) fn absorb(
        &mut self,
        coder: &dyn Coder<T>,
        mut theirs: T,
        payload: Payload,
        another_user: bool,
    ) -> Result<(), Conflict> {
        if !self.has_changes() {
            self.give_way(theirs, payload);
            return Ok(());
        }
        let lost = Conflict { field: T::SCHEMA, source: None };
        let mut ours = match self.current.take() {
            Some(ours) => ours,
            None => self.state_of(self.version, coder).map_err(|_| lost)?,
        };
        let mut before = Payload::default();
        let kept = coder.encode(&ours, &mut before);
        let base = self.base_state(coder).map_err(|_| lost)?;
        let merged = merge(&mut ours, &base, &mut theirs, Rival::Request { another_user });
        if merged.is_err() && kept.is_ok() {
            // As it was before the merge; what is never stored was not touched by it.
            if let Ok(mut original) = coder.decode(&mut before) {
                for (index, _) in T::FIELDS.iter().enumerate().filter(|(_, spec)| !spec.skip) {
                    ours.swap_field(&mut original, index);
                }
            }
        }
        self.current = Some(ours);
        merged?;
        self.rest_on(payload);
        self.version += 1;
        self.ground = self.version;
        Ok(())
    }

    /// Takes `theirs`, encoded as `payload`, and lets go of what changed here.
    pub(crate) fn give_way(&mut self, theirs: T, payload: Payload) {
        self.current = Some(theirs);
        self.rest_on(payload);
        // Handles that were not written through move to this version by their first write.
        self.version += 1;
        self.ground = self.version;
        self.barrier = self.version;
    }

    /// Changes are compared with `payload` from now on.
    pub(crate) fn rest_on(&mut self, mut payload: Payload) {
        self.loaded.swap(&mut payload);
        self.base = Base::Loaded;
        self.snapshots.clear();
    }

    /// Puts all that did not change back to initial values, which later changes are compared with.
    pub(crate) fn only_changes(&mut self, coder: &dyn Coder<T>) -> Result<(), EncodeError> {
        let base = self.base_state(coder)?;
        let (state, _) = self.newest_and_base(coder)?;
        let mut blank = T::initial();
        for (index, spec) in T::FIELDS.iter().enumerate() {
            if !spec.skip && state.same_field(&base, index) {
                state.swap_field(&mut blank, index);
            }
        }
        let state = self.current.take();
        self.start_initial(coder)?;
        self.current = state;
        self.snapshots.clear();
        self.version += 1;
        self.ground = self.version;
        Ok(())
    }
}

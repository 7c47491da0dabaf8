//! The state that the handles of one request share (DESIGN rule 10).
//!
//! A handle owns its state while it lives: so reading and writing take no lock and no clone. When a
//! handle that was written through goes, its state becomes the request's next version, merged field
//! by field with what other handles changed meanwhile. A handle that nobody wrote through is moved
//! to the newest version by its first write.

mod merge;
mod theirs;

pub(crate) use merge::Conflict;

use crate::data::codec::Coder;
use crate::data::diff;
use crate::data::{DecodeError, EncodeError, Payload, SessionData};
use merge::{Rival, merge};

/// The versions of one request's state. Version 0 is what was loaded, or the initial state.
pub(crate) struct Shared<T> {
    /// The newest version's state, unless a handle has it.
    current: Option<T>,
    version: u32,
    /// What version 0 is.
    base: Base,
    loaded: Payload,
    /// Versions, other than 0, that were lent and can't be had back from the handle.
    snapshots: Vec<(u32, Payload)>,
    /// Handles of versions before this one may not write any more: the session was ended since.
    barrier: u32,
    /// Handles of versions before this one have no ground any more to merge their changes on.
    ground: u32,
    written: u32,
    conflict: Option<Conflict>,
}

/// What version 0 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Base {
    /// `T::initial()`.
    #[default]
    Initial,
    /// The payload `loaded`.
    Loaded,
}

/// A handle can't be made.
#[derive(Debug)]
pub(crate) enum LendError {
    /// Another handle was written through and is still held.
    Held,
    Encode(EncodeError),
    Decode(DecodeError),
}

impl<T> Shared<T> {
    /// `loaded`: an empty buffer.
    pub(crate) fn new(loaded: Payload) -> Self {
        Self {
            current: None,
            version: 0,
            base: Base::Initial,
            loaded,
            snapshots: Vec::new(),
            barrier: 0,
            ground: 0,
            written: 0,
            conflict: None,
        }
    }
}

impl<T: SessionData> Shared<T> {
    /// The buffer that a token is decoded into.
    pub(crate) fn loaded_mut(&mut self) -> &mut Payload {
        &mut self.loaded
    }

    pub(crate) fn loaded(&self) -> &Payload {
        &self.loaded
    }

    /// Version 0 is `state`, which `loaded` decodes to.
    pub(crate) fn start_loaded(&mut self, state: T) {
        self.current = Some(state);
        self.base = Base::Loaded;
    }

    /// Version 0 is the initial state. If two initial states may differ, this one is kept.
    pub(crate) fn start_initial(&mut self, coder: &dyn Coder<T>) -> Result<(), EncodeError> {
        self.loaded.clear();
        self.base = Base::Initial;
        if T::OPTIONS.impure {
            let state = T::initial();
            coder.encode(&state, &mut self.loaded)?;
            self.start_loaded(state);
        }
        Ok(())
    }

    /// Whether handles that were written through have been given back since version 0, or since
    /// the last commit.
    pub(crate) fn has_changes(&self) -> bool {
        self.version > self.barrier
    }

    /// Whether a state differs from the version that its handle was made or moved to.
    pub(crate) fn differs(&mut self, coder: &dyn Coder<T>, state: &T, version: u32) -> bool {
        match self.state_of(version, coder) {
            Ok(base) => (0..T::FIELDS.len()).any(|index| !state.same_field(&base, index)),
            Err(_) => true,
        }
    }

    pub(crate) fn conflict(&self) -> Option<Conflict> {
        self.conflict
    }

    /// A state for a new handle, and its version.
    pub(crate) fn lend(&mut self, coder: &dyn Coder<T>) -> Result<(T, u32), LendError> {
        if self.written > 0 {
            return Err(LendError::Held);
        }
        self.lend_anyway(coder)
    }

    /// As [`lend`](Self::lend), to a handle that was given back for a commit.
    pub(crate) fn lend_anyway(&mut self, coder: &dyn Coder<T>) -> Result<(T, u32), LendError> {
        let state = match self.take_current(coder).map_err(LendError::Encode)? {
            Some(state) => state,
            None => self.state_of(self.version, coder).map_err(LendError::Decode)?,
        };
        Ok((state, self.version))
    }

    /// As [`lend_anyway`](Self::lend_anyway), when the newest state can't be encoded: nobody else
    /// gets it.
    pub(crate) fn lend_alone(&mut self) -> (T, u32) {
        (self.current.take().unwrap_or_else(T::initial), self.version)
    }

    /// The newest state for a handle of an earlier version that is about to be written through.
    /// `None`: the handle's own is the newest.
    pub(crate) fn begin_write(&mut self, coder: &dyn Coder<T>, version: u32) -> Option<(T, u32)> {
        self.written += 1;
        if version == self.version {
            return None;
        }
        let newest = match self.take_current(coder) {
            Ok(Some(state)) => Some(state),
            _ => self.state_of(self.version, coder).ok(),
        };
        // What was encoded before decodes; should it not, the handle is merged when it goes.
        newest.map(|state| (state, self.version))
    }

    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// A handle goes, and what it changed is lost.
    pub(crate) fn forget(&mut self, written: bool) {
        self.written -= u32::from(written);
    }

    /// A handle goes, or commits and stays.
    pub(crate) fn give_back(
        &mut self,
        coder: &dyn Coder<T>,
        state: T,
        version: u32,
        written: bool,
    ) {
        if !written {
            if version == self.version && self.current.is_none() {
                self.current = Some(state);
            }
            return;
        }
        self.written -= 1;
        match self.merged(coder, state, version) {
            Ok(state) => {
                self.version += 1;
                self.current = Some(state);
            }
            Err(conflict) => self.conflict = Some(conflict),
        }
    }

    /// The session ends here: what follows starts from the initial state. `written`: whether the
    /// handle that ended it, and gets the new state, had been written through.
    pub(crate) fn restart(&mut self, coder: &dyn Coder<T>, written: bool) -> (T, u32) {
        if written {
            self.written -= 1;
        }
        self.version += 1;
        self.barrier = self.version;
        self.ground = self.version;
        self.snapshots.clear();
        self.current = None;
        // A state that can't be encoded now says so at commit.
        let _ = self.start_initial(coder);
        let state = self.current.take().unwrap_or_else(T::initial);
        (state, self.version)
    }

    /// The newest state, to be committed, and what it is compared with.
    pub(crate) fn newest_and_base(
        &mut self,
        coder: &dyn Coder<T>,
    ) -> Result<(&mut T, diff::Base<'_>), EncodeError> {
        if self.current.is_none() {
            // A handle has it, and holds it still.
            let newest = self.state_of(self.version, coder).map_err(EncodeError::new)?;
            self.current = Some(newest);
        }
        let base = match self.base {
            Base::Initial => diff::Base::Initial,
            Base::Loaded => diff::Base::Encoded(&mut self.loaded),
        };
        let newest = self.current.as_mut().expect("set above");
        Ok((newest, base))
    }

    /// The newest state, unless a handle has it.
    pub(crate) fn newest(&self) -> Option<&T> {
        self.current.as_ref()
    }

    /// The state of version `at`, encoded as `payload`, was committed: it is what later changes are
    /// compared with. There may be later ones already.
    pub(crate) fn rebase(&mut self, payload: &mut Payload, at: u32) {
        self.loaded.swap(payload);
        self.base = Base::Loaded;
        self.snapshots.retain(|(version, _)| *version > at);
        self.barrier = at;
        self.ground = self.ground.max(at);
        // A handle of this version holds what `loaded` decodes to.
    }

    /// What changes are compared with, as a state.
    pub(crate) fn base_state(&mut self, coder: &dyn Coder<T>) -> Result<T, EncodeError> {
        match self.base {
            Base::Initial => Ok(T::initial()),
            Base::Loaded => coder.decode(&mut self.loaded).map_err(EncodeError::new),
        }
    }

    /// What the newest state is compared with.
    pub(crate) fn base(&mut self) -> diff::Base<'_> {
        match self.base {
            Base::Initial => diff::Base::Initial,
            Base::Loaded => diff::Base::Encoded(&mut self.loaded),
        }
    }

    /// The newest state if no handle has it; a version that another handle may need is kept.
    fn take_current(&mut self, coder: &dyn Coder<T>) -> Result<Option<T>, EncodeError> {
        let Some(state) = self.current.take() else {
            return Ok(None);
        };
        if self.version > self.barrier && !self.has_snapshot(self.version) {
            let mut snapshot = Payload::default();
            if let Err(error) = coder.encode(&state, &mut snapshot) {
                self.current = Some(state);
                return Err(error);
            }
            self.snapshots.push((self.version, snapshot));
        }
        Ok(Some(state))
    }

    fn has_snapshot(&self, version: u32) -> bool {
        self.snapshots.iter().any(|(of, _)| *of == version)
    }

    fn state_of(&mut self, version: u32, coder: &dyn Coder<T>) -> Result<T, DecodeError> {
        if let Some((_, snapshot)) = self.snapshots.iter_mut().find(|(of, _)| *of == version) {
            return coder.decode(snapshot);
        }
        if version > self.barrier {
            return Err(DecodeError::new("another handle has a state that can't be encoded"));
        }
        match self.base {
            Base::Initial => Ok(T::initial()),
            Base::Loaded => coder.decode(&mut self.loaded),
        }
    }

    fn merged(&mut self, coder: &dyn Coder<T>, mut ours: T, version: u32) -> Result<T, Conflict> {
        if version == self.version {
            return Ok(ours);
        }
        // The handle's session was ended or committed under it; or, which can't be, what was
        // encoded does not decode. Either way its changes have no ground to stand on.
        let lost = Conflict { field: T::SCHEMA, source: None };
        if version < self.ground {
            return Err(lost);
        }
        let base = self.state_of(version, coder).map_err(|_| lost)?;
        let mut theirs = match self.take_current(coder).map_err(|_| lost)? {
            Some(state) => state,
            None => self.state_of(self.version, coder).map_err(|_| lost)?,
        };
        // Merging uses `theirs` up; after a conflict the newest version is decoded once more.
        merge(&mut ours, &base, &mut theirs, Rival::Handle).map(|()| ours)
    }
}

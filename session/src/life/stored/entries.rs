//! Which indexes name a session, and which of them a write moves.

use super::StoreHome;
use crate::data::SessionData;
use crate::data::diff;
use crate::data::index::indexed_values;
use crate::life::engine::Engine;
use crate::life::slot::Life;
use crate::store::IndexKey;

impl<T: SessionData> Life<T> {
    /// The index entries that a write needs, and those that it makes stale.
    pub(super) fn moving_entries(
        &mut self,
        engine: &Engine<T>,
        home: &StoreHome,
        fresh: bool,
        moved: bool,
    ) -> (Vec<IndexKey>, Vec<IndexKey>) {
        let before = match self.held.row {
            Some(_) => self.loaded_entries(engine, home),
            None => Vec::new(),
        };
        let after = match self.shared.newest() {
            Some(state) if fresh => entries(home, state),
            _ => before.clone(),
        };
        let remove = before.iter().filter(|entry| !after.contains(entry)).copied().collect();
        let insert = after.into_iter().filter(|entry| moved || !before.contains(entry)).collect();
        (insert, remove)
    }

    /// The index entries of the row as it was loaded or last written.
    pub(super) fn loaded_entries(&mut self, engine: &Engine<T>, home: &StoreHome) -> Vec<IndexKey> {
        match self.shared.base() {
            diff::Base::Initial => Vec::new(),
            diff::Base::Encoded(loaded) => match engine.coder.decode(loaded) {
                Ok(state) => entries(home, &state),
                Err(_) => Vec::new(),
            },
        }
    }
}

/// The keys of the indexes that name a session with this state.
pub(crate) fn entries<T: SessionData>(home: &StoreHome, state: &T) -> Vec<IndexKey> {
    let mut keys = Vec::new();
    indexed_values(state, |index, value| {
        keys.push(home.names.index(T::FIELDS[index].name, value));
    });
    keys
}

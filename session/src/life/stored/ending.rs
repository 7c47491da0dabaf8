//! Ending what must not outlive its request, when nobody waits for it any more (rules 11 and 12).

use super::drive::without_writing;
use super::next::Moment;
use super::{Gone, Owed, StoreHome, entries};
use crate::data::SessionData;
use crate::life::decide::Outcome;
use crate::life::engine::{Engine, Home};
use crate::life::slot::{Life, Slot};
use std::sync::Arc;
use std::time::Duration;

/// Pauses between the tries to end a session whose request is over.
const ENDING_PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

impl<T: SessionData> Life<T> {
    /// There is no response: a row that was made for it is nobody's, for nobody ever got its id. It
    /// would only be listed among the devices of its user.
    pub(in crate::life) fn give_up_undelivered(&mut self, engine: &Engine<T>, home: &StoreHome) {
        let Some(key) = self.held.undelivered.take() else {
            return;
        };
        let created = self.held.row.is_some();
        let gone = match self.give_up_row(engine, home) {
            Some(gone) => gone,
            // It is not known whether the row was made, nor the entries of its indexes.
            None => {
                // While a panic unwinds, another one of a field's own code would end the process. An
                // entry that stays names a session that is dead, and is read as such.
                let asks = home.indexed && !std::thread::panicking();
                let state = self.shared.newest().filter(|_| asks);
                Gone { key, entries: state.map_or_else(Vec::new, |state| entries(home, state)) }
            }
        };
        self.held.ended.push(gone);
        // As `destroy()` does, which is what the events then say.
        self.destroyed |= created;
        // As good as brought: it is there to be ended.
        self.brought_token |= created;
        self.ended |= created;
    }

    /// Whether a row must still be deleted that nobody deletes any more. A session whose privilege
    /// changed by a `commit()` and whose new id nobody will ever learn is ended: it must not go on
    /// under the old one.
    pub(in crate::life) fn owes_an_end(&mut self) -> bool {
        if !self.held.their_ended.is_empty() {
            return true;
        }
        if let Some(Owed { crucial: true, .. }) = self.held.owed.take()
            && let Some(row) = self.held.row.take()
        {
            self.held.ended.push(Gone { key: row.key, entries: Vec::new() });
        }
        !self.held.ended.is_empty()
    }
}

impl<T: SessionData> Slot<T> {
    /// Ends, beside the request or after it, what must not outlive it (rules 11 and 12): by a task of
    /// its own, that tries for some seconds if the store is down.
    pub(crate) fn end_later(self: &Arc<Self>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            tracing::warn!(
                target: "session",
                session = T::SCHEMA,
                "a session could not be ended: its request was dropped outside a runtime"
            );
            return;
        };
        let slot = Arc::clone(self);
        runtime.spawn(async move {
            for pause in ENDING_PAUSES {
                if slot.end_stored().await {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
            slot.end_stored().await;
        });
    }

    /// Says whether nothing is left to end.
    async fn end_stored(&self) -> bool {
        let home = match &self.engine().home {
            Home::Store(home) => home,
            Home::Foreign(home) => return self.end_theirs(home).await.is_ok(),
            Home::Cookie(_) => return true,
        };
        let asked = (Outcome::ServerError, without_writing(self.engine()), Moment::Response);
        let first = self.with(|life, engine| life.next(engine, home, asked, None));
        // The event tells of an outage; there is nobody else to tell.
        let _ = self.drive(home, asked, first).await;
        self.with(|life, _| life.held.ended.is_empty())
    }
}

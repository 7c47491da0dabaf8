//! Sessions of a store, outside the request that they belong to.

use super::ask::ask;
use super::{Body, StoreHome, entries};
use crate::data::{Payload, SessionData};
use crate::event::Event;
use crate::id::SessionHandle;
use crate::life::engine::Engine;
use crate::life::open::decode;
use crate::life::times::Vitality;
use crate::seal::Envelope;
use crate::store::{
    Deleted, DynStore, IndexKey, Loaded, Record, RowKey, StoreCall, StoreError, StoreErrorKind,
};
use crate::time::Millis;

/// How many members of an index are asked for at once.
const PAGE: usize = 256;

/// A live session of a store.
pub(crate) struct Found<T> {
    pub(crate) key: RowKey,
    pub(crate) handle: SessionHandle,
    pub(crate) envelope: Envelope,
    pub(crate) ends: Millis,
    pub(crate) state: T,
}

/// What there is under a key.
pub(crate) enum There<T> {
    Live(Found<T>),
    /// A row that this instance can't read: an older one wrote it, or a newer.
    Unreadable,
    Nothing,
}

/// A live session, or nothing.
pub(crate) async fn find<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    store: &dyn DynStore,
    key: RowKey,
) -> Result<There<T>, StoreError> {
    match ask(home.patience, StoreCall::Load, store.load(&key)).await {
        Ok(Loaded::Record(record)) => read(engine, home, key, record),
        Ok(Loaded::Ended | Loaded::Nothing) => Ok(There::Nothing),
        // Somebody else's value: it is left as it is.
        Err(error) if error.kind() == StoreErrorKind::Corrupt => Ok(There::Nothing),
        Err(error) if error.kind() == StoreErrorKind::Unreadable => Ok(There::Unreadable),
        Err(error) => Err(error),
    }
}

fn read<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    key: RowKey,
    record: Record,
) -> Result<There<T>, StoreError> {
    let now = engine.now();
    let Some(mut body) = Body::read(&record.body, record.times) else {
        return Ok(There::Unreadable);
    };
    if home.names.row(body.handle) != key {
        return Err(StoreError::of(StoreErrorKind::MixedUp).in_call(StoreCall::Load));
    }
    engine.lifetimes.adopt(&mut body.envelope);
    let vitality = engine.lifetimes.vitality(&body.envelope, now);
    if vitality != Vitality::Alive || now > record.times.ends {
        return Ok(There::Nothing);
    }
    let mut payload = Payload::default();
    payload.take(record.body, body.payload);
    Ok(match decode(engine, &mut payload, &mut body.envelope, now) {
        Ok(state) => There::Live(Found {
            key,
            handle: body.handle,
            ends: record.times.ends.min(engine.lifetimes.end(&body.envelope)),
            envelope: body.envelope,
            state,
        }),
        Err(error) => {
            engine.emit_undecodable(None, &error, &payload);
            There::Unreadable
        }
    })
}

/// The sessions that an index names: the live ones that have its value, and the keys of those that
/// this instance can't read.
pub(crate) async fn find_by<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    store: &dyn DynStore,
    index: &IndexKey,
) -> Result<(Vec<Found<T>>, Vec<RowKey>), StoreError> {
    let (mut found, mut unreadable) = (Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let page = store.index_members(index, after.as_ref(), PAGE);
        let page = ask(home.patience, StoreCall::IndexMembers, page).await?;
        for &key in &page {
            match find(engine, home, store, key).await? {
                // The index may name what has another value by now.
                There::Live(session) if has_entry(home, &session.state, index) => {
                    found.push(session);
                }
                There::Unreadable => unreadable.push(key),
                There::Live(_) | There::Nothing => {}
            }
        }
        match page.last() {
            Some(last) if page.len() >= PAGE => after = Some(*last),
            _ => return Ok((found, unreadable)),
        }
    }
}

/// Whether an index names sessions with this state.
pub(crate) fn has_entry<T: SessionData>(home: &StoreHome, state: &T, index: &IndexKey) -> bool {
    entries(home, state).contains(index)
}

/// Ends a session. `false`: it was over.
pub(crate) async fn end<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    store: &dyn DynStore,
    session: &Found<T>,
) -> Result<bool, StoreError> {
    let ended = end_row(engine, home, store, &session.key).await?;
    for entry in entries(home, &session.state) {
        // One that stays names a session that is dead, and is read as such.
        let _ =
            ask(home.patience, StoreCall::IndexRemove, store.index_remove(&entry, &session.key))
                .await;
    }
    Ok(ended)
}

/// Ends a session that need not be readable. Its index entries go when their time is over.
pub(crate) async fn end_row<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    store: &dyn DynStore,
    key: &RowKey,
) -> Result<bool, StoreError> {
    let deleted = ask(home.patience, StoreCall::Delete, store.delete(key, home.remember)).await?;
    let ended = deleted == Deleted::Deleted;
    if ended {
        engine.emit(&Event::Destroyed);
    }
    Ok(ended)
}

/// After a login: ends the sessions beyond `most` of each of these indexes, those first that logged
/// in longest ago, but never the one of the login.
pub(super) async fn end_beyond<T: SessionData>(
    engine: &Engine<T>,
    home: &StoreHome,
    store: &dyn DynStore,
    most: usize,
    of: &[IndexKey],
    login: &RowKey,
) -> Result<(), StoreError> {
    for index in of {
        let (mut all, _) = find_by(engine, home, store, index).await?;
        // Of two logins at the same moment both see the same order, so that one of them stays.
        all.sort_by_key(|session| (session.envelope.started, session.key));
        let too_many = all.len().saturating_sub(most);
        for session in all.iter().take(too_many).filter(|session| session.key != *login) {
            end(engine, home, store, session).await?;
        }
    }
    Ok(())
}

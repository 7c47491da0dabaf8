//! Sessions that a store keeps: what a request knows of its row, and how it asks.
//!
//! [`open`] loads, [`next`] says what to ask of the store next, [`drive`] asks, [`absorb`] brings
//! what somebody else wrote meanwhile into the request's state.

mod absorb;
mod ask;
mod body;
mod detach;
mod drive;
mod ending;
mod entries;
mod home;
mod names;
mod next;
mod open;
pub(crate) mod outside;
#[cfg(feature = "metrics")]
mod timed;
#[cfg(not(feature = "metrics"))]
#[path = "untimed.rs"]
mod timed;
mod turn;
mod write;

pub(crate) use body::Body;
pub(crate) use drive::Driven;
use entries::entries;
pub use home::{OnEnded, OnOutage};
pub(crate) use home::{Pick, Secrets, StoreHome, StoreTtl};
pub(crate) use names::Names;
pub(crate) use outside::Found;
pub(crate) use turn::Queues;

use super::decide::Times as Turned;
use super::foreign::Live;
use crate::id::{SecretDigest, SessionHandle, SessionId};
use crate::store::{DynStore, IndexKey, Revision, RowKey};
use crate::time::Millis;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// What a request knows of its session's row: nothing, and nothing to pay for, in a cookie home.
#[derive(Default)]
pub(crate) struct HeldRow(Option<Box<Held>>);

static NOTHING: Held = Held::new();

impl HeldRow {
    /// Forgets everything but where it was kept.
    pub(super) fn clear(&mut self) {
        if let Some(held) = &mut self.0 {
            **held = Held::new();
        }
    }
}

impl Deref for HeldRow {
    type Target = Held;

    #[inline]
    fn deref(&self) -> &Held {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for HeldRow {
    #[inline]
    fn deref_mut(&mut self) -> &mut Held {
        self.0.get_or_insert_with(|| Box::new(Held::new()))
    }
}

/// See [`HeldRow`].
pub(crate) struct Held {
    /// The store of this request, once it was asked for.
    pub(super) store: Option<Arc<dyn DynStore>>,
    /// The session's row as it was loaded or last written.
    pub(super) row: Option<Row>,
    /// The rows of sessions that were ended in this request, and still are to be deleted.
    pub(super) ended: Vec<Gone>,
    /// The handle of a session that has no row yet, for those who ask.
    pub(super) handle: Option<SessionHandle>,
    /// The secret that the next rotation will give, for those who must know it before.
    pub(super) promised: Option<SessionId>,
    /// The request names a session that has ended (rule 31).
    pub(super) straggler: bool,
    /// It was by a rotation, so that the session itself may go on under another id.
    pub(super) rotated_away: bool,
    /// The store could not be asked, and the session is a blank one that is never written.
    pub(super) outage: bool,
    /// The row that this request made, or asked the store to make: nobody has its id before the
    /// response.
    pub(super) undelivered: Option<RowKey>,
    /// A `commit()` wrote, and left the new id to the response (rule 12).
    pub(super) owed: Option<Owed>,
    /// What another request wrote was merged in, and `valid` is to be asked before the next write.
    pub(super) merged: bool,
    /// The write that is on its way, by its revision and stamp.
    pub(super) sent: Option<(Revision, u64)>,
    /// Writes whose answers never came: each may have taken effect or not.
    pub(super) unanswered: Vec<(Revision, u64)>,
    /// Of the session's row, where another library reads it too.
    pub(in crate::life) their_id: Option<Box<str>>,
    /// What that library's text says besides the session.
    pub(in crate::life) their_aside: Option<Box<str>>,
    /// Such rows that are still to be deleted.
    pub(in crate::life) their_ended: Vec<Box<str>>,
    /// Those that a `commit()` made, and those that they came instead of: one or the other go with the
    /// response, or with its not coming.
    pub(in crate::life) their_undelivered: Vec<Box<str>>,
    pub(in crate::life) their_before: Vec<Box<str>>,
    /// A session of another library's that is to be moved over.
    pub(in crate::life) old: Option<Live>,
    /// The request brought something of that library's.
    pub(in crate::life) beside_old: bool,
}

impl Held {
    const fn new() -> Self {
        Self {
            store: None,
            row: None,
            ended: Vec::new(),
            handle: None,
            promised: None,
            straggler: false,
            rotated_away: false,
            outage: false,
            undelivered: None,
            owed: None,
            merged: false,
            sent: None,
            unanswered: Vec::new(),
            their_id: None,
            their_aside: None,
            their_ended: Vec::new(),
            their_undelivered: Vec::new(),
            their_before: Vec::new(),
            old: None,
            beside_old: false,
        }
    }
}

/// A live row.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(super) key: RowKey,
    pub(super) id: SessionId,
    pub(super) secret: SecretDigest,
    /// The one before, as the row has it.
    pub(super) previous: Option<SecretDigest>,
    pub(super) revision: Revision,
    /// The last millisecond of the session's life, as the row has it.
    pub(super) ends: Millis,
    /// The id that the session's own response gives it: for one that was detached before.
    pub(super) next: Option<SessionId>,
}

/// A row that is to be deleted, and the indexes that name it.
#[derive(Clone)]
pub(crate) struct Gone {
    pub(super) key: RowKey,
    pub(super) entries: Vec<IndexKey>,
}

/// A rotation that waits for the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owed {
    pub(super) times: Turned,
    pub(super) another_user: bool,
    /// It is because of a login or a logout: the session must not go on without it.
    pub(super) crucial: bool,
}

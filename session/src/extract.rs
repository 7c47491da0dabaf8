//! What handlers take: [`TypedSession`].

use crate::data::{MaxAge, SessionData};
use crate::detached::{DetachError, DetachedSession};
use crate::error::{CommitError, MaxAgeError};
use crate::id::SessionHandle;
use crate::life::Slot;
use crate::rejection::SessionRejection;
use crate::time::{Millis, in_ms};
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A request's session. Dereferences to the state, for reading and writing; `#[derive(Session)]`
/// adds typed accessors.
///
/// What was changed is committed when the response is ready: nobody has to save, and nothing is
/// written when the content is what it was. `Option<TypedSession<T>>` is `None` when the request
/// brings no live session.
///
/// Nested values are edited as usual. Two fields at once need one borrow of the state:
/// `let s = &mut *session; s.cart.insert(key, s.views);`.
///
/// A 4xx is an answer like any other: what a handler changed before it returned one, with `?` for
/// instance, is committed. A 5xx and a panic leave the session as it was; `destroy()` is carried
/// out all the same.
///
/// Several handles of one request are snapshots: what was loaded, plus the changes of handles
/// already dropped. While one that was written through is held, another extraction is refused.
///
/// Interior mutability is not seen: call [`save`](Self::save).
#[must_use]
pub struct TypedSession<T: SessionData> {
    /// Always there but inside `commit`, `destroy` and `drop`.
    state: Option<T>,
    version: u32,
    /// Whether it was written through since `version`.
    written: bool,
    slot: Arc<Slot<T>>,
}

/// The slot, on its way from the layer to the extractors. Empty only in the layer's template.
pub(crate) struct SlotExtension<T>(pub(crate) Option<Arc<Slot<T>>>);

impl<T> Clone for SlotExtension<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: SessionData> TypedSession<T> {
    pub(crate) async fn open(
        slot: Arc<Slot<T>>,
        request: &Parts,
    ) -> Result<Self, SessionRejection> {
        let lent = slot.open(request, |life, engine| life.lend(engine)).await;
        let lent = lent.map_err(SessionRejection::of_open::<T>)?;
        let (state, version) = lent.map_err(SessionRejection::of_lend::<T>)?;
        Ok(Self { state: Some(state), version, written: false, slot })
    }

    /// Gives the handle back, and the slot that it belonged to.
    pub(crate) fn into_slot(self) -> Arc<Slot<T>> {
        Arc::clone(&self.slot)
    }

    /// The session's public name: random, stable through rotation, no credential. Sessions in
    /// cookies have none. That of a new session is good if the session comes to be written.
    #[must_use]
    pub fn id(&self) -> Option<SessionHandle> {
        self.slot.with(|life, engine| life.public_handle(engine))
    }

    /// Whether the request brought no live session: no token, or one that is invalid, expired,
    /// undecodable, or ended in this request.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.slot.with(|life, _| life.is_new())
    }

    /// The idle lifetime in force: this session's own, or the configured one. Not what is left. Of
    /// [`MaxAge::Browser`] it is the configured one.
    #[must_use]
    pub fn max_age(&self) -> MaxAge {
        self.slot.with(|life, engine| life.max_age(engine))
    }

    /// Gives this session, and no other, its own idle lifetime, from now on and in later requests.
    /// Causes a write.
    ///
    /// # Errors
    /// When it is shorter than a millisecond or does not fit into 48 bits of milliseconds.
    pub fn set_max_age(&mut self, max_age: impl Into<MaxAge>) -> Result<(), MaxAgeError> {
        let max_age = max_age.into();
        if let MaxAge::Idle(idle) = max_age
            && !(1..=Millis::MAX.ms()).contains(&in_ms(idle))
        {
            return Err(MaxAgeError);
        }
        self.slot.with(|life, engine| life.set_lifetime(engine, max_age));
        Ok(())
    }

    /// The fields whose content differs from what was loaded, or last committed by
    /// [`commit`](Self::commit). Computed when asked: it encodes the state.
    #[must_use]
    pub fn changed(&self) -> Changed<T> {
        let names = self.slot.with(|life, engine| life.changed_names(engine, self));
        Changed { names, of: PhantomData }
    }

    /// Writes the session at the end of the request even if nothing changed.
    pub fn save(&mut self) {
        self.slot.with(|life, engine| life.force(engine));
    }

    /// Writes nothing at the end of this request, whatever changed. A `destroy()` is stronger.
    pub fn discard(&mut self) {
        self.slot.with(|life, engine| life.forbid(engine));
    }

    /// Commits now what changed so far. Its token is sent with the response whatever the status. A
    /// new id of a session that is in a store waits for the response: until then the old one holds.
    ///
    /// What was written stays written, also if there never is a response: a panic that nobody caught,
    /// an error of the inner service, a client that went away. Two kinds of sessions are ended then, by
    /// a task of their own: a new one, whose id nobody ever got, unless it was [detached](Self::detach);
    /// and one that logged in, whose new id nobody got and whose old one must not go on.
    ///
    /// Dropped before it is done, it has written or it has not; the handle is as good as before.
    ///
    /// # Errors
    /// When the session can't be committed: what the client holds is what it held before.
    pub async fn commit(&mut self) -> Result<(), CommitError> {
        let lending = self.give()?;
        lending.0.slot.commit().await
    }

    /// Gives what the handle holds to the request, until the guard goes.
    fn give(&mut self) -> Result<LendAgain<'_, T>, CommitError> {
        let (version, written) = (self.version, self.written);
        let Some(state) = self.state.take() else {
            return Err(CommitError::Late);
        };
        let given =
            self.slot.with(|life, engine| life.give_for_commit(engine, state, version, written));
        if let Err(state) = given {
            self.state = Some(state);
            return Err(CommitError::Late);
        }
        self.written = false;
        Ok(LendAgain(self))
    }

    /// Ends the session: the client forgets its token, whatever becomes of the request. What is
    /// written afterwards is a new session, from initial values; so [`save`](Self::save) makes a blank
    /// one, and without it or a change there is none. Nothing that was asked before `destroy()` counts
    /// for the new one.
    ///
    /// Where there is no live session nothing ends, and no event says so; a bad token goes all the
    /// same.
    pub fn destroy(&mut self) {
        let written = self.written;
        let (state, version) = self.slot.with(|life, engine| life.destroy(engine, written));
        (self.state, self.version, self.written) = (Some(state), version, false);
    }

    /// Gives the session a new token; content and lifetimes stay. Changes of `rotate` fields do
    /// this by themselves.
    pub fn rotate(&mut self) {
        self.slot.with(|life, engine| life.rotate(engine));
    }

    /// The user proved again who they are: a new token, and both lifetimes start anew (NIST SP
    /// 800-63B-4 §5.2).
    pub fn reauthenticated(&mut self) {
        self.slot.with(|life, engine| life.reauthenticate(engine));
    }

    /// Replaces the whole content; members that the type does not know are dropped.
    pub fn replace(&mut self, state: T) {
        **self = state;
        self.slot.with(|life, _| life.note_replaced());
    }

    /// The session for what outlives this request: commits what changed so far, and gives a handle
    /// that works on when the response is out. For sessions in stores.
    ///
    /// # Errors
    /// When there is nothing in a store to work on, or what changed so far can't be committed.
    pub async fn detach(mut self) -> Result<DetachedSession<T>, DetachError> {
        self.commit().await.map_err(DetachError::Commit)?;
        let slot = self.slot.detach().await.map_err(DetachError::Commit)?;
        let slot = Arc::new(slot.ok_or(DetachError::NoRow)?);
        let (state, version) = slot.with(|life, engine| life.lend_again(engine));
        Ok(DetachedSession::new(Self { state: Some(state), version, written: false, slot }))
    }

    /// Brings in what others wrote to the store meanwhile.
    pub(crate) async fn refresh(&mut self) -> Result<(), CommitError> {
        let lending = self.give()?;
        lending.0.slot.refresh().await
    }

    /// Extends the idle lifetime of a detached session, and writes nothing else.
    pub(crate) async fn extend(&mut self) -> Result<(), CommitError> {
        let lending = self.give()?;
        lending.0.slot.extend().await
    }

    pub(crate) fn slot(&self) -> &Slot<T> {
        &self.slot
    }

    pub(crate) fn mark_set(&mut self, index: usize) {
        self.slot.with(|life, _| life.mark(index));
    }

    fn begin_write(&mut self) {
        let version = self.version;
        let newest = self.slot.with(|life, engine| life.begin_write(engine, version));
        if let Some((state, version)) = newest {
            (self.state, self.version) = (Some(state), version);
        }
        self.written = true;
    }
}

/// Gives a handle back what it holds, when its commit is done or dropped.
struct LendAgain<'s, T: SessionData>(&'s mut TypedSession<T>);

impl<T: SessionData> Drop for LendAgain<'_, T> {
    fn drop(&mut self) {
        let (state, version) = self.0.slot.with(|life, engine| life.lend_again(engine));
        (self.0.state, self.0.version) = (Some(state), version);
    }
}

impl<T: SessionData> Deref for TypedSession<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.state.as_ref().expect("taken only by methods that put it back, and by `drop`")
    }
}

impl<T: SessionData> DerefMut for TypedSession<T> {
    fn deref_mut(&mut self) -> &mut T {
        if !self.written {
            self.begin_write();
        }
        self.state.as_mut().expect("taken only by methods that put it back, and by `drop`")
    }
}

impl<T: SessionData> Drop for TypedSession<T> {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            self.slot.give_back(state, self.version, self.written);
        }
    }
}

impl<T: SessionData> fmt::Debug for TypedSession<T> {
    /// Does not show the state: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedSession")
            .field("schema", &T::SCHEMA)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

/// The names of the fields that changed. See [`TypedSession::changed`].
pub struct Changed<T> {
    names: Vec<&'static str>,
    of: PhantomData<fn() -> T>,
}

impl<T> Changed<T> {
    /// The stored names, in the order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }

    /// Whether the field stored under this name changed.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How many fields changed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }
}

impl<T> fmt::Debug for Changed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.names).finish()
    }
}

impl<S, T> FromRequestParts<S> for TypedSession<T>
where
    S: Send + Sync,
    T: SessionData,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(request: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let slot = SessionRejection::slot::<T>(request)?;
        Self::open(slot, request).await
    }
}

impl<S, T> OptionalFromRequestParts<S> for TypedSession<T>
where
    S: Send + Sync,
    T: SessionData,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(
        request: &mut Parts,
        _state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        let slot = SessionRejection::slot::<T>(request)?;
        let session = Self::open(slot, request).await?;
        let (live, cut_off) = session.slot.with(|life, _| (life.is_live(), life.is_cut_off()));
        if cut_off && !live {
            // There may be one: nobody knows.
            return Err(SessionRejection::Unavailable { session: std::any::type_name::<T>() });
        }
        Ok(live.then_some(session))
    }
}

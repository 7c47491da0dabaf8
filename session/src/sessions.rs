//! Sessions outside a request: found by a user or a handle, listed, counted, ended.

use crate::data::SessionData;
use crate::extract::TypedSession;
use crate::id::SessionHandle;
use crate::life::outside::{self, There};
use crate::life::{Engine, Found, Home, StoreHome};
use crate::rejection::SessionRejection;
use crate::store::{DynStore, IndexKey, StoreError};
use crate::time::Millis;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The sessions of a store, outside the request that they belong to: for "your devices", for
/// "log out everywhere", for the administrator, for a job.
///
/// From [`SessionLayer::sessions`](crate::SessionLayer::sessions), or as an extractor: then it looks
/// into the store of the request. For each `#[session(index)]` field the derive adds a method, in the
/// trait `VisitIndexes` for a `struct Visit`:
///
/// ```no_run
/// use session::{Session, SessionLayer, Sessions, SessionsError, TypedSession, store::MemoryStore};
///
/// #[derive(Session)]
/// struct Visit {
///     #[session(rotate, index)]
///     user: Option<String>,
/// }
///
/// async fn log_out_elsewhere(
///     session: TypedSession<Visit>,
///     sessions: Sessions<Visit>,
/// ) -> Result<String, SessionsError> {
///     let Some(user) = session.user() else { return Ok("not logged in".into()) };
///     let ended = sessions.by_user(user).end_others(&session).await?;
///     Ok(format!("{ended} other sessions ended"))
/// }
/// # let _ = log_out_elsewhere;
/// ```
///
/// A session that is ended here is ended for requests that work on it right now, too: what they
/// change is not written, and they are answered with a 409.
pub struct Sessions<T> {
    engine: Arc<Engine<T>>,
    store: Option<Arc<dyn DynStore>>,
}

/// The sessions that have one value in one `index` field. Made by the methods that the derive adds to
/// [`Sessions`].
#[must_use]
pub struct SessionsBy<'s, T> {
    sessions: &'s Sessions<T>,
    /// `None`: a value that can't be JSON, which no session has.
    index: Option<IndexKey>,
}

/// A live session as it was found in its store. Dereferences to the state, for reading.
#[non_exhaustive]
pub struct StoredSession<T> {
    /// Its public name.
    pub handle: SessionHandle,
    /// When it was created, or last logged in to.
    pub started: SystemTime,
    /// When its idle lifetime last began: it was used then, or later by less than half of it.
    pub renewed: SystemTime,
    /// The last moment of its life, if it is not used any more.
    pub ends: SystemTime,
    /// Its state.
    pub state: T,
}

/// Sessions could not be looked for or ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionsError {
    /// The layer keeps its sessions in cookies, or picks a store for each request: then
    /// take [`Sessions`] as an extractor.
    NoStore,
    /// The store failed.
    Store(StoreError),
}

impl<T: SessionData> Sessions<T> {
    pub(crate) fn new(engine: Arc<Engine<T>>, request: Option<&Parts>) -> Self {
        let store = match &engine.home {
            Home::Cookie(_) | Home::Foreign(_) => None,
            Home::Store(home) => home.pick.store_outside(request),
        };
        Self { engine, store }
    }

    /// A live session by its public name.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn get(
        &self,
        handle: SessionHandle,
    ) -> Result<Option<StoredSession<T>>, SessionsError> {
        let (home, store) = self.store()?;
        let key = home.names.row(handle);
        match outside::find(&self.engine, home, store, key).await? {
            There::Live(found) => Ok(Some(StoredSession::of(found))),
            There::Unreadable | There::Nothing => Ok(None),
        }
    }

    /// Ends a session by its public name, also one that this instance can't read. `false`: it was over
    /// before.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn end(&self, handle: SessionHandle) -> Result<bool, SessionsError> {
        let (home, store) = self.store()?;
        let key = home.names.row(handle);
        match outside::find(&self.engine, home, store, key).await? {
            There::Live(found) => Ok(outside::end(&self.engine, home, store, &found).await?),
            There::Unreadable => Ok(outside::end_row(&self.engine, home, store, &key).await?),
            There::Nothing => Ok(false),
        }
    }

    fn store(&self) -> Result<(&StoreHome, &dyn DynStore), SessionsError> {
        match (&self.engine.home, &self.store) {
            (Home::Store(home), Some(store)) => Ok((home, &**store)),
            _ => Err(SessionsError::NoStore),
        }
    }
}

impl<T: SessionData> SessionsBy<'_, T> {
    /// The live ones, those first that were used last.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn list(&self) -> Result<Vec<StoredSession<T>>, SessionsError> {
        let mut found: Vec<_> = self.find().await?.into_iter().map(StoredSession::of).collect();
        found.sort_by(|a, b| b.renewed.cmp(&a.renewed).then(a.handle.cmp(&b.handle)));
        Ok(found)
    }

    /// How many live ones there are. It loads them all to know.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn count(&self) -> Result<usize, SessionsError> {
        Ok(self.find().await?.len())
    }

    /// Ends them all, and says how many there were.
    ///
    /// # Errors
    /// When there is no store, or it fails: then some may have ended.
    pub async fn end_all(&self) -> Result<usize, SessionsError> {
        self.end_all_but(None).await
    }

    /// Ends all but this one, as after a change of password (ASVS 5.0, 7.4.3), and says how many
    /// there were.
    ///
    /// # Errors
    /// When there is no store, or it fails: then some may have ended.
    pub async fn end_others(&self, session: &TypedSession<T>) -> Result<usize, SessionsError> {
        self.end_all_but(session.id()).await
    }

    /// Ends the one of this name. `false`: there is none, or it is not one of these.
    ///
    /// # Errors
    /// When there is no store, or it fails.
    pub async fn end(&self, handle: SessionHandle) -> Result<bool, SessionsError> {
        let (home, store) = self.sessions.store()?;
        let Some(index) = &self.index else { return Ok(false) };
        let engine = &self.sessions.engine;
        match outside::find(engine, home, store, home.names.row(handle)).await? {
            There::Live(found) if outside::has_entry(home, &found.state, index) => {
                Ok(outside::end(engine, home, store, &found).await?)
            }
            _ => Ok(false),
        }
    }

    /// Those that can't be read are ended too: nobody can tell that they are not meant.
    async fn end_all_but(&self, own: Option<SessionHandle>) -> Result<usize, SessionsError> {
        let (home, store) = self.sessions.store()?;
        let engine = &self.sessions.engine;
        let Some(index) = &self.index else { return Ok(0) };
        let (found, unreadable) = outside::find_by(engine, home, store, index).await?;
        let mut ended = 0;
        for session in found.iter().filter(|session| Some(session.handle) != own) {
            ended += usize::from(outside::end(engine, home, store, session).await?);
        }
        let own = own.map(|handle| home.names.row(handle));
        for key in unreadable.iter().filter(|key| Some(**key) != own) {
            ended += usize::from(outside::end_row(engine, home, store, key).await?);
        }
        Ok(ended)
    }

    async fn find(&self) -> Result<Vec<Found<T>>, SessionsError> {
        let (home, store) = self.sessions.store()?;
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        let (found, _) = outside::find_by(&self.sessions.engine, home, store, index).await?;
        Ok(found)
    }
}

/// The sessions whose field at `index` of the table has this value: for the derive.
pub fn by<'s, T: SessionData, V: serde::Serialize + ?Sized>(
    sessions: &'s Sessions<T>,
    index: usize,
    value: &V,
) -> SessionsBy<'s, T> {
    let key = match &sessions.engine.home {
        Home::Cookie(_) | Home::Foreign(_) => None,
        Home::Store(home) => serde_json::to_vec(value)
            .ok()
            .map(|value| home.names.index(T::FIELDS[index].name, &value)),
    };
    SessionsBy { sessions, index: key }
}

impl<T> StoredSession<T> {
    fn of(found: Found<T>) -> Self {
        let time = |at: Millis| UNIX_EPOCH + Duration::from_millis(at.ms());
        Self {
            handle: found.handle,
            started: time(found.envelope.started),
            renewed: time(found.envelope.renewed),
            ends: time(found.ends),
            state: found.state,
        }
    }
}

impl<T> Deref for StoredSession<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.state
    }
}

impl<T, S> FromRequestParts<S> for Sessions<T>
where
    T: SessionData,
    S: Send + Sync,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(request: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let slot = SessionRejection::slot::<T>(request)?;
        Ok(Self::new(Arc::clone(slot.engine_arc()), Some(request)))
    }
}

impl<T> Clone for Sessions<T> {
    fn clone(&self) -> Self {
        Self { engine: Arc::clone(&self.engine), store: self.store.clone() }
    }
}

impl<T: SessionData> fmt::Debug for Sessions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("schema", &T::SCHEMA).finish_non_exhaustive()
    }
}

impl<T: SessionData> fmt::Debug for SessionsBy<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBy").field("schema", &T::SCHEMA).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for StoredSession<T> {
    /// Does not show the state: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession")
            .field("handle", &self.handle)
            .field("started", &self.started)
            .field("renewed", &self.renewed)
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SessionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore => f.write_str(
                "these sessions are in no store that is known here: they are in cookies, or each \
                 request has a store of its own (take `Sessions` as an extractor then)",
            ),
            Self::Store(_) => f.write_str("the session store failed"),
        }
    }
}

impl std::error::Error for SessionsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoStore => None,
            Self::Store(error) => Some(error),
        }
    }
}

impl From<StoreError> for SessionsError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for SessionsError {
    fn into_response(self) -> Response {
        tracing::warn!(target: "session", error = &self as &dyn std::error::Error);
        let status = match self {
            Self::NoStore => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, "the sessions are not available").into_response()
    }
}

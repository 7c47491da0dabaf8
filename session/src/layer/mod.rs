//! The tower middleware: [`SessionLayer`] makes [`SessionService`]s, whose [`SessionFuture`]s
//! commit what handlers changed.

mod build;
mod builder;
mod cookie;
#[cfg_attr(not(feature = "koa"), allow(dead_code))]
mod foreign;
mod future;
mod headers;
mod place;
mod promises;
mod service;
mod stored;
mod warnings;

pub use builder::{OnUndecodable, SessionBuilder};
#[cfg(feature = "koa")]
pub(crate) use foreign::ForeignOption;
pub use future::SessionFuture;
pub use promises::{AnyMerge, Keeps, MergeAccepted, MergeOf};
pub use service::SessionService;

use crate::data::{NoSecrets, SessionData};
use crate::error::CommitError;
use crate::extract::TypedSession;
use crate::life::{Closing, Engine, Pick, Slot};
use crate::rejection::SessionRejection;
use crate::seal::Keys;
use crate::sessions::Sessions;
use crate::store::{DynStore, Store};
use http::HeaderMap;
use http::request::Parts;
use place::Place;
use std::fmt;
use std::sync::Arc;
use tower_layer::Layer;

/// Gives every request of the wrapped service a session of type `T`.
///
/// Nothing is read, verified or decoded before a handler or middleware extracts the session, and
/// nothing is written unless it changed. Cloning is cheap.
///
/// `Router::layer(sessions)` wraps the routes added so far; axum boxes services there. Wrapped
/// round the whole app instead, `sessions.layer(app)`, nothing is boxed, which saves five
/// allocations a request:
///
/// ```no_run
/// use axum::{Router, ServiceExt, extract::Request, routing::get};
/// use session::{Keys, Session, SessionLayer, TypedSession};
/// use tower::Layer;
///
/// #[derive(Session)]
/// struct Visit {
///     views: u64,
/// }
///
/// async fn index(mut session: TypedSession<Visit>) -> String {
///     session.views += 1;
///     format!("{} views", session.views)
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionLayer::<Visit>::signed(Keys::from_env("SESSION_KEYS")?).build()?;
/// let app = sessions.layer(Router::new().route("/", get(index)));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).await?;
/// # Ok(()) }
/// ```
pub struct SessionLayer<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    engine: Arc<Engine<T>>,
    place: Place,
}

impl<T: SessionData> SessionLayer<T> {
    /// Sessions that live in a signed cookie.
    ///
    /// Whoever holds the cookie can read it, and nobody without the keys can make or change one.
    /// An older cookie that somebody kept is accepted until its end; parallel responses overwrite
    /// one another's changes.
    pub fn signed(keys: Keys) -> SessionBuilder<T>
    where
        T: NoSecrets,
    {
        SessionBuilder::signed(keys)
    }

    /// Sessions that a store keeps. The client has an id: 128 bits that name the session, and 256
    /// random bits that open it, of which the store has digests only.
    ///
    /// No change is lost to a parallel request: each write compares first, and what somebody else
    /// wrote meanwhile is merged field by field. An ended session stays ended.
    pub fn stored<S>(store: S) -> SessionBuilder<T, <S::Writes as MergeOf>::Merge>
    where
        S: Store,
        S::Index: Keeps<T>,
        S::Writes: MergeOf,
    {
        SessionBuilder::stored(Pick::One(Arc::new(store)))
    }

    /// As [`stored`](Self::stored), in the store that `pick` gives for a request: of a tenant, say.
    /// Give it clones of stores that are there: `pick` is called whenever a request asks for its
    /// session.
    pub fn stored_with<S>(
        pick: impl Fn(&Parts) -> S + Send + Sync + 'static,
    ) -> SessionBuilder<T, <S::Writes as MergeOf>::Merge>
    where
        S: Store,
        S::Index: Keeps<T>,
        S::Writes: MergeOf,
    {
        let pick = move |request: &Parts| Arc::new(pick(request)) as Arc<dyn DynStore>;
        SessionBuilder::stored(Pick::PerRequest(Box::new(pick)))
    }

    /// Opens a session outside a request, from raw headers: the state that a handler would see.
    ///
    /// Pass it to [`close`](Self::close) to commit changes; dropped, it commits nothing.
    ///
    /// # Errors
    /// As an extraction fails.
    pub async fn open(&self, headers: &HeaderMap) -> Result<TypedSession<T>, SessionRejection> {
        let mut request = http::Request::new(()).into_parts().0;
        request.headers = headers.clone();
        let slot = Arc::new(Slot::new(Arc::clone(&self.shared.engine)));
        TypedSession::open(slot, &request).await
    }

    /// Commits a session that [`open`](Self::open) gave, as a response of status 200 would, and
    /// puts its token into `headers`.
    ///
    /// # Errors
    /// When it can't be committed; then `headers` has no token.
    pub async fn close(
        &self,
        session: TypedSession<T>,
        headers: &mut HeaderMap,
    ) -> Result<(), CommitError> {
        let mut slot = session.into_slot();
        let closed = match slot.with(|life, engine| life.begin_close(engine, false)) {
            Closing::Done(closed) => closed,
            Closing::Ask(mut asking) => slot.close(&mut asking).await,
        };
        let mut delivered = Ok(());
        slot.finish(|life, engine| {
            delivered = headers::deliver(life, engine, closed, headers);
        });
        delivered
    }

    /// The sessions of the layer's store, outside any request. With
    /// [`stored_with`](Self::stored_with) there is no such store: take [`Sessions`] as an extractor.
    #[must_use]
    pub fn sessions(&self) -> Sessions<T> {
        Sessions::new(Arc::clone(&self.shared.engine), None)
    }

    #[cfg(feature = "testing")]
    pub(crate) fn engine(&self) -> &Arc<Engine<T>> {
        &self.shared.engine
    }
}

impl<T> Clone for SessionLayer<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: SessionData> fmt::Debug for SessionLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("schema", &T::SCHEMA).finish_non_exhaustive()
    }
}

impl<S, T> Layer<S> for SessionLayer<T> {
    type Service = SessionService<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.clone())
    }
}

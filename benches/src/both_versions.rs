//! Apps over tower-sessions, for its newest version and for the one before: its memory store is in
//! the newest, its stores on Redis and moka are for the one before.

/// The same app over either version: they differ in their crate's name only.
macro_rules! version {
    ($(#[$doc:meta])* $name:ident, $of:ident) => {
        $(#[$doc])*
        pub(crate) mod $name {
            use axum::Router;
            use axum::extract::Path;
            use axum::routing::get;
            use http::StatusCode;
            use $of::cookie::time::Duration;
            use $of::session::Error;
            use $of::{Expiry, Session, SessionManagerLayer, SessionStore};

            use crate::loads::{OK, route};
            use crate::race::{fields, pause};
            use crate::state::Visit;

            const KEY: &str = "visit";

            fn layer<S: SessionStore + Clone>(store: S) -> SessionManagerLayer<S> {
                let expiry = Expiry::OnInactivity(Duration::days(1));
                SessionManagerLayer::new(store).with_expiry(expiry)
            }

            /// The routes of the loads.
            pub(crate) fn visits<S: SessionStore + Clone>(store: S) -> Router {
                Router::new()
                    .route(route::READ, get(read))
                    .route(route::CHANGE, get(change))
                    .route(route::IDLE, get(async || OK))
                    .layer(layer(store))
            }

            async fn read(session: Session) -> Result<String, StatusCode> {
                Ok(visit(&session).await?.views.to_string())
            }

            async fn change(session: Session) -> Result<&'static str, StatusCode> {
                let mut visit = visit(&session).await?;
                visit.views += 1;
                session.insert(KEY, visit).await.map_err(failed)?;
                Ok(OK)
            }

            async fn visit(session: &Session) -> Result<Visit, StatusCode> {
                Ok(session.get(KEY).await.map_err(failed)?.unwrap_or_default())
            }

            /// The routes of a race.
            pub(crate) fn counts<S: SessionStore + Clone>(store: S) -> Router {
                Router::new()
                    .route(fields::BEGIN, get(begin))
                    .route(fields::ADD, get(add))
                    .route(fields::SHOW, get(show))
                    .layer(layer(store))
            }

            async fn begin(session: Session) -> Result<(), StatusCode> {
                session.insert("begun", true).await.map_err(failed)
            }

            async fn add(session: Session, Path(field): Path<String>) -> Result<(), StatusCode> {
                let count = count(&session, &field).await?;
                pause().await;
                session.insert(&field, count + 1).await.map_err(failed)
            }

            async fn show(
                session: Session,
                Path(field): Path<String>,
            ) -> Result<String, StatusCode> {
                Ok(count(&session, &field).await?.to_string())
            }

            async fn count(session: &Session, field: &str) -> Result<u64, StatusCode> {
                Ok(session.get(field).await.map_err(failed)?.unwrap_or_default())
            }

            fn failed(_: Error) -> StatusCode {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    };
}

version! {
    /// tower-sessions 0.15.
    newest, tower_sessions
}
version! {
    /// tower-sessions 0.14.
    before, tower_sessions_0_14
}

/// Its Redis store over so many connections, set up as its documentation does it.
pub(crate) async fn redis(
    url: &str,
    connections: usize,
) -> Result<
    tower_sessions_redis_store::RedisStore<tower_sessions_redis_store::fred::prelude::Pool>,
    tower_sessions_redis_store::fred::error::Error,
> {
    use tower_sessions_redis_store::fred::prelude::{ClientLike as _, Config, Pool};
    let pool = Pool::new(Config::from_url(url)?, None, None, None, connections)?;
    // The task that it returns ends with the pool.
    drop(pool.connect());
    pool.wait_for_connect().await?;
    Ok(tower_sessions_redis_store::RedisStore::new(pool))
}

//! This library in a race, over every store that it has and that is there.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;
use session::store::{
    CompareAndSet, MemcachedStore, MemoryStore, MySqlStore, PostgresStore, RedisClusterStore,
    RedisStore, SqliteStore, Store,
};
use session::{Event, Keeps, Keys, Session, SessionLayer, TypedSession};

use super::{Racer, fields, pause};

#[derive(Session)]
struct Counts {
    begun: bool,
    #[session(merge = sum)]
    sum: u64,
    left: u64,
    right: u64,
}

/// The racers that need no server.
pub(super) async fn embedded() -> Result<Vec<Racer>, Box<dyn Error>> {
    let store = MemoryStore::new();
    let mut racers = one_and_two("memory", &[store.clone(), store])?;
    let database = Arc::new(Database::new());
    let stores = [database.open().await?, database.open().await?];
    for racer in one_and_two("SQLite", &stores)? {
        racers.push(Racer { _database: Some(Arc::clone(&database)), ..racer });
    }
    racers.push(signed()?);
    Ok(racers)
}

/// The racers over the server of this environment variable.
pub(super) async fn on_server(variable: &str, url: &str) -> Result<Vec<Racer>, Box<dyn Error>> {
    match variable {
        "SESSION_TEST_REDIS" => {
            let connect = || RedisStore::connect(url);
            one_and_two("Redis", &[connect().await?, connect().await?])
        }
        "SESSION_TEST_REDIS_CLUSTER" => {
            let connect = || RedisClusterStore::connect(url.split(','));
            one_and_two("Redis Cluster", &[connect().await?, connect().await?])
        }
        "SESSION_TEST_POSTGRES" => {
            let connect = || PostgresStore::connect(url);
            let stores = [connect().await?, connect().await?];
            stores[0].migrate().await?;
            one_and_two("PostgreSQL", &stores)
        }
        "SESSION_TEST_MYSQL" => {
            let connect = || MySqlStore::connect(url);
            let stores = [connect().await?, connect().await?];
            stores[0].migrate().await?;
            one_and_two("MySQL", &stores)
        }
        "SESSION_TEST_MEMCACHED" => {
            let connect = || MemcachedStore::connect(url);
            one_and_two("Memcached", &[connect().await?, connect().await?])
        }
        _ => Err(format!("no store is known for {variable}").into()),
    }
}

fn one_and_two<S>(name: &str, stores: &[S; 2]) -> Result<Vec<Racer>, Box<dyn Error>>
where
    S: Store<Writes = CompareAndSet> + Clone,
    S::Index: Keeps<Counts>,
{
    let mut racers = Vec::new();
    for (apps, text) in [(1, "one app"), (2, "two apps")] {
        let conflicts = Arc::new(AtomicU64::new(0));
        let mut routers = Vec::new();
        for store in &stores[..apps] {
            let layer = SessionLayer::<Counts>::stored(store.clone())
                .on_event(counting(&conflicts))
                .build()?;
            routers.push(router().layer(layer));
        }
        racers.push(Racer {
            name: format!("session, {name}, {text}"),
            apps: routers,
            conflicts: Some(conflicts),
            promises: true,
            _database: None,
        });
    }
    Ok(racers)
}

/// The state in the cookie: where the last response wins, and the type has to say so.
fn signed() -> Result<Racer, Box<dyn Error>> {
    let conflicts = Arc::new(AtomicU64::new(0));
    let layer = SessionLayer::<Counts>::signed(Keys::random()?)
        .last_write_wins()
        .on_event(counting(&conflicts))
        .build()?;
    Ok(Racer {
        name: "session, signed cookie".to_owned(),
        apps: vec![router().layer(layer)],
        conflicts: Some(conflicts),
        promises: false,
        _database: None,
    })
}

fn counting(conflicts: &Arc<AtomicU64>) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let conflicts = Arc::clone(conflicts);
    move |event| {
        if matches!(event, Event::Conflict { .. }) {
            conflicts.fetch_add(1, Relaxed);
        }
    }
}

fn router() -> Router {
    Router::new()
        .route(fields::BEGIN, get(begin))
        .route(fields::ADD, get(add))
        .route(fields::SHOW, get(show))
}

async fn begin(mut session: TypedSession<Counts>) {
    session.begun = true;
}

async fn add(
    mut session: TypedSession<Counts>,
    Path(field): Path<String>,
) -> Result<(), StatusCode> {
    let count = *the(&mut session, &field)?;
    pause().await;
    *the(&mut session, &field)? = count + 1;
    Ok(())
}

async fn show(
    session: TypedSession<Counts>,
    Path(field): Path<String>,
) -> Result<String, StatusCode> {
    Ok(match field.as_str() {
        fields::SUM => session.sum,
        fields::LEFT => session.left,
        fields::RIGHT => session.right,
        _ => return Err(StatusCode::NOT_FOUND),
    }
    .to_string())
}

fn the<'a>(session: &'a mut Counts, field: &str) -> Result<&'a mut u64, StatusCode> {
    match field {
        fields::SUM => Ok(&mut session.sum),
        fields::LEFT => Ok(&mut session.left),
        fields::RIGHT => Ok(&mut session.right),
        _ => Err(StatusCode::NOT_FOUND),
    }
}

/// A file in the temporary folder, as long as this is there.
pub(super) struct Database(PathBuf);

impl Database {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("session-benches.{}.db", std::process::id())))
    }

    async fn open(&self) -> Result<SqliteStore, Box<dyn Error>> {
        let store = SqliteStore::connect(&format!("sqlite:{}", self.0.display())).await?;
        store.migrate().await?;
        Ok(store)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The connections have the files open; on Unix they need no name for that.
        for end in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            // What is not there needs no removal.
            let _ = std::fs::remove_file(path);
        }
    }
}

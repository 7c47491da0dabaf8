//! `--home`: where the sessions live, opened before the server listens.

use crate::unlisted::Unlisted;
use session::minutes;
use session::store::{
    AnyStore, CompareAndSet, Indexed, MemcachedStore, MemoryStore, MySqlStore, PostgresStore,
    RedisClusterStore, RedisStore, SqliteStore, Store, StoreError, Sweep, Sweeper,
};
use std::error::Error;
use std::time::Duration;

/// How often expired rows are thrown away where the engine does not do it.
const SWEEP: Duration = minutes(5);

/// What `--home` and `--prefix` said, opened.
pub(crate) enum Home {
    /// In the client's cookie.
    Cookie,
    Store(Stored),
}

/// Sessions in a store.
pub(crate) struct Stored {
    /// One type for all engines: the choice is made when the program runs.
    pub(crate) store: AnyStore,
    /// Whether it can list the sessions of a user.
    pub(crate) lists: bool,
    sweeper: Option<Sweeper>,
}

impl Home {
    /// Opens the home. A store that is down is an error: whoever starts this server should know
    /// now, and not from the first visitor.
    pub(crate) async fn open(home: &str, prefix: Option<&str>) -> Result<Self, String> {
        let scheme = match home.split_once("://") {
            None if home == "signed" => return Ok(Self::Cookie),
            None if home == "encrypted" => {
                return Err("`--home encrypted`: this build can't encrypt cookies yet".to_owned());
            }
            None if home == "memory" => "memory",
            Some((scheme, _)) => scheme,
            // What it says is not repeated: it may be a URL that lost its beginning.
            None => return Err(unknown()),
        };
        let opened = match scheme {
            "memory" => Ok(Stored::plain(MemoryStore::new())),
            "redis" => redis(home, prefix).await,
            "redis-cluster" => redis_cluster(home, prefix).await,
            "postgres" => postgres(home, prefix).await,
            "mysql" => mysql(home, prefix).await,
            "sqlite" => sqlite(home, prefix).await,
            "memcached" => memcached(home, prefix).await,
            _ => return Err(unknown()),
        };
        opened.map(Self::Store).map_err(|error| format!("`--home {scheme}`: {}", reasons(&error)))
    }

    /// Ends what runs in the background.
    pub(crate) async fn close(self) {
        if let Self::Store(Stored { sweeper: Some(sweeper), .. }) = self {
            sweeper.stop().await;
        }
    }
}

impl Stored {
    fn plain(store: impl Store<Index = Indexed, Writes = CompareAndSet>) -> Self {
        Self { store: AnyStore::new(store), lists: true, sweeper: None }
    }

    /// Expired rows stay in tables until somebody throws them away.
    fn swept(store: impl Store<Index = Indexed, Writes = CompareAndSet> + Sweep) -> Self {
        let sweeper = store.sweep_every(SWEEP);
        Self { sweeper: Some(sweeper), ..Self::plain(store) }
    }
}

async fn redis(url: &str, prefix: Option<&str>) -> Result<Stored, StoreError> {
    let mut builder = RedisStore::builder(url);
    if let Some(prefix) = prefix {
        builder = builder.prefix(prefix);
    }
    Ok(Stored::plain(builder.connect().await?))
}

/// `redis-cluster://USER:PASSWORD@HOST:PORT,HOST:PORT`: one URL, which becomes one for each node.
async fn redis_cluster(url: &str, prefix: Option<&str>) -> Result<Stored, StoreError> {
    let nodes = url.strip_prefix("redis-cluster://").unwrap_or(url);
    let (credentials, nodes) = match nodes.rsplit_once('@') {
        Some((credentials, nodes)) => (format!("{credentials}@"), nodes),
        None => (String::new(), nodes),
    };
    let nodes = nodes.split(',').map(|node| format!("redis://{credentials}{node}"));
    let mut builder = RedisClusterStore::builder(nodes);
    if let Some(prefix) = prefix {
        builder = builder.prefix(prefix);
    }
    Ok(Stored::plain(builder.connect().await?))
}

async fn postgres(url: &str, table: Option<&str>) -> Result<Stored, StoreError> {
    let mut store = PostgresStore::connect(url).await?;
    if let Some(table) = table {
        store = store.table(table)?;
    }
    store.migrate().await?;
    Ok(Stored::swept(store))
}

async fn mysql(url: &str, table: Option<&str>) -> Result<Stored, StoreError> {
    let mut store = MySqlStore::connect(url).await?;
    if let Some(table) = table {
        store = store.table(table)?;
    }
    store.migrate().await?;
    Ok(Stored::swept(store))
}

async fn sqlite(url: &str, table: Option<&str>) -> Result<Stored, StoreError> {
    let mut store = SqliteStore::connect(url).await?;
    if let Some(table) = table {
        store = store.table(table)?;
    }
    store.migrate().await?;
    Ok(Stored::swept(store))
}

async fn memcached(url: &str, prefix: Option<&str>) -> Result<Stored, StoreError> {
    let mut builder = MemcachedStore::builder(url);
    if let Some(prefix) = prefix {
        builder = builder.prefix(prefix);
    }
    let store = Unlisted(builder.connect().await?);
    Ok(Stored { lists: false, ..Stored::plain(store) })
}

fn unknown() -> String {
    "`--home`: expected `signed`, `memory`, or the URL of a store: `redis://`, `redis-cluster://`, \
     `postgres://`, `mysql://`, `sqlite://` or `memcached://`"
        .to_owned()
}

/// An error and what caused it, in one sentence.
pub(crate) fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Some repeat their cause.
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

//! `--home`: where the sessions live, opened before the server listens.
//!
//! With `--tenants A,B` each tenant has a store of its own: rows under another prefix, in another
//! table. A request names its tenant in `X-Tenant`; whoever names none is in a store without a name.

use crate::flaky::Flaky;
use crate::options::Options;
use crate::unlisted::Unlisted;
use session::store::{
    AnyStore, CompareAndSet, Encrypted, Indexed, MemcachedStore, MemoryStore, MySqlStore,
    PostgresStore, RedisClusterStore, RedisStore, SqliteStore, Store, StoreError, Sweep, Sweeper,
};
use session::{Keys, minutes};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// How often expired rows are thrown away where the engine does not do it.
const SWEEP: Duration = minutes(5);

/// What `--home`, `--prefix`, `--tenants`, `--flaky` and `--row-keys` said, opened.
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
    /// The stores of those that have one of their own.
    pub(crate) tenants: Option<Arc<HashMap<String, AnyStore>>>,
    sweepers: Vec<Sweeper>,
}

impl Home {
    /// Opens the home. A store that is down is an error: whoever starts this server should know
    /// now, and not from the first visitor.
    pub(crate) async fn open(options: &Options) -> Result<Self, String> {
        let home = &*options.home;
        let scheme = match home.split_once("://") {
            None if home == "signed" => {
                return refused_in_cookies(options).map_or(Ok(Self::Cookie), Err);
            }
            None if home == "encrypted" => {
                return Err("`--home encrypted`: this build can't encrypt cookies yet".to_owned());
            }
            None if home == "memory" && options.prefix.is_some() => {
                return Err("`--prefix`: the home `memory` has none".to_owned());
            }
            None if home == "memory" => "memory",
            Some((scheme, _)) => scheme,
            // What it says is not repeated: it may be a URL that lost its beginning.
            None => return Err(unknown()),
        };
        let prefix = options.prefix.as_deref();
        let mut opened = Stored::open(scheme, home, prefix).await?;
        let mut tenants = HashMap::new();
        for tenant in &options.tenants {
            let prefix = format!("{}_{tenant}", prefix.unwrap_or("tenant"));
            let other = Stored::open(scheme, home, Some(&prefix)).await?;
            opened.sweepers.extend(other.sweepers);
            tenants.insert(tenant.clone(), other.store);
        }
        let row_keys = options.row_keys.as_ref().map(Keys::new).transpose();
        let row_keys = row_keys.map_err(|error| format!("`--row-keys`: {error}"))?;
        let named = tenants.iter_mut().map(|(name, store)| (name.as_str(), store));
        for (name, store) in named.chain([("", &mut opened.store)]) {
            if options.flaky {
                *store = AnyStore::new(Flaky(store.clone()));
            }
            if let Some(keys) = &row_keys {
                *store = AnyStore::new(Encrypted::named(store.clone(), keys, name));
            }
        }
        opened.tenants = (!tenants.is_empty()).then(|| Arc::new(tenants));
        Ok(Self::Store(opened))
    }

    /// Ends what runs in the background.
    pub(crate) async fn close(self) {
        let Self::Store(stored) = self else { return };
        for sweeper in stored.sweepers {
            sweeper.stop().await;
        }
    }
}

/// What would do nothing for sessions in cookies.
fn refused_in_cookies(options: &Options) -> Option<String> {
    let option = match options {
        Options { prefix: Some(_), .. } => "--prefix",
        Options { flaky: true, .. } => "--flaky",
        Options { row_keys: Some(_), .. } => "--row-keys",
        Options { tenants, .. } if !tenants.is_empty() => "--tenants",
        _ => return None,
    };
    Some(format!("`{option}`: sessions in cookies have no store"))
}

impl Stored {
    async fn open(scheme: &str, url: &str, prefix: Option<&str>) -> Result<Self, String> {
        let opened = match scheme {
            "memory" => Ok(Self::plain(MemoryStore::new())),
            "redis" => redis(url, prefix).await,
            "redis-cluster" => redis_cluster(url, prefix).await,
            "postgres" => postgres(url, prefix).await,
            "mysql" => mysql(url, prefix).await,
            "sqlite" => sqlite(url, prefix).await,
            "memcached" => memcached(url, prefix).await,
            _ => return Err(unknown()),
        };
        opened.map_err(|error| format!("`--home {scheme}`: {}", reasons(&error)))
    }

    fn plain(store: impl Store<Index = Indexed, Writes = CompareAndSet>) -> Self {
        Self { store: AnyStore::new(store), lists: true, tenants: None, sweepers: Vec::new() }
    }

    /// Expired rows stay in tables until somebody throws them away.
    fn swept(store: impl Store<Index = Indexed, Writes = CompareAndSet> + Sweep) -> Self {
        let sweeper = store.sweep_every(SWEEP);
        Self { sweepers: vec![sweeper], ..Self::plain(store) }
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

//! The engines that are asked over a network, and a site on each.

use crate::app::Site;
use crate::proxy::{Proxy, port_of};
use crate::state::{Kind, Plain, Visit};
use session::store::{MemcachedStore, MySqlStore, PostgresStore, RedisStore};
use session::{MergeAccepted, OnOutage, SessionBuilder, SessionLayer};
use session_tests::servers;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Redis,
    Postgres,
    MariaDb,
    Memcached,
}

/// What a site is made with.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long the store's client waits.
    pub store: Duration,
    /// How long the layer waits.
    pub layer: Duration,
    pub on_outage: OnOutage,
    /// Between reading and writing.
    pub pause: Duration,
}

/// How long a call may take in these tests.
pub const PATIENCE: Duration = Duration::from_millis(800);

/// What a machine with other things to do may add to that.
pub const SLACK: Duration = Duration::from_secs(2);

/// Within what time a service is well again at the latest.
pub const RECOVERY: Duration = Duration::from_secs(10);

impl Default for Terms {
    /// The store's client gives up first.
    fn default() -> Self {
        Self {
            store: PATIENCE,
            layer: Duration::from_secs(20),
            on_outage: OnOutage::Fail,
            pause: Duration::ZERO,
        }
    }
}

impl Engine {
    /// The address of the common server.
    pub fn url(self) -> String {
        servers::url(match self {
            Self::Redis => "SESSION_TEST_REDIS",
            Self::Postgres => "SESSION_TEST_POSTGRES",
            Self::MariaDb => "SESSION_TEST_MYSQL",
            Self::Memcached => "SESSION_TEST_MEMCACHED",
        })
    }

    /// A site with connections of its own.
    pub async fn site(self, url: &str, terms: Terms) -> Site {
        match self {
            Self::Redis => {
                let store = RedisStore::builder(url).timeout(terms.store).connect().await;
                site::<Visit, _>(SessionLayer::stored(store.expect("Redis")), terms)
            }
            Self::Postgres => {
                let store = PostgresStore::connect(url).await.expect("PostgreSQL");
                store.migrate().await.expect("tables");
                site::<Visit, _>(SessionLayer::stored(store.timeout(terms.store)), terms)
            }
            Self::MariaDb => {
                let store = MySqlStore::connect(url).await.expect("MariaDB");
                store.migrate().await.expect("tables");
                site::<Visit, _>(SessionLayer::stored(store.timeout(terms.store)), terms)
            }
            Self::Memcached => {
                let store = MemcachedStore::builder(url).timeout(terms.store).connect().await;
                site::<Plain, _>(SessionLayer::stored(store.expect("memcached")), terms)
            }
        }
    }

    /// A site behind a proxy in front of the common server.
    pub async fn behind_proxy(self, terms: Terms) -> (Site, Proxy) {
        let url = self.url();
        let proxy = Proxy::start(port_of(&url)).await;
        (self.site(&proxy.url(&url), terms).await, proxy)
    }
}

/// A site on these terms.
pub fn site<T: Kind, M: MergeAccepted<T>>(builder: SessionBuilder<T, M>, terms: Terms) -> Site {
    let builder = builder.store_timeout(terms.layer).on_outage(terms.on_outage);
    Site::with_pause(builder, terms.pause)
}

/// Each of these functions as a test of each engine.
macro_rules! on_each_engine {
    ($($test:ident)*) => {
        on_each_engine!(redis Redis: $($test)*);
        on_each_engine!(postgres Postgres: $($test)*);
        on_each_engine!(mariadb MariaDb: $($test)*);
        on_each_engine!(memcached Memcached: $($test)*);
    };
    ($module:ident $engine:ident: $($test:ident)*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::engines::Engine::$engine).await;
                }
            )*
        }
    };
}

pub(crate) use on_each_engine;

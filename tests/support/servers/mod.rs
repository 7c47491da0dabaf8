//! Private servers for tests: on free ports of 127.0.0.1, with their data in a temporary folder, and
//! gone when whoever started them is gone, however that comes.
//!
//! A test that needs a common server takes its address from [`url`]; the program `with-servers`
//! starts them all. A test that kills servers starts its own:
//!
//! ```no_run
//! # fn main() -> Result<(), session_tests::servers::Trouble> {
//! use session_tests::servers::Redis;
//!
//! let mut redis = Redis::start(&["--maxmemory", "8mb"])?;
//! let url = redis.url();
//! redis.kill(); // SIGKILL
//! redis.restart()?; // on the same port, with the same data
//! # Ok(()) }
//! ```

mod authority;
mod cluster;
mod engine;
mod engines;
mod folder;
mod process;
mod server;

pub use authority::{Authority, Certificate};
pub use cluster::RedisCluster;
pub use engines::{MariaDb, Memcached, Postgres, Redis};
pub use server::{Server, free_port};

use std::fmt;

/// Why a server does not run, with the end of its log. `Debug` reads as `Display`, for `unwrap`.
pub struct Trouble(String);

impl Trouble {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

/// The address of a common server.
///
/// # Panics
/// When nobody started it.
#[must_use]
pub fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: this test needs servers. `./scripts/test` starts them, and so \
             does `cargo run -p session-tests --features servers --bin with-servers -- COMMAND`"
        )
    })
}

/// One of each engine, and an authority for those that tests start with TLS.
#[derive(Debug)]
pub struct Servers {
    authority: Authority,
    redis: Server,
    redis_aof: Server,
    cluster: RedisCluster,
    postgres: Server,
    mysql: Server,
    memcached: Server,
}

impl Servers {
    /// Starts them, at once.
    ///
    /// # Errors
    /// When one does not start; the others are stopped.
    pub fn start() -> Result<Self, Trouble> {
        std::thread::scope(|scope| {
            // What a write costs with a disk behind it is nothing that most tests ask.
            let redis = scope.spawn(|| Redis::start(&["--save", "", "--appendonly", "no"]));
            let redis_aof = scope.spawn(|| Redis::start(&Redis::EVERY_WRITE_ON_DISK));
            let cluster = scope.spawn(|| RedisCluster::start(&[]));
            let postgres = scope.spawn(|| Postgres::start(&[]));
            let mysql = scope.spawn(|| MariaDb::start(&[]));
            let memcached = scope.spawn(|| Memcached::start(&[]));
            Ok(Self {
                authority: Authority::new()?,
                redis: joined(redis)?,
                redis_aof: joined(redis_aof)?,
                cluster: joined(cluster)?,
                postgres: joined(postgres)?,
                mysql: joined(mysql)?,
                memcached: joined(memcached)?,
            })
        })
    }

    /// Their addresses, as [`url`] finds them, and the authority.
    ///
    /// # Errors
    /// When it is not known whom the system trusts.
    pub fn environment(&self) -> Result<Vec<(&'static str, String)>, Trouble> {
        let mut all = vec![
            ("SESSION_TEST_REDIS", self.redis.url()),
            ("SESSION_TEST_REDIS_AOF", self.redis_aof.url()),
            ("SESSION_TEST_REDIS_CLUSTER", self.cluster.urls().join(",")),
            ("SESSION_TEST_POSTGRES", self.postgres.url()),
            ("SESSION_TEST_MYSQL", self.mysql.url()),
            ("SESSION_TEST_MEMCACHED", self.memcached.url()),
        ];
        all.extend(self.authority.environment()?);
        Ok(all)
    }
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T, Trouble>>) -> Result<T, Trouble> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

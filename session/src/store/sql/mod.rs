//! PostgreSQL, MySQL and MariaDB, SQLite.
//!
//! [`face`] is what users see of each store, [`calls`] what a call does on any of them. It runs
//! statements ([`run`]) whose texts ([`text`], [`engine`]) are the same but for what the engine's own
//! file says otherwise.

mod away;
mod breaks;
mod calls;
mod engine;
mod face;
mod fault;
mod glue;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod reach;
mod row;
mod run;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;
mod text;

use face::store;
use glue::glue;
use std::time::Duration;

#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// For how long a pool that was made from an address waits for a connection, new or free.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(3);

/// A connection that was idle for longer is asked for a sign of life before it is used: the server
/// may have been restarted. A shorter absence is not worth a round trip on each call.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const IDLE_UNTESTED: Duration = Duration::from_secs(1);

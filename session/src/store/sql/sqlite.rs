//! SQLite.

use super::breaks::Breaks;
use super::calls::Core;
use super::engine::{Answer, Arguments, Columns, Connection, Engine, Options, Row, Texts, Want};
use super::fault::{Fault, Meaning, Said, address};
use super::text::{Dialect, Value};
use super::{WAIT_FOR_CONNECTION, glue, store};
use crate::store::{StoreError, StoreErrorKind};
use sqlx::error::DatabaseError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, SqlStr};
use std::time::Duration;

/// For how long SQLite itself waits for another writer: less than a call may take, so that the call
/// tells what it waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(4);

/// SQLite reads on a thread for each connection.
const READERS: u32 = 4;

/// Sessions in an SQLite file (3.35 or later; this crate brings its own).
///
/// ```no_run
/// use session::store::SqliteStore;
///
/// # async fn connect() -> Result<(), session::store::StoreError> {
/// let store = SqliteStore::connect("sqlite:sessions.db").await?;
/// store.migrate().await?;
/// let _sweeper = store.sweep_every(session::minutes(5));
/// # Ok(()) }
/// ```
///
#[doc = include_str!("store.md")]
///
/// # On SQLite
///
/// - There is one writer at a time. [`connect`](Self::connect) has one connection that writes, in
///   the order of the calls, and four that read meanwhile; other processes that write to the file
///   are waited for, for up to four seconds.
/// - With [`connect`](Self::connect) the journal is a write-ahead log and `synchronous` is `NORMAL`:
///   what a call did survives the end of the process, also by SIGKILL; a loss of power may take the
///   last calls with it, never the file's order. For more, give [`new`](Self::new) a pool with
///   `SqliteSynchronous::Full`.
/// - The file must be on a local disk, beside which SQLite may make two more (`-wal`, `-shm`).
#[derive(Clone)]
pub struct SqliteStore {
    core: Core<Sqlite>,
}

impl SqliteStore {
    /// Opens the file of `sqlite:path/to/file`, or makes it. `sqlite::memory:` is a database of this
    /// store alone, gone with the last of its clones.
    ///
    /// # Errors
    /// When the address is wrong, or the file can't be opened or is no SQLite database; the source
    /// names it.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options: SqliteConnectOptions = address(url, &["sqlite"])?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(WAIT_FOR_CONNECTION)
            .test_before_acquire(false);
        // An idle connection costs nothing, and with the last one goes what is in memory.
        let writer = pool.clone().max_connections(1).idle_timeout(None).max_lifetime(None);
        let writes = Self::opened(&writer, &options).await?;
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Ok(Self::new(writes));
        }
        let reads = pool.max_connections(READERS).connect_lazy_with(options);
        Ok(Self { core: Core::with_two(reads, writes, &Breaks::default()) })
    }

    /// On a pool that is there already. For concurrent writers its `busy_timeout` must not be zero,
    /// and its journal should be a write-ahead log. A pool of several connections waits longer for
    /// the one writer than [`connect`](Self::connect) does.
    #[must_use]
    pub fn new(pool: SqlitePool) -> Self {
        Self { core: Core::new(pool) }
    }

    /// SQLite does not wait for another process that turns the same new file to write-ahead logging.
    async fn opened(
        pool: &SqlitePoolOptions,
        options: &SqliteConnectOptions,
    ) -> Result<SqlitePool, StoreError> {
        let mut pause = Duration::from_millis(5);
        loop {
            match pool.clone().connect_with(options.clone()).await {
                Ok(pool) => return Ok(pool),
                Err(error) => {
                    let fault = Fault::unconnected::<Sqlite>(error, options, "");
                    let error = StoreError::from(fault);
                    if error.kind() != StoreErrorKind::Busy || pause > Duration::from_secs(1) {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
    }
}

store!(SqliteStore);

/// sqlx's name for the engine is taken.
#[derive(Debug)]
pub(super) struct Sqlite;

impl Engine for Sqlite {
    glue!(sqlx::Sqlite);

    const DIALECT: Dialect = Dialect {
        quote: '"',
        numbered: true,
        clock: "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
        greatest: "max",
    };

    const TEXTS: Texts = Texts {
        schema: &[
            "\
CREATE TABLE IF NOT EXISTS {table} (
    row_key BLOB NOT NULL PRIMARY KEY,
    ended BOOLEAN NOT NULL,
    revision INTEGER NOT NULL,
    renewed INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    body BLOB NOT NULL,
    collect_at INTEGER NOT NULL
)",
            "CREATE INDEX IF NOT EXISTS {table_collect_at} ON {table} (collect_at)",
            "\
CREATE TABLE IF NOT EXISTS {index} (
    index_key BLOB NOT NULL,
    row_key BLOB NOT NULL,
    collect_at INTEGER NOT NULL,
    PRIMARY KEY (index_key, row_key)
) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS {index_collect_at} ON {index} (collect_at)",
        ],
        create: super::engine::CREATE_OR_REPLACE,
        replace: None,
        index_insert: super::engine::INDEX_UPSERT,
        sweep: "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} \
                WHERE {dead} LIMIT :limit)",
        index_sweep: "DELETE FROM {index} WHERE (index_key, row_key) IN \
                      (SELECT index_key, row_key FROM {index} \
                      WHERE {index_dead} LIMIT :limit)",
        longest: None,
    };

    // A connection may be all there is of the database.
    const CLOSE_LATE: bool = false;

    const AWAY: &'static str = "is its disk there";
    const AUTHORITY: &'static str = "";

    fn place(options: &Options<Self>) -> String {
        options.get_filename().display().to_string()
    }

    fn door(_: &Options<Self>) -> Option<(&str, u16)> {
        None
    }

    async fn make(
        connection: &mut Connection<Self>,
        schema: Vec<SqlStr>,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for sql in schema {
            sqlx::raw_sql(sql).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    fn said(error: &dyn DatabaseError) -> Said {
        let code = error.code().unwrap_or_default().into_owned();
        // The lowest byte is what went wrong, the others are in which way.
        let primary = code.parse::<u32>().ok().map(|code| code & 0xff);
        let message = error.message();
        let meaning = match primary {
            // The statements are right: it is the tables that are not. SQLite has no code for it.
            Some(1) if message.starts_with("no such table") => Meaning::NoTable,
            Some(1) => Meaning::OtherTable,
            _ if error.is_unique_violation() => Meaning::Taken,
            // A value of another type, or none where there must be one.
            Some(19 | 20) => Meaning::OtherTable,
            // Busy, locked, out of memory, read-only, disk full.
            Some(5..=8 | 13) => Meaning::Busy,
            Some(9) => Meaning::Timeout,
            Some(10) => Meaning::Unavailable,
            // No right, can't open, no database.
            Some(3 | 14 | 23 | 26) => Meaning::Refused,
            Some(18) => Meaning::TooLarge,
            _ => Meaning::Other,
        };
        Said { meaning, code }
    }
}

//! MySQL and MariaDB.

use super::breaks::Breaks;
use super::calls::Core;
use super::engine::{Answer, Arguments, Columns, Connection, Engine, Options, Row, Texts, Want};
use super::fault::{Meaning, Said, address};
use super::reach::reach;
use super::text::{Dialect, Value};
use super::{IDLE_UNTESTED, WAIT_FOR_CONNECTION, glue, store};
use crate::store::StoreError;
use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlPool, MySqlPoolOptions};
use sqlx::{Connection as _, SqlStr};

/// Sessions in MySQL (5.7 or later) or MariaDB (10.3 or later).
///
/// ```no_run
/// use session::store::MySqlStore;
///
/// # async fn connect() -> Result<(), session::store::StoreError> {
/// let store = MySqlStore::connect("mysql://app:secret@db.example/app").await?;
/// store.migrate().await?;
/// let _sweeper = store.sweep_every(session::minutes(5));
/// # Ok(()) }
/// ```
///
#[doc = include_str!("store.md")]
///
/// # On MySQL and MariaDB
///
/// - `create` is one statement, two if the key is taken.
/// - Any isolation level is right, `REPEATABLE READ`, the default, too: there are no transactions
///   of several statements. What the engine undoes because of a deadlock is run again, up to five
///   times in all.
/// - The tables are InnoDB's. What a call did is durable when it returns, as
///   `innodb_flush_log_at_trx_commit` says: `1`, the default, survives a crash of the server and of
///   its machine; with `2` or `0` a crash may take the last second with it.
/// - A session that is longer than `max_allowed_packet` is
///   [too large](crate::store::StoreErrorKind::TooLarge).
#[derive(Clone)]
pub struct MySqlStore {
    core: Core<MySql>,
}

impl MySqlStore {
    /// Connects to `mysql://user:password@host:port/database`, with up to ten connections; what
    /// else an address may say tells [`MySqlConnectOptions`]. For other pools there is
    /// [`new`](Self::new).
    ///
    /// With the feature `sql-tls` the connection is encrypted if the server can, and neither that nor who
    /// the server is gets checked, as is the engine's custom; `ssl-mode=VERIFY_IDENTITY` in the address checks
    /// both. Trusted are the authorities that Mozilla trusts, and those in the file `ssl-ca=FILE`.
    ///
    /// # Errors
    /// When the address is wrong, nobody listens there or answers within three seconds, or the server
    /// refuses. The source says where, without the password.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options: MySqlConnectOptions = address(url, &["mysql", "mariadb"])?;
        reach::<MySql>(&options).await?;
        let breaks = Breaks::default();
        let noted = breaks.clone();
        let pool = MySqlPoolOptions::new()
            .acquire_timeout(WAIT_FOR_CONNECTION)
            .test_before_acquire(false)
            .before_acquire(move |connection, about| {
                let suspect = about.idle_for > IDLE_UNTESTED || noted.doubt(about.idle_for);
                Box::pin(async move {
                    if suspect {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { core: Core::told_of_breaks(pool, &breaks) })
    }

    /// On a pool that is there already. It must lead to a server that takes writes: a replica that
    /// lags behind would give ended sessions for live ones.
    #[must_use]
    pub fn new(pool: MySqlPool) -> Self {
        Self { core: Core::new(pool) }
    }

    /// In a schema (MySQL's other word for a database) of this name, which must exist, instead of
    /// the one of the connection.
    ///
    /// # Errors
    /// Names are 1 to 63 ASCII letters, digits, `_` and `-`.
    pub fn schema(self, name: &str) -> Result<Self, StoreError> {
        Ok(Self { core: self.core.named(|names| names.with_schema(name))? })
    }
}

store!(MySqlStore);

/// sqlx's name for the engine is taken.
#[derive(Debug)]
pub(super) struct MySql;

impl Engine for MySql {
    glue!(sqlx::MySql);

    const DIALECT: Dialect = Dialect {
        quote: '`',
        numbered: false,
        // Whatever the time zone of the connection.
        clock: "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)",
        greatest: "GREATEST",
    };

    const TEXTS: Texts = Texts {
        schema: &[
            "\
CREATE TABLE IF NOT EXISTS {table} (
    row_key BINARY(32) NOT NULL PRIMARY KEY,
    ended BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    renewed BIGINT NOT NULL,
    idle BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    body LONGBLOB NOT NULL,
    collect_at BIGINT NOT NULL,
    KEY (collect_at)
) ENGINE = InnoDB",
            "\
CREATE TABLE IF NOT EXISTS {index} (
    index_key BINARY(32) NOT NULL,
    row_key BINARY(32) NOT NULL,
    collect_at BIGINT NOT NULL,
    PRIMARY KEY (index_key, row_key),
    KEY (collect_at)
) ENGINE = InnoDB",
        ],
        // `ON DUPLICATE KEY UPDATE` does not tell a row that it left alone from one that it made.
        create: "INSERT INTO {table} \
                 (row_key, ended, revision, renewed, idle, ends, body, collect_at) \
                 VALUES (:key, FALSE, :revision, :renewed, :idle, :ends, :body, {until})",
        // From left to right: the time comes last.
        replace: Some(
            "UPDATE {table} SET ended = FALSE, revision = :revision, renewed = :renewed, \
             idle = :idle, ends = :ends, body = :body, collect_at = {until} \
             WHERE row_key = :key AND collect_at < {clock}",
        ),
        index_insert: "INSERT INTO {index} (index_key, row_key, collect_at) \
                       VALUES (:index, :key, {until}) \
                       ON DUPLICATE KEY UPDATE collect_at = GREATEST(collect_at, {until})",
        sweep: "DELETE FROM {table} WHERE {dead} LIMIT :limit",
        index_sweep: "DELETE FROM {index} WHERE {index_dead} LIMIT :limit",
        longest: Some("SELECT CAST(@@max_allowed_packet AS SIGNED)"),
    };

    const CLOSE_LATE: bool = true;

    const AWAY: &'static str = "is the server running";
    const AUTHORITY: &'static str = "ssl-ca";

    fn place(options: &Options<Self>) -> String {
        match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        }
    }

    fn door(options: &Options<Self>) -> Option<(&str, u16)> {
        options.get_socket().is_none().then(|| (options.get_host(), options.get_port()))
    }

    async fn make(
        connection: &mut Connection<Self>,
        schema: Vec<SqlStr>,
    ) -> Result<(), sqlx::Error> {
        // Each is a transaction of its own, and waits for whoever makes the same table.
        for sql in schema {
            sqlx::raw_sql(sql).execute(&mut *connection).await?;
        }
        Ok(())
    }

    fn said(error: &dyn DatabaseError) -> Said {
        match error.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => {
                let number = error.number();
                Said { meaning: meaning(number), code: number.to_string() }
            }
            None => Said { meaning: Meaning::Other, code: String::new() },
        }
    }
}

/// Of an error number, MySQL's (up to 1879 MariaDB's too) or MariaDB's (1900 to 4999):
/// <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>,
/// <https://mariadb.com/kb/en/mariadb-error-codes/>.
fn meaning(number: u16) -> Meaning {
    match number {
        // Shutting down, aborted, network errors, killed; idle for too long.
        1053 | 1077 | 1079 | 1080 | 1152 | 1158..=1161 | 1184 | 1927 | 4031 => Meaning::Unavailable,
        // A query interrupted, or longer than it may be.
        1317 | 1969 | 3024 => Meaning::Timeout,
        // No disk, no memory, no connections, a table full, a lock not given in time, read-only.
        1021 | 1037 | 1038 | 1040 | 1041 | 1114 | 1203 | 1205 | 1206 | 1226 | 1290 | 1792
        | 1836 | 3572 => Meaning::Busy,
        1213 => Meaning::Undone,
        1146 => Meaning::NoTable,
        // Columns unknown, missing, or of types that can't hold the values.
        1048 | 1054 | 1136 | 1264 | 1265 | 1292 | 1364 | 1366 | 1452 => Meaning::OtherTable,
        // Rights, passwords, databases, hosts.
        1044 | 1045 | 1046 | 1049 | 1129 | 1130 | 1142 | 1143 | 1227 | 1251 | 1370 | 1524
        | 1698 | 1820 | 3118 => Meaning::Refused,
        1118 | 1153 | 1301 | 1406 => Meaning::TooLarge,
        1062 => Meaning::Taken,
        _ => Meaning::Other,
    }
}

//! PostgreSQL.

use super::breaks::Breaks;
use super::calls::Core;
use super::engine::{Answer, Arguments, Columns, Connection, Engine, Options, Row, Texts, Want};
use super::fault::{Meaning, Said, address};
use super::reach::reach;
use super::text::{Dialect, Value};
use super::{IDLE_UNTESTED, WAIT_FOR_CONNECTION, glue, store};
use crate::store::StoreError;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, SqlStr};

/// Sessions in PostgreSQL (12 or later).
///
/// ```no_run
/// use session::store::PostgresStore;
///
/// # async fn connect() -> Result<(), session::store::StoreError> {
/// let store = PostgresStore::connect("postgres://app:secret@db.example/app").await?;
/// store.migrate().await?;
/// let _sweeper = store.sweep_every(session::minutes(5));
/// # Ok(()) }
/// ```
///
#[doc = include_str!("store.md")]
///
/// # On PostgreSQL
///
/// - Assumed is `READ COMMITTED`, PostgreSQL's default. Stricter isolation, if it is the default of
///   the user's pool, is right too; what the engine then refuses to serialize is run again, up to
///   five times in all.
/// - What a call did is durable when it returns, as `synchronous_commit` says: `on`, the default,
///   survives a crash of the server and of its machine; with `off` a crash may take the last
///   moments with it.
/// - The statements are prepared. A pooler that hands each statement to another connection must
///   know prepared statements, or `statement-cache-capacity=0` stands in the address.
#[derive(Clone)]
pub struct PostgresStore {
    core: Core<Postgres>,
}

impl PostgresStore {
    /// Connects to `postgres://user:password@host:port/database`, with up to ten connections; what
    /// else an address may say tells [`PgConnectOptions`]. For other pools there is
    /// [`new`](Self::new).
    ///
    /// With the feature `sql-tls` the connection is encrypted if the server can, and neither that nor who
    /// the server is gets checked, as is the engine's custom; `sslmode=verify-full` in the address checks
    /// both. Trusted are the authorities that Mozilla trusts, and those in the file `sslrootcert=FILE`.
    ///
    /// # Errors
    /// When the address is wrong, nobody listens there or answers within three seconds, or the server
    /// refuses. The source says where, without the password.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = address(url, &["postgres", "postgresql"])?;
        reach::<Postgres>(&options).await?;
        let breaks = Breaks::default();
        let noted = breaks.clone();
        let pool = PgPoolOptions::new()
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
    pub fn new(pool: PgPool) -> Self {
        Self { core: Core::new(pool) }
    }

    /// In a schema of this name, which must exist, instead of the first of the `search_path`.
    ///
    /// # Errors
    /// Names are 1 to 63 ASCII letters, digits, `_` and `-`.
    pub fn schema(self, name: &str) -> Result<Self, StoreError> {
        Ok(Self { core: self.core.named(|names| names.with_schema(name))? })
    }
}

store!(PostgresStore);

/// sqlx's name for the engine is taken.
#[derive(Debug)]
pub(super) struct Postgres;

impl Engine for Postgres {
    glue!(sqlx::Postgres);

    const DIALECT: Dialect = Dialect {
        quote: '"',
        numbered: true,
        clock: "CAST(floor(extract(epoch FROM now()) * 1000) AS bigint)",
        greatest: "greatest",
    };

    const TEXTS: Texts = Texts {
        schema: &[
            "\
CREATE TABLE IF NOT EXISTS {table} (
    row_key bytea PRIMARY KEY,
    ended boolean NOT NULL,
    revision bigint NOT NULL,
    renewed bigint NOT NULL,
    idle bigint NOT NULL,
    ends bigint NOT NULL,
    body bytea NOT NULL,
    collect_at bigint NOT NULL
)",
            "CREATE INDEX IF NOT EXISTS {table_collect_at} ON {table} (collect_at)",
            "\
CREATE TABLE IF NOT EXISTS {index} (
    index_key bytea NOT NULL,
    row_key bytea NOT NULL,
    collect_at bigint NOT NULL,
    PRIMARY KEY (index_key, row_key)
)",
            "CREATE INDEX IF NOT EXISTS {index_collect_at} ON {index} (collect_at)",
        ],
        create: super::engine::CREATE_OR_REPLACE,
        replace: None,
        index_insert: super::engine::INDEX_UPSERT,
        // The rows are locked and looked at again before they are deleted, and those that somebody
        // else has locked are left for the next time. `ARRAY` makes the inner query run once.
        sweep: "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} \
                WHERE {dead} LIMIT :limit FOR UPDATE SKIP LOCKED))",
        index_sweep: "DELETE FROM {index} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {index} \
                      WHERE {index_dead} LIMIT :limit FOR UPDATE SKIP LOCKED))",
        longest: None,
    };

    const CLOSE_LATE: bool = true;

    const AWAY: &'static str = "is the server running";
    const AUTHORITY: &'static str = "sslrootcert";

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
        let mut transaction = connection.begin().await?;
        // `IF NOT EXISTS` alone fails when two make the same table at once. The number is this
        // library's own; other programs may have the lock too, and then they wait.
        sqlx::raw_sql("SELECT pg_advisory_xact_lock(7310579620514587502)")
            .execute(&mut *transaction)
            .await?;
        for sql in schema {
            sqlx::raw_sql(sql).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    fn said(error: &dyn DatabaseError) -> Said {
        let code = error.code().unwrap_or_default().into_owned();
        Said { meaning: meaning(&code), code }
    }
}

/// Of an SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn meaning(code: &str) -> Meaning {
    match code {
        // Shut down by somebody, crashed, starting; an idle session ended.
        "57P01" | "57P02" | "57P03" | "57P05" => Meaning::Unavailable,
        // `statement_timeout`.
        "57014" => Meaning::Timeout,
        // Lock not available; read-only; no room for another connection, for memory, on the disk.
        "55P03" | "25006" => Meaning::Busy,
        "40001" | "40P01" => Meaning::Undone,
        "42P01" => Meaning::NoTable,
        // Undefined column; another type; a value that a foreign table needs.
        "42703" | "42804" | "42883" | "23502" | "23503" | "23514" => Meaning::OtherTable,
        "23505" => Meaning::Taken,
        "54000" => Meaning::TooLarge,
        _ => match code.get(..2) {
            Some("08") => Meaning::Unavailable,
            Some("53") => Meaning::Busy,
            Some("28" | "3D" | "3F" | "42") => Meaning::Refused,
            _ => Meaning::Other,
        },
    }
}

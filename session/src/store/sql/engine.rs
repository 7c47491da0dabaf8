//! What the engines do differently.

use super::fault::Said;
use super::text::{Dialect, Names, Statement, Value};
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::{Database, SqlStr};

pub(super) type Connection<E> = <<E as Engine>::Db as Database>::Connection;
pub(super) type Arguments<E> = <<E as Engine>::Db as Database>::Arguments;
pub(super) type Row<E> = <<E as Engine>::Db as Database>::Row;
pub(super) type Options<E> = <Connection<E> as sqlx::Connection>::Options;

/// One of the engines. `glue!` writes the methods that are the same words for each of
/// sqlx's types.
pub(super) trait Engine: Sized + Send + Sync + 'static {
    type Db: Database;

    const DIALECT: Dialect;
    const TEXTS: Texts;

    /// Whether a connection that did not answer in time is closed. Not where the data would go with
    /// it.
    const CLOSE_LATE: bool;

    /// What may be the matter when there is no connection, a question without its mark.
    const AWAY: &'static str;
    /// The option of an address that names a file with authorities to trust.
    const AUTHORITY: &'static str;

    /// Where the database is, without credentials, for errors.
    fn place(options: &Options<Self>) -> String;

    /// The host and port that it listens on, if it listens on one.
    fn door(options: &Options<Self>) -> Option<(&str, u16)>;

    /// Makes what [`Texts::schema`] says, all of it or nothing where the engine can; no harm if
    /// another process does the same.
    fn make(
        connection: &mut Connection<Self>,
        schema: Vec<SqlStr>,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// What an error of the engine means.
    fn said(error: &dyn DatabaseError) -> Said;

    fn bind(arguments: &mut Arguments<Self>, value: Value<'_>) -> Result<(), BoxDynError>;

    fn run(
        connection: &mut Connection<Self>,
        sql: SqlStr,
        arguments: Arguments<Self>,
        want: Want,
    ) -> impl Future<Output = Result<Answer<Self>, sqlx::Error>> + Send;

    /// The columns of [`LOAD`].
    fn columns(row: &Row<Self>) -> Result<Columns, sqlx::Error>;

    /// The only column, bytes.
    fn bytes(row: &Row<Self>) -> Result<Vec<u8>, sqlx::Error>;

    /// The only column, a number.
    fn number(row: &Row<Self>) -> Result<i64, sqlx::Error>;
}

/// What is asked of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Want {
    /// How many rows it changes.
    Count,
    Rows,
}

pub(super) enum Answer<E: Engine> {
    Count(u64),
    Rows(Vec<Row<E>>),
}

/// A row as it comes.
pub(super) struct Columns {
    pub(super) row_key: Vec<u8>,
    pub(super) ended: bool,
    pub(super) revision: i64,
    pub(super) times: [i64; 3],
    pub(super) body: Vec<u8>,
}

/// The templates that are not the same everywhere.
pub(super) struct Texts {
    /// What makes the tables and their indexes, in order.
    pub(super) schema: &'static [&'static str],
    pub(super) create: &'static str,
    /// Where `create` can't replace a row whose time is over and says that the key is taken.
    pub(super) replace: Option<&'static str>,
    pub(super) index_insert: &'static str,
    pub(super) sweep: &'static str,
    pub(super) index_sweep: &'static str,
    /// How long a statement may be, if the engine has such a limit and drops the connection beyond.
    pub(super) longest: Option<&'static str>,
}

const PROBE: &str = "SELECT row_key, ended, revision, renewed, idle, ends, body, collect_at \
FROM {table} WHERE 1 = 0";

const INDEX_PROBE: &str = "SELECT index_key, row_key, collect_at FROM {index} WHERE 1 = 0";

const LOAD: &str = "SELECT row_key, ended, revision, renewed, idle, ends, body \
FROM {table} WHERE row_key = :key AND collect_at >= {clock}";

/// Only a row whose time is over is replaced.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) const CREATE_OR_REPLACE: &str = "INSERT INTO {table} AS old \
(row_key, ended, revision, renewed, idle, ends, body, collect_at) \
VALUES (:key, FALSE, :revision, :renewed, :idle, :ends, :body, {until}) \
ON CONFLICT (row_key) DO UPDATE SET ended = FALSE, revision = excluded.revision, \
renewed = excluded.renewed, idle = excluded.idle, ends = excluded.ends, body = excluded.body, \
collect_at = excluded.collect_at WHERE old.collect_at < {clock}";

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) const INDEX_UPSERT: &str = "INSERT INTO {index} AS old \
(index_key, row_key, collect_at) VALUES (:index, :key, {until}) \
ON CONFLICT (index_key, row_key) DO UPDATE SET collect_at = excluded.collect_at \
WHERE old.collect_at < excluded.collect_at";

/// `ends` is assigned last: MySQL assigns from left to right, and the conditions look at it.
const UPDATE: &str = "UPDATE {table} SET revision = :revision, body = :body, \
renewed = CASE WHEN :may_shorten OR ends < :ends THEN :renewed ELSE renewed END, \
idle = CASE WHEN :may_shorten OR ends < :ends THEN :idle ELSE idle END, \
collect_at = CASE WHEN :may_shorten THEN {until} ELSE {greatest}(collect_at, {until}) END, \
ends = CASE WHEN :may_shorten OR ends < :ends THEN :ends ELSE ends END \
WHERE row_key = :key AND revision = :expected AND NOT ended AND ends >= :now \
AND collect_at >= {clock}";

const TOUCH: &str = "UPDATE {table} SET renewed = :renewed, idle = :idle, \
collect_at = {greatest}(collect_at, {until}), ends = :ends \
WHERE row_key = :key AND revision = :expected AND NOT ended AND ends >= :now AND ends < :ends \
AND collect_at >= {clock}";

const DELETE: &str = "UPDATE {table} SET ended = TRUE, body = :body, collect_at = {until} \
WHERE row_key = :key AND NOT ended AND collect_at >= {clock}";

const INDEX_REMOVE: &str = "DELETE FROM {index} WHERE index_key = :index AND row_key = :key";

const INDEX_MEMBERS: &str = "SELECT row_key FROM {index} \
WHERE index_key = :index AND row_key > :key AND collect_at >= {clock} \
ORDER BY row_key LIMIT :limit";

/// The statements on one table, made once.
pub(super) struct Statements {
    pub(super) probe: Statement,
    pub(super) index_probe: Statement,
    pub(super) schema: Vec<SqlStr>,
    pub(super) load: Statement,
    pub(super) create: Statement,
    pub(super) replace: Option<Statement>,
    pub(super) update: Statement,
    pub(super) touch: Statement,
    pub(super) delete: Statement,
    pub(super) index_insert: Statement,
    pub(super) index_remove: Statement,
    pub(super) index_members: Statement,
    pub(super) sweep: Statement,
    pub(super) index_sweep: Statement,
    pub(super) longest: Option<Statement>,
}

impl Statements {
    pub(super) fn new<E: Engine>(names: &Names) -> Self {
        let made = |template| E::DIALECT.statement(template, names);
        let texts = E::TEXTS;
        Self {
            probe: made(PROBE),
            index_probe: made(INDEX_PROBE),
            schema: texts.schema.iter().map(|template| made(template).sql).collect(),
            load: made(LOAD),
            create: made(texts.create),
            replace: texts.replace.map(made),
            update: made(UPDATE),
            touch: made(TOUCH),
            delete: made(DELETE),
            index_insert: made(texts.index_insert),
            index_remove: made(INDEX_REMOVE),
            index_members: made(INDEX_MEMBERS),
            sweep: made(texts.sweep),
            index_sweep: made(texts.index_sweep),
            longest: texts.longest.map(made),
        }
    }
}

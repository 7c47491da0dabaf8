//! The texts of the statements: templates, the names that are put into them once, and the values
//! that are bound to them at each call.

use crate::store::{StoreError, StoreErrorKind};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Which table the rows are in.
#[derive(Clone)]
pub(super) struct Names {
    schema: Option<String>,
    table: String,
}

impl Names {
    /// PostgreSQL cuts names at 63 bytes: the longest that is made of the table's must fit.
    const LONGEST_TABLE: usize = 63 - "_index_collect_at".len();
    #[cfg(any(test, feature = "postgres", feature = "mysql"))]
    const LONGEST_SCHEMA: usize = 63;

    pub(super) fn with_table(self, table: &str) -> Result<Self, StoreError> {
        checked(table, Self::LONGEST_TABLE)?;
        Ok(Self { table: table.to_owned(), ..self })
    }

    #[cfg(any(test, feature = "postgres", feature = "mysql"))]
    pub(super) fn with_schema(self, schema: &str) -> Result<Self, StoreError> {
        checked(schema, Self::LONGEST_SCHEMA)?;
        Ok(Self { schema: Some(schema.to_owned()), ..self })
    }

    /// For people to read.
    pub(super) fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.table),
            None => self.table.clone(),
        }
    }

    fn qualified(&self, suffix: &str, quote: char) -> String {
        let name = self.plain(suffix, quote);
        match &self.schema {
            Some(schema) => format!("{quote}{schema}{quote}.{name}"),
            None => name,
        }
    }

    fn plain(&self, suffix: &str, quote: char) -> String {
        format!("{quote}{}{suffix}{quote}", self.table)
    }
}

impl Default for Names {
    fn default() -> Self {
        Self { schema: None, table: "sessions".to_owned() }
    }
}

/// Names are quoted, so that any would do that has no quote in it. These suffice, and leave nothing
/// to the engines' rules of quoting.
fn checked(name: &str, longest: usize) -> Result<(), StoreError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=longest).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Refused,
        format!(
            "a table or schema is named with 1 to {longest} ASCII letters, digits, `_` and `-`, \
             which {name:?} is not"
        ),
    ))
}

/// How an engine writes SQL.
pub(super) struct Dialect {
    pub(super) quote: char,
    /// `$1`, `$2`; or always `?`.
    pub(super) numbered: bool,
    /// Milliseconds since 1970 by the engine's own clock, one moment for the whole statement.
    pub(super) clock: &'static str,
    /// The function that gives the greatest of its arguments.
    pub(super) greatest: &'static str,
}

/// The engine's clock plus the time for which a row is kept, rounded up to a multiple of the grain.
const UNTIL: &str = "({clock} + :lead - ({clock} + :lead) % :grain)";

/// Rows and entries whose time is over. No column is ever null: they are named so that nothing is
/// deleted from a table of somebody else's that happens to have a `collect_at`.
const DEAD: &str = "collect_at < {clock} AND row_key IS NOT NULL AND ended IS NOT NULL \
AND revision IS NOT NULL AND renewed IS NOT NULL AND body IS NOT NULL";
const INDEX_DEAD: &str = "collect_at < {clock} AND index_key IS NOT NULL AND row_key IS NOT NULL";

impl Dialect {
    /// Puts names and expressions into a template.
    pub(super) fn fill(&self, template: &str, names: &Names) -> String {
        template
            .replace("{until}", UNTIL)
            .replace("{dead}", DEAD)
            .replace("{index_dead}", INDEX_DEAD)
            .replace("{clock}", self.clock)
            .replace("{greatest}", self.greatest)
            .replace("{table}", &names.qualified("", self.quote))
            .replace("{index}", &names.qualified("_index", self.quote))
            .replace("{table_collect_at}", &names.plain("_collect_at", self.quote))
            .replace("{index_collect_at}", &names.plain("_index_collect_at", self.quote))
    }

    /// A statement ready to run. The names in it are [`checked`], the rest is in this crate.
    pub(super) fn statement(&self, template: &str, names: &Names) -> Statement {
        let filled = self.fill(template, names);
        let mut parts = filled.split(':');
        let mut sql = parts.next().unwrap_or_default().to_owned();
        let mut params = Vec::new();
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let (name, rest) = part.split_at(end.unwrap_or(part.len()));
            params.push(Param::named(name));
            if self.numbered {
                sql.push_str(&format!("${}", params.len()));
            } else {
                sql.push('?');
            }
            sql.push_str(rest);
        }
        Statement { sql: AssertSqlSafe(sql).into_sql_str(), params }
    }
}

/// A text with its placeholders, and what belongs into them in order.
pub(super) struct Statement {
    pub(super) sql: SqlStr,
    params: Vec<Param>,
}

impl Statement {
    pub(super) fn values<'a>(&self, values: &Values<'a>) -> impl Iterator<Item = Value<'a>> {
        self.params.iter().map(|param| values.get(*param))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Bytes(&'a [u8]),
    Number(i64),
    Flag(bool),
}

/// All that any statement takes. Each takes some.
#[derive(Default)]
pub(super) struct Values<'a> {
    /// The row's key; of index entries the member.
    pub(super) key: &'a [u8],
    pub(super) index: &'a [u8],
    pub(super) expected: i64,
    pub(super) revision: i64,
    /// Renewed, idle, ends.
    pub(super) times: [i64; 3],
    pub(super) body: &'a [u8],
    /// The library's time.
    pub(super) now: i64,
    pub(super) may_shorten: bool,
    /// What is added to the engine's time: see [`UNTIL`].
    pub(super) lead: i64,
    /// Never zero in statements that have it.
    pub(super) grain: i64,
    pub(super) limit: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Param {
    Key,
    Index,
    Expected,
    Revision,
    Renewed,
    Idle,
    Ends,
    Body,
    Now,
    MayShorten,
    Lead,
    Grain,
    Limit,
}

impl Param {
    fn named(name: &str) -> Self {
        match name {
            "key" => Self::Key,
            "index" => Self::Index,
            "expected" => Self::Expected,
            "revision" => Self::Revision,
            "renewed" => Self::Renewed,
            "idle" => Self::Idle,
            "ends" => Self::Ends,
            "body" => Self::Body,
            "now" => Self::Now,
            "may_shorten" => Self::MayShorten,
            "lead" => Self::Lead,
            "grain" => Self::Grain,
            "limit" => Self::Limit,
            // The templates are constants, and a test reads all of them.
            other => unreachable!("a template with the parameter {other:?}"),
        }
    }
}

impl<'a> Values<'a> {
    fn get(&self, param: Param) -> Value<'a> {
        let [renewed, idle, ends] = self.times;
        match param {
            Param::Key => Value::Bytes(self.key),
            Param::Index => Value::Bytes(self.index),
            Param::Expected => Value::Number(self.expected),
            Param::Revision => Value::Number(self.revision),
            Param::Renewed => Value::Number(renewed),
            Param::Idle => Value::Number(idle),
            Param::Ends => Value::Number(ends),
            Param::Body => Value::Bytes(self.body),
            Param::Now => Value::Number(self.now),
            Param::MayShorten => Value::Flag(self.may_shorten),
            Param::Lead => Value::Number(self.lead),
            Param::Grain => Value::Number(self.grain),
            Param::Limit => Value::Number(self.limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect =
        Dialect { quote: '"', numbered: true, clock: "CLOCK", greatest: "GREATEST" };

    fn refused(result: Result<Names, StoreError>) -> bool {
        result.is_err_and(|error| error.kind() == StoreErrorKind::Refused)
    }

    #[test]
    fn hostile_names_are_refused() {
        for name in [
            "",
            " ",
            "a b",
            "sessions\"; DROP TABLE users; --",
            "a`b",
            "a'b",
            "a.b",
            "a\0b",
            "a\\b",
            "a:key",
            "{clock}",
            "a/*",
            "sessión",
            &"x".repeat(Names::LONGEST_TABLE + 1),
        ] {
            assert!(refused(Names::default().with_table(name)), "table {name:?}");
            if name.len() <= Names::LONGEST_SCHEMA && !name.starts_with('x') {
                assert!(refused(Names::default().with_schema(name)), "schema {name:?}");
            }
        }
    }

    #[test]
    fn the_longest_names_fit_into_postgres() {
        let names = Names::default().with_table(&"t".repeat(Names::LONGEST_TABLE)).unwrap();
        assert_eq!(DIALECT.fill("{index_collect_at}", &names).len(), 63 + 2);
        assert!(Names::default().with_schema(&"s".repeat(63)).is_ok());
    }

    #[test]
    fn names_are_quoted() {
        let names = Names::default().with_table("order").unwrap().with_schema("my-app").unwrap();
        assert_eq!(
            DIALECT.fill("{table} {index} {table_collect_at}", &names),
            r#""my-app"."order" "my-app"."order_index" "order_collect_at""#
        );
        assert_eq!(names.shown(), "my-app.order");
    }

    #[test]
    fn placeholders_are_bound_in_their_order() {
        let values =
            Values { key: b"k", now: 7, may_shorten: true, times: [1, 2, 3], ..Values::default() };
        let bound = [Value::Number(3), Value::Bytes(b"k"), Value::Number(3)];
        let template = ":ends AND a = :key OR :ends";

        let numbered = DIALECT.statement(template, &Names::default());
        assert_eq!(numbered.sql.as_str(), "$1 AND a = $2 OR $3");
        assert_eq!(numbered.values(&values).collect::<Vec<_>>(), bound);

        let plain = Dialect { numbered: false, ..DIALECT }.statement(template, &Names::default());
        assert_eq!(plain.sql.as_str(), "? AND a = ? OR ?");
        assert_eq!(plain.values(&values).collect::<Vec<_>>(), bound);
    }
}

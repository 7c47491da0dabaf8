//! The texts, and what can be tried without a server.

use super::engine::{Engine, Statements};
use super::text::Names;

const DOCS: &str = include_str!("../../../../docs/sql.md");

/// The SQL under a heading of the docs.
fn documented(heading: &str) -> String {
    let (_, after) = DOCS.split_once(&format!("\n## {heading}\n\n```sql\n")).unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

fn made<E: Engine>() -> String {
    let statements = Statements::new::<E>(&Names::default());
    statements.schema.iter().map(|sql| format!("{};\n", sql.as_str())).collect()
}

#[cfg(feature = "postgres")]
#[test]
fn the_docs_have_the_sql_of_postgres() {
    assert_eq!(documented("PostgreSQL"), made::<super::postgres::Postgres>());
}

#[cfg(feature = "mysql")]
#[test]
fn the_docs_have_the_sql_of_mysql() {
    assert_eq!(documented("MySQL, MariaDB"), made::<super::mysql::MySql>());
}

#[cfg(feature = "sqlite")]
#[test]
fn the_docs_have_the_sql_of_sqlite() {
    assert_eq!(documented("SQLite"), made::<super::sqlite::Sqlite>());
}

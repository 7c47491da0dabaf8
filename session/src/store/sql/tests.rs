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

#[cfg(feature = "sqlite")]
mod sqlite {
    use crate::store::{
        Created, Deleted, Lease, Loaded, Record, Revision, RowKey, SqliteStore, Store, StoreError,
        StoreErrorKind, Times, Updated,
    };
    use crate::time::Millis;
    use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
    use std::error::Error;
    use std::path::PathBuf;
    use std::time::Duration;

    const KEY: RowKey = RowKey::from_bytes([7; 32]);
    const NOW: Millis = Millis::from_ms(1_000_000);

    fn record(revision: u64, body: &[u8]) -> Record {
        let times = Times::new(NOW, 1000, NOW.plus(1000));
        Record { revision: Revision::from_number(revision), times, body: body.to_vec() }
    }

    fn lease(keep: Duration) -> Lease {
        Lease { now: NOW, keep, may_shorten: false }
    }

    fn long() -> Lease {
        lease(Duration::from_secs(3600))
    }

    /// A database with other programs' tables, in memory.
    async fn pool() -> SqlitePool {
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None);
        pool.connect("sqlite::memory:").await.unwrap()
    }

    fn told(error: &StoreError) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        text
    }

    #[tokio::test]
    async fn a_missing_table_is_named_with_what_to_do() {
        let store = SqliteStore::new(pool().await).table("visits").unwrap();
        let error = store.load(&KEY).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Refused);
        let text = told(&error);
        assert!(text.contains("`visits`") && text.contains("migrate()"), "{text}");
        store.migrate().await.unwrap();
        assert_eq!(store.load(&KEY).await.unwrap(), Loaded::Nothing);
    }

    #[tokio::test]
    async fn a_foreign_table_is_refused_and_left_as_it_is() {
        for name in ["sessions", "sessions_index"] {
            let pool = pool().await;
            let make = format!("CREATE TABLE {name} (id INTEGER, collect_at INTEGER)");
            sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&pool).await.unwrap();
            let fill = format!("INSERT INTO {name} VALUES (1, 2)");
            sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&pool).await.unwrap();
            let store = SqliteStore::new(pool.clone());

            let error = store.migrate().await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Refused);
            assert!(told(&error).contains("another name"), "{}", told(&error));
            assert_eq!(store.sweep().await.unwrap_err().kind(), StoreErrorKind::Refused);

            let made = "SELECT count(*), (SELECT count(*) FROM {name}) FROM sqlite_schema";
            let made = sqlx::AssertSqlSafe(made.replace("{name}", name));
            let counts: (i64, i64) = sqlx::query_as(made).fetch_one(&pool).await.unwrap();
            assert_eq!(counts, (1, 1), "one table with one row, as before: {name}");
        }
    }

    #[tokio::test]
    async fn what_an_engine_quotes_is_not_passed_on() {
        let pool = pool().await;
        let store = SqliteStore::new(pool.clone());
        store.migrate().await.unwrap();
        let refuse = "CREATE TRIGGER no BEFORE INSERT ON sessions BEGIN \
                      SELECT RAISE(ABORT, 'tell-tale'); END";
        sqlx::raw_sql(refuse).execute(&pool).await.unwrap();
        let error = store.create(&KEY, &record(1, b"body"), long()).await.unwrap_err();
        let text = format!("{} {error:?}", told(&error));
        assert!(!text.contains("tell-tale"), "{text}");
    }

    #[tokio::test]
    async fn a_row_that_is_no_record_is_corrupt_and_stays() {
        let pool = pool().await;
        let store = SqliteStore::new(pool.clone());
        store.migrate().await.unwrap();
        store.create(&KEY, &record(1, b"body"), long()).await.unwrap();
        for broken in ["revision = -1", "ends = 281474976710656", "renewed = 'soon'"] {
            let update = format!("UPDATE sessions SET {broken}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(update)).execute(&pool).await.unwrap();
            let error = store.load(&KEY).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{broken}");
            let taken = store.create(&KEY, &record(1, b"new"), long()).await.unwrap();
            assert_eq!(taken, Created::Taken, "{broken}");
        }
    }

    #[tokio::test]
    async fn what_is_over_counts_as_nothing_before_it_is_swept() {
        let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        store.create(&KEY, &record(1, b"body"), long()).await.unwrap();
        assert_eq!(store.delete(&KEY, Duration::ZERO).await.unwrap(), Deleted::Deleted);
        assert_eq!(store.load(&KEY).await.unwrap(), Loaded::Nothing);
        assert_eq!(store.delete(&KEY, Duration::ZERO).await.unwrap(), Deleted::Gone);
        let updated = store.update(&KEY, Revision::FIRST, &record(2, b""), long()).await.unwrap();
        assert_eq!(updated, Updated::Ended);
        assert_eq!(store.sweep().await.unwrap(), 1);
        let created = store.create(&KEY, &record(1, b"new"), long()).await.unwrap();
        assert_eq!(created, Created::Created);
    }

    #[tokio::test]
    async fn a_dead_row_is_replaced_and_swept_by_batches() {
        let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        for n in 0..2001_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_be_bytes());
            let key = RowKey::from_bytes(key);
            store.create(&key, &record(1, b""), long()).await.unwrap();
            store.delete(&key, Duration::ZERO).await.unwrap();
        }
        let replaced = RowKey::from_bytes([0; 32]);
        let created = store.create(&replaced, &record(1, b"new"), long()).await.unwrap();
        assert_eq!(created, Created::Created);
        assert_eq!(store.sweep().await.unwrap(), 2000);
        assert_eq!(store.load(&replaced).await.unwrap(), Loaded::Record(record(1, b"new")));
    }

    /// A file that goes with the test.
    struct File(PathBuf);

    impl File {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("session-{}-{name}.db", std::process::id())))
        }

        fn url(&self) -> String {
            format!("sqlite:{}", self.0.display())
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            for suffix in ["", "-wal", "-shm"] {
                let mut path = self.0.clone().into_os_string();
                path.push(suffix);
                let _ = std::fs::remove_file(path);
            }
        }
    }

    #[tokio::test]
    async fn a_file_is_made_once_by_many_and_shared() {
        let file = File::new("shared");
        let url = file.url();
        let made: Vec<_> = (0..4)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move {
                    let store = SqliteStore::connect(&url).await?;
                    store.migrate().await?;
                    store.migrate().await.map(|()| store)
                })
            })
            .collect();
        let mut stores = Vec::new();
        for store in made {
            stores.push(store.await.unwrap().unwrap());
        }
        stores[0].create(&KEY, &record(1, b"body"), long()).await.unwrap();
        for store in &stores {
            assert_eq!(store.load(&KEY).await.unwrap(), Loaded::Record(record(1, b"body")));
        }
    }

    #[tokio::test]
    async fn wrong_addresses_are_refused_and_not_repeated() {
        for url in ["", "secret", "postgres://u:secret@h/d", "sqlite:x.db?secret=1"] {
            let error = SqliteStore::connect(url).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Refused, "{url}");
            assert!(!format!("{} {error:?}", told(&error)).contains("secret"), "{url}");
        }
        let error = SqliteStore::connect("sqlite:/no/such/folder/x.db").await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Refused);
        assert!(told(&error).contains("/no/such/folder/x.db can't be used"), "{}", told(&error));
    }

    #[tokio::test]
    async fn a_pool_that_has_no_connection_to_spare_says_so() {
        let pool = pool().await;
        let store = SqliteStore::new(pool.clone()).timeout(Duration::from_millis(30));
        let _the_only_one = pool.acquire().await.unwrap();
        let error = store.load(&KEY).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Timeout);
        assert!(told(&error).contains("are all connections in use?"), "{}", told(&error));
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn wrong_addresses_of_postgres_are_refused_and_not_repeated() {
    use crate::store::{PostgresStore, StoreErrorKind};
    for url in ["", "mysql://u:secret@h/d", "postgres://u:sec?ret@h/d", "postgres://u:secret@h:x/d"]
    {
        let error = PostgresStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Refused, "{url}");
        assert!(!format!("{error:?}").contains("ret"), "{url}: {error:?}");
    }
}

/// Nobody listens on port 1.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn connecting_to_nothing_fails_at_once_and_says_where() {
    use crate::store::{PostgresStore, StoreErrorKind};
    use std::time::Instant;
    let begin = Instant::now();
    let error = PostgresStore::connect("postgres://u:hunter2@127.0.0.1:1/d").await.unwrap_err();
    assert!(begin.elapsed() < super::WAIT_FOR_CONNECTION, "{:?}", begin.elapsed());
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let shown = format!("{error:?}");
    assert!(shown.contains("127.0.0.1:1: is the server running?"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

// Fails when each call of an outage waits for as long as the pool is patient.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn rule_27_who_waited_in_vain_spares_those_who_come_after() {
    use crate::store::{PostgresStore, RowKey, Store, StoreErrorKind};
    use sqlx::postgres::PgPoolOptions;
    use std::time::{Duration, Instant};
    let patience = Duration::from_secs(1);
    let pool = PgPoolOptions::new().acquire_timeout(patience);
    let store = PostgresStore::new(pool.connect_lazy("postgres://u@127.0.0.1:1/d").unwrap());
    for (call, waits) in [("first", true), ("second", false), ("third", false)] {
        let begin = Instant::now();
        let error = store.load(&RowKey::from_bytes([1; 32])).await.unwrap_err();
        assert_eq!(begin.elapsed() >= patience, waits, "{call}: {:?}", begin.elapsed());
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(format!("{error:?}").contains("127.0.0.1:1: is the server running?"), "{error:?}");
    }
}

#[cfg(all(feature = "postgres", not(feature = "sql-tls")))]
#[test]
fn tls_without_its_feature_is_refused_and_named() {
    use super::fault::Fault;
    use super::postgres::Postgres;
    use crate::store::{StoreError, StoreErrorKind};
    let options = "postgres://u:hunter2@127.0.0.1:1/d?sslmode=require".parse().unwrap();
    // As sqlx says it, once there is a connection to be encrypted.
    let error = sqlx::Error::Tls("SQLx was built without TLS support enabled".into());
    let error = StoreError::from(Fault::unconnected::<Postgres>(error, &options, ""));
    assert_eq!(error.kind(), StoreErrorKind::Refused);
    let shown = format!("{error:?}");
    assert!(shown.contains("127.0.0.1:1: that takes the feature `sql-tls`"), "{shown}");
}

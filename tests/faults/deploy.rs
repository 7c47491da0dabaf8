//! The day of the deployment: each mistake is an error of the right kind, which says what to do and
//! shows no password; and what is somebody else's is left as it is.

use crate::app::{Site, chain, refused};
use crate::engines::{Engine, Terms};
use crate::raw::{Redis as Line, mariadb, psql};
use crate::sqlite::File;
use crate::state::Visit;
use session::SessionLayer;
use session::store::{
    MemcachedStore, MySqlStore, PostgresStore, RedisStore, SqliteStore, StoreError, StoreErrorKind,
};
use session_tests::servers::{Postgres, Redis};

/// In every address, and in no text.
const PASSWORD: &str = "hunter2";

/// The error's kind, and what must stand in it or one of its sources.
#[track_caller]
fn says<T>(result: Result<T, StoreError>, kinds: &[StoreErrorKind], hints: &[&str]) {
    let Err(error) = result else { panic!("it works") };
    let text = chain(&error);
    println!("{:?}: {text}", error.kind());
    assert!(kinds.contains(&error.kind()), "{:?}: {text}", error.kind());
    for hint in hints {
        assert!(text.contains(hint), "no {hint:?} in: {text}");
    }
    for shown in [text, format!("{error:?}")] {
        assert!(!shown.contains(PASSWORD), "the password is shown: {shown}");
    }
}

const REFUSED: &[StoreErrorKind] = &[StoreErrorKind::Refused];

async fn redis(url: &str) -> Result<RedisStore, StoreError> {
    RedisStore::connect(url).await
}

#[tokio::test]
async fn rule_27_a_wrong_address_is_refused_and_the_right_form_is_told() {
    let wrong = format!("http://user:{PASSWORD}@127.0.0.1/1");
    says(redis(&wrong).await, REFUSED, &["redis://"]);
    says(PostgresStore::connect(&wrong).await, REFUSED, &["`postgres:`"]);
    says(MySqlStore::connect(&wrong).await, REFUSED, &["`mysql:`"]);
    says(SqliteStore::connect(&wrong).await, REFUSED, &["`sqlite:`"]);
    says(MemcachedStore::connect(&wrong).await, REFUSED, &["memcached://"]);
    for scheme in ["postgres", "mysql"] {
        let wrong = format!("{scheme}://user:{PASSWORD}@127.0.0.1:port/database");
        let hint = &["the address of the database is not a valid one"];
        match scheme {
            "mysql" => says(MySqlStore::connect(&wrong).await, REFUSED, hint),
            _ => says(PostgresStore::connect(&wrong).await, REFUSED, hint),
        }
    }
    let wrong = format!("memcached://user:{PASSWORD}@127.0.0.1");
    says(MemcachedStore::connect(&wrong).await, REFUSED, &["password"]);
    says(SqliteStore::connect("sqlite:/no/such/folder/db").await, REFUSED, &[]);
}

#[tokio::test]
async fn rule_27_a_refused_connection_is_unavailable_and_says_where() {
    // Nobody listens on port 1.
    let kinds = &[StoreErrorKind::Unavailable];
    let at = |scheme: &str, path: &str| format!("{scheme}://user:{PASSWORD}@127.0.0.1:1{path}");
    says(redis(&at("redis", "")).await, kinds, &["127.0.0.1:1", "is the server running?"]);
    says(MemcachedStore::connect("memcached://127.0.0.1:1").await, kinds, &["127.0.0.1:1"]);
    says(
        PostgresStore::connect(&at("postgres", "/app")).await,
        kinds,
        &["127.0.0.1:1", "running?"],
    );
    says(MySqlStore::connect(&at("mysql", "/app")).await, kinds, &["127.0.0.1:1", "running?"]);
}

#[tokio::test]
async fn rule_27_a_wrong_password_is_refused_and_said_to_be_wrong() {
    let server = Redis::start(&["--save", "", "--appendonly", "no"]).expect("Redis");
    let mut line = Line::at(&server.url());
    let user = ["ACL", "SETUSER", "app", "on", ">right", "~session:*", "+@all"];
    assert_eq!(line.ask(&user), "+OK");
    let url = |user: &str| server.url().replace("redis://", &format!("redis://{user}@"));
    says(redis(&url(&format!("app:{PASSWORD}"))).await, REFUSED, &["password", "127.0.0.1"]);
    redis(&url("app:right")).await.expect("the right one");
    assert_eq!(line.ask(&["ACL", "SETUSER", "default", "off"]), "+OK");
    says(redis(&server.url()).await, REFUSED, &["password"]);

    let rules = Postgres::start(&[]).expect("PostgreSQL");
    let file = psql(&rules.url(), "SHOW hba_file");
    let lines = "host all app 127.0.0.1/32 scram-sha-256\nhost all session 127.0.0.1/32 trust\n";
    std::fs::write(file, lines).expect("written");
    psql(&rules.url(), "CREATE USER app PASSWORD 'right'");
    psql(&rules.url(), "SELECT pg_reload_conf()");
    let url = |user: &str| rules.url().replace("session@", &format!("{user}@"));
    let wrong = PostgresStore::connect(&url(&format!("app:{PASSWORD}"))).await;
    says(wrong, REFUSED, &["password authentication failed"]);
    PostgresStore::connect(&url("app:right")).await.expect("the right one");
    let missing = url("app:right").replace("/postgres", "/nothing");
    says(PostgresStore::connect(&missing).await, REFUSED, &["nothing"]);

    let common = Engine::MariaDb.url();
    mariadb(&common, "CREATE OR REPLACE USER app@127.0.0.1 IDENTIFIED BY 'right'");
    mariadb(&common, "GRANT ALL ON session.* TO app@127.0.0.1");
    let url = |user: &str| common.replace("root@", &format!("{user}@"));
    let wrong = MySqlStore::connect(&url(&format!("app:{PASSWORD}"))).await;
    says(wrong, REFUSED, &["Access denied"]);
    MySqlStore::connect(&url("app:right")).await.expect("the right one");
    let missing = url("app:right").replace("/session", "/nothing");
    says(MySqlStore::connect(&missing).await, REFUSED, &["nothing"]);
    mariadb(&common, "DROP USER app@127.0.0.1");
}

#[tokio::test]
async fn rule_27_a_user_without_rights_is_refused() {
    let server = Redis::start(&["--save", "", "--appendonly", "no"]).expect("Redis");
    let user = ["ACL", "SETUSER", "app", "on", &format!(">{PASSWORD}"), "~session:*", "+get"];
    assert_eq!(Line::at(&server.url()).ask(&user), "+OK");
    let url = server.url().replace("redis://", &format!("redis://app:{PASSWORD}@"));
    says(redis(&url).await, REFUSED, &["does not allow this user"]);

    let server = Postgres::start(&[]).expect("PostgreSQL");
    psql(&server.url(), "CREATE USER app");
    let url = server.url().replace("session@", &format!("app:{PASSWORD}@"));
    let store = PostgresStore::connect(&url).await.expect("PostgreSQL");
    says(store.migrate().await, REFUSED, &["permission denied"]);
}

/// A table of the name that the store wants, of another program.
#[tokio::test]
async fn rule_27_a_foreign_table_is_refused_and_left_alone() {
    let hints = &["choose another name with `table`"];
    let foreign = "CREATE TABLE foreign_sessions (id int PRIMARY KEY, note varchar(9))";
    let row = "INSERT INTO foreign_sessions VALUES (1, 'theirs')";
    let theirs = "SELECT note FROM foreign_sessions";
    let drop = "DROP TABLE IF EXISTS foreign_sessions";

    let url = Engine::Postgres.url();
    for sql in [drop, foreign, row] {
        psql(&url, sql);
    }
    let store = PostgresStore::connect(&url).await.expect("PostgreSQL");
    let store = store.table("foreign_sessions").expect("a name");
    says(store.migrate().await, REFUSED, hints);
    refuses(Site::new(SessionLayer::<Visit>::stored(store)), hints).await;
    assert_eq!(psql(&url, theirs), "theirs");
    psql(&url, drop);

    let url = Engine::MariaDb.url();
    for sql in [drop, foreign, row] {
        mariadb(&url, sql);
    }
    let store = MySqlStore::connect(&url).await.expect("MariaDB");
    let store = store.table("foreign_sessions").expect("a name");
    says(store.migrate().await, REFUSED, hints);
    refuses(Site::new(SessionLayer::<Visit>::stored(store)), hints).await;
    assert_eq!(mariadb(&url, theirs), "theirs");
    mariadb(&url, drop);

    let file = File::new("foreign");
    let store = file.open().await;
    // The index's table of one store is a foreign table for another.
    let store = store.table("sessions_index").expect("a name");
    says(store.migrate().await, REFUSED, hints);
    refuses(Site::new(SessionLayer::<Visit>::stored(store)), hints).await;
}

/// Nothing is written, and the event says what to do.
async fn refuses(site: Site, hints: &[&str]) {
    refused(&site.visitor().asks("/hit").await);
    for outage in site.heard.outages() {
        assert_eq!(outage.kind, Some(StoreErrorKind::Refused), "{outage:?}");
        for hint in hints {
            assert!(outage.text.contains(hint), "{outage:?}");
        }
    }
}

/// Something under a session's own key that no session store wrote: nobody's session, and it stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_a_foreign_value_is_nobodys_session_and_is_left_alone() {
    let server = Redis::start(&["--save", "", "--appendonly", "no"]).expect("Redis");
    let site = Engine::Redis.site(&server.url(), Terms::default()).await;
    let mut line = Line::at(&server.url());
    for (make, look) in [
        (&["SET", "KEY", "theirs"][..], ["GET", "KEY"]),
        (&["SET", "KEY", ""], ["GET", "KEY"]),
        (&["RPUSH", "KEY", "theirs"], ["TYPE", "KEY"]),
        (&["HSET", "KEY", "field", "theirs"], ["TYPE", "KEY"]),
    ] {
        assert_eq!(line.ask(&["FLUSHALL"]), "+OK");
        let mut ann = site.visitor();
        ann.gets("/hit").await;
        let key = line.ask(&["KEYS", "session:*"]);
        assert!(!key.contains('\n'), "one row: {key}");
        let named = |words: &[&str]| -> Vec<String> {
            words.iter().map(|word| word.replace("KEY", &key)).collect()
        };
        let mut ask = |words: &[&str]| {
            let words = named(words);
            line.ask(&words.iter().map(String::as_str).collect::<Vec<_>>())
        };
        // In place of the row, and while a request is between reading and writing.
        ask(&["DEL", "KEY"]);
        ask(make);
        let before = ask(&look);
        site.heard.take();
        let text = site.visitor_with(&ann.cookie).gets("/read").await;
        assert!(text.starts_with("hits=0 user= "), "{make:?}: {text}");
        assert_eq!(site.heard.count("undecodable"), 1, "{:?}", site.heard.take());
        let mut other = site.visitor_with(&ann.cookie);
        other.gets("/hit").await;
        assert_ne!(other.cookie, ann.cookie, "a session of its own");
        site.visitor_with(&ann.cookie).gets("/logout").await;
        assert_eq!(ask(&look), before, "{make:?}: it is as it was");
    }

    // A column that somebody wrote to.
    let server = Postgres::start(&[]).expect("PostgreSQL");
    let site = Engine::Postgres.site(&server.url(), Terms::default()).await;
    let mut ann = site.visitor();
    ann.gets("/hit").await;
    psql(&server.url(), "UPDATE sessions SET body = 'theirs', revision = -1");
    let text = site.visitor_with(&ann.cookie).gets("/read").await;
    assert!(text.starts_with("hits=0 user= "), "{text}");
    assert_eq!(site.heard.count("undecodable"), 1, "{:?}", site.heard.take());
    site.visitor_with(&ann.cookie).gets("/hit").await;
    let theirs = psql(&server.url(), "SELECT count(*) FROM sessions WHERE body = 'theirs'");
    assert_eq!(theirs, "1", "it is as it was");
}

//! What a request costs: commands and statements, counted by the servers themselves.

use crate::app::Site;
use crate::engines::{Terms, site};
use crate::raw::{Redis as Line, psql};
use crate::state::{Plain, Visit};
use session::SessionLayer;
use session::store::{PostgresStore, RedisStore};
use session_tests::servers::{Postgres, Redis};

/// Counts the commands that clients send, by `MONITOR`: in `INFO commandstats` those that a script
/// runs inside the server are among them.
struct Commands {
    monitor: Line,
    line: Line,
    marks: u32,
}

impl Commands {
    fn of(url: &str) -> Self {
        let mut monitor = Line::at(url);
        assert_eq!(monitor.ask(&["MONITOR"]), "+OK");
        Self { monitor, line: Line::at(url), marks: 0 }
    }

    /// Those since the last time: their names, in order.
    fn take(&mut self) -> Vec<String> {
        self.marks += 1;
        let mark = format!("mark-{}", self.marks);
        self.line.ask(&["ECHO", &mark]);
        let mut commands = Vec::new();
        loop {
            // `+1700000000.1 [0 127.0.0.1:5] "GET" "key"`; by a script: `[0 lua]`.
            let seen = self.monitor.answer();
            if seen.contains(&mark) {
                return commands;
            }
            let name = seen.split('"').nth(1).unwrap_or_default().to_uppercase();
            if !seen.contains(" lua]") {
                commands.push(name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_26_commands_of_redis_are_counted() {
    let server = Redis::start(&["--save", "", "--appendonly", "no"]).expect("Redis");
    let store = RedisStore::connect(server.url().as_str()).await.expect("Redis");
    let plain = site::<Plain, _>(SessionLayer::stored(store.clone()), Terms::default());
    let rolling = SessionLayer::<Plain>::stored(store.clone()).rolling();
    let rolling = site(rolling, Terms::default());
    let indexed = site::<Visit, _>(SessionLayer::stored(store), Terms::default());
    let mut commands = Commands::of(&server.url());

    // The server knows all scripts from here on.
    for site in [&plain, &rolling, &indexed] {
        let mut ann = site.visitor();
        for path in ["/login/ann", "/hit", "/read", "/logout"] {
            // So that the rolling one has something to move.
            next_millisecond().await;
            ann.gets(path).await;
        }
    }
    commands.take();

    let mut ann = plain.visitor();
    ann.gets("/hit").await;
    assert_eq!(commands.take(), ["SET"], "created");
    let mut costs = async |site: &Site, path: &str, expected: &[&str]| {
        let mut visitor = site.visitor_with(&ann.cookie);
        visitor.gets(path).await;
        ann.cookie = visitor.cookie;
        // A renewal in the same millisecond has nothing to move; the clock is the machine's.
        assert_eq!(commands.take(), expected, "{path}");
    };
    costs(&plain, "/untouched", &[]).await;
    costs(&plain, "/read", &["GET"]).await;
    costs(&plain, "/hit", &["GET", "EVALSHA"]).await;
    next_millisecond().await;
    costs(&rolling, "/read", &["GET", "EVALSHA"]).await;
    costs(&plain, "/login/ann", &["GET", "EVALSHA"]).await;
    costs(&plain, "/logout", &["GET", "EVALSHA"]).await;

    // The index apart: one command more for each entry that comes or goes, none for a change that
    // leaves it alone but for keeping the entry as long as the row.
    let mut ann = indexed.visitor();
    ann.gets("/hit").await;
    commands.take();
    ann.gets("/login/ann").await;
    assert_eq!(commands.take(), ["GET", "EVALSHA", "EVALSHA"], "an entry, and the row");
    ann.gets("/logout").await;
    assert_eq!(commands.take(), ["GET", "EVALSHA", "ZREM"], "the row, and its entry");
}

async fn next_millisecond() {
    let begin = session_clock();
    while session_clock() == begin {
        tokio::task::yield_now().await;
    }
}

fn session_clock() -> u128 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_millis()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_26_statements_of_postgres_are_counted() {
    let server = Postgres::start(&["-c", "shared_preload_libraries=pg_stat_statements"]);
    let server = server.expect("PostgreSQL with its contrib modules");
    let url = server.url();
    psql(&url, "CREATE EXTENSION pg_stat_statements");
    let store = PostgresStore::connect(&url).await.expect("PostgreSQL");
    store.migrate().await.expect("tables");
    let plain = site::<Plain, _>(SessionLayer::stored(store.clone()), Terms::default());
    let rolling = site(SessionLayer::<Plain>::stored(store).rolling(), Terms::default());
    let mut ann = plain.visitor();
    ann.gets("/hit").await;
    for (site, path, expected) in [
        (&plain, "/untouched", 0),
        (&plain, "/read", 1),
        (&plain, "/hit", 2),
        (&rolling, "/read", 2),
        (&plain, "/login/ann", 2),
        (&plain, "/logout", 2),
    ] {
        psql(&url, "SELECT pg_stat_statements_reset()");
        let mut visitor = site.visitor_with(&ann.cookie);
        visitor.gets(path).await;
        ann.cookie = visitor.cookie;
        // All of them: neither is there a `BEGIN`, nor a ping.
        let calls = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements \
                     WHERE query NOT LIKE '%pg_stat_statements%'";
        assert_eq!(psql(&url, calls), expected.to_string(), "{path}");
    }
}

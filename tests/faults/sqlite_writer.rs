//! `sqlite-writer FILE`: writes sessions into the file until it is killed, and says what was
//! acknowledged: `hit COOKIE` for an increment, `in COOKIE` for a login, `out COOKIE` for a logout.

#[allow(dead_code, reason = "the tests use the rest")]
mod app;
#[allow(dead_code, reason = "the tests use the rest")]
mod state;

use app::{Site, Visitor};
use session::SessionLayer;
use session::store::SqliteStore;
use state::Visit;
use std::io::Write;

#[tokio::main]
async fn main() {
    let file = std::env::args().nth(1).expect("usage: sqlite-writer FILE");
    let store = SqliteStore::connect(&format!("sqlite:{file}")).await.expect("a database");
    store.migrate().await.expect("tables");
    let site = Site::new(SessionLayer::<Visit>::stored(store));
    let mut counter = site.visitor();
    counter.gets("/login/counter").await;
    say("in", &counter);
    let counting: Vec<_> = (0..3).map(|_| tokio::spawn(count(counter.clone()))).collect();
    loop {
        let mut visitor = site.visitor();
        visitor.gets("/login/ann").await;
        say("in", &visitor);
        let mut other = site.visitor();
        other.gets("/login/bob").await;
        let before = other.clone();
        other.gets("/logout").await;
        say("out", &before);
        assert!(!counting.iter().any(tokio::task::JoinHandle::is_finished), "it counts for ever");
    }
}

async fn count(counter: Visitor) {
    loop {
        let reply = counter.sends("/hit").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        say("hit", &counter);
    }
}

/// One line, at once.
fn say(what: &str, who: &Visitor) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{what} {}", who.cookie).expect("somebody listens");
    output.flush().expect("somebody listens");
}

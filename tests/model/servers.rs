//! The same on SQLite and on a real Redis.

use super::compare;
use session::SessionLayer;
use session::store::{RedisStore, SqliteStore};
use session_tests::servers::url;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A name for each case: no two share rows or indexes.
fn name() -> String {
    static CASE: AtomicU32 = AtomicU32::new(0);
    format!("model_{}_{}", std::process::id(), CASE.fetch_add(1, Relaxed))
}

#[test]
fn security_36_any_sequence_on_sqlite() {
    let folder = std::env::temp_dir().join(name());
    std::fs::create_dir(&folder).expect("a folder");
    let file = format!("sqlite://{}", folder.join("sessions.db").display());
    compare(30, |runtime| {
        let store = runtime.block_on(async {
            let store = SqliteStore::connect(&file).await.expect("a file");
            let store = store.table(&name()).expect("a good name");
            store.migrate().await.expect("tables");
            store
        });
        (SessionLayer::stored(store), None)
    });
    std::fs::remove_dir_all(folder).expect("it was there");
}

#[test]
fn security_36_any_sequence_on_redis() {
    let server = url("SESSION_TEST_REDIS");
    compare(60, |runtime| {
        let store = RedisStore::builder(server.as_str()).prefix(name()).connect();
        (SessionLayer::stored(runtime.block_on(store).expect("a server")), None)
    });
}

//! Stores that need no server.

use session::store::{Cache, MemoryStore, SqliteStore, TowerSessionsStore};
use session::testing::conformance::Suite;
use std::path::PathBuf;
use std::time::Duration;
use tower_sessions_memory_store::MemoryStore as Theirs;

/// A database in the temporary folder, removed with the files that SQLite puts beside it.
struct Database(PathBuf);

impl Database {
    fn new(name: &str) -> Self {
        let name = format!("session-test-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    async fn open(&self) -> SqliteStore {
        let url = format!("sqlite:{}", self.0.display());
        let store = SqliteStore::connect(&url).await.expect("a database");
        store.migrate().await.expect("a table");
        store
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            // The last connection took its own files with it.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_by_two_pools_on_one_file() {
    let database = Database::new("two-pools");
    let (one, two) = (database.open().await, database.open().await);
    Suite::new(one, two).tasks(1000).run().await.assert();
}

#[tokio::test]
async fn sqlite_in_memory() {
    let store = SqliteStore::connect("sqlite::memory:").await.expect("a database");
    store.migrate().await.expect("a table");
    Suite::new(store.clone(), store).seed(2).tasks(1000).run().await.assert();
}

/// A cache shows what this process did; what another one did, later. So both clients are one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_over_memory() {
    let store = Cache::new(MemoryStore::new(), Duration::from_secs(3600));
    Suite::new(store.clone(), store).run().await.assert();
}

#[tokio::test]
async fn a_cache_that_keeps_nothing_by_two_processes() {
    let rows = MemoryStore::new();
    let [one, two] = [(); 2].map(|()| Cache::new(rows.clone(), Duration::ZERO));
    Suite::new(one, two).tasks(1000).run().await.assert();
}

#[tokio::test]
async fn a_store_of_tower_sessions_by_one_process() {
    let store = TowerSessionsStore::new(Theirs::default());
    Suite::new(store.clone(), store).run().await.assert();
}

#[tokio::test]
async fn a_store_of_tower_sessions_by_two_processes() {
    let theirs = Theirs::default();
    let [one, two] = [(); 2].map(|()| TowerSessionsStore::new(theirs.clone()));
    Suite::new(one, two).seed(2).tasks(1000).run().await.assert();
}

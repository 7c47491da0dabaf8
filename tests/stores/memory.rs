//! The store in memory.

use session::store::{AnyStore, MemoryStore};
use session::testing::conformance::Suite;

#[tokio::test]
async fn memory() {
    let store = MemoryStore::new();
    Suite::new(store.clone(), store).run().await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_on_several_threads() {
    let store = MemoryStore::new();
    Suite::new(store.clone(), store).seed(2).run().await.assert();
}

#[tokio::test]
async fn memory_as_any_store() {
    let store = AnyStore::new(MemoryStore::new());
    Suite::new(store.clone(), store).seed(3).tasks(1000).run().await.assert();
}

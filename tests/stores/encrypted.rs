//! Encrypted rows: what the store under them promises, they promise.

use session::Keys;
use session::store::{Encrypted, MemoryStore};
use session::testing::conformance::Suite;

#[tokio::test]
async fn security_63_encrypted_rows_in_memory() {
    let keys = Keys::random().expect("keys");
    let store = Encrypted::new(MemoryStore::new(), &keys);
    // Another process has a ring that begins with another key.
    let mixed = Encrypted::new(store.store().clone(), &keys).accept_plain_rows();
    Suite::new(store, mixed).seed(5).tasks(1000).run().await.assert();
}

//! Encrypted rows: what the store under them promises, they promise.

use session::Keys;
use session::store::{Encrypted, MemoryStore};
use session::testing::conformance::Suite;

#[tokio::test]
async fn security_63_encrypted_rows_in_memory() {
    let rows = MemoryStore::new();
    // Two processes in the middle of a change of keys.
    let store = |ring: [u8; 2]| {
        let keys = Keys::new(ring.map(|key| [key; 32])).expect("keys");
        Encrypted::new(rows.clone(), &keys)
    };
    Suite::new(store([1, 2]), store([2, 1])).seed(5).tasks(1000).run().await.assert();
}

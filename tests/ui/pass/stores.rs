//! What stores allow: secrets, indexes where there are some, merges where they can be had.

use session::store::{AnyStore, LastWriteWins, MemoryStore, NotIndexed};
use session::{Session, SessionLayer};

#[derive(Session)]
struct Visit {
    #[session(rotate, index)]
    user: Option<String>,
    #[session(secret)]
    token: Option<String>,
    #[session(merge = sum)]
    hits: u64,
}

#[derive(Session)]
struct Plain {
    #[session(merge = union)]
    tags: std::collections::BTreeSet<String>,
}

fn layers(any: AnyStore, overwrites: AnyStore<NotIndexed, LastWriteWins>) {
    let _ = SessionLayer::<Visit>::stored(MemoryStore::new()).build();
    let _ = SessionLayer::<Visit>::stored(any.clone()).build();
    let _ = SessionLayer::<Visit>::stored_with(move |_| any.clone()).build();
    let _ = SessionLayer::<Plain>::stored(overwrites).last_write_wins().build();
}

fn main() {
    let _ = layers;
}

use session::store::{AnyStore, LastWriteWins, NotIndexed};
use session::{Session, SessionLayer};

#[derive(Session)]
struct Visit {
    #[session(merge = sum)]
    hits: u64,
}

fn layer(adapter: AnyStore<NotIndexed, LastWriteWins>) {
    let _ = SessionLayer::<Visit>::stored(adapter).build();
}

fn main() {}

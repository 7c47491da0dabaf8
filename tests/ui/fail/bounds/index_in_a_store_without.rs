use session::store::{AnyStore, NotIndexed};
use session::{Session, SessionLayer};

#[derive(Session)]
struct Visit {
    #[session(index)]
    user: Option<String>,
}

fn layer(memcached: AnyStore<NotIndexed>) {
    let _ = SessionLayer::<Visit>::stored(memcached);
}

fn main() {}

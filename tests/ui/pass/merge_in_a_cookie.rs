//! A type with a `merge` policy in a cookie, once the loss is accepted.
#![deny(warnings)]

use session::{Keys, Session, SessionLayer};

#[derive(Session)]
struct Visit {
    #[session(merge = sum)]
    hits: u64,
}

fn main() {
    let keys = Keys::random().unwrap();
    let sessions = SessionLayer::<Visit>::signed(keys).last_write_wins().build();
    assert!(sessions.is_ok());
}

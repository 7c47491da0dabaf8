//! A `rotate` field with `keep` survives the change of another `rotate` field: changing the tenant
//! does not log the user out.
#![deny(warnings)]

use session::{Session, TypedSession};

#[derive(Session)]
struct Visit {
    #[session(rotate, keep)]
    user: Option<u64>,
    #[session(rotate)]
    tenant: Option<u64>,
}

fn main() {
    let _ = |mut session: TypedSession<Visit>| {
        session.set_user(Some(1));
        session.set_tenant(Some(2));
    };
}

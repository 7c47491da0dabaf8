//! The macro and a struct of one name, and the crate's name shadowed by a module.
#![deny(warnings, unused_qualifications)]

use session::Session;

#[derive(Session)]
struct Session {
    views: u64,
}

mod shadowed {
    mod session {}

    #[derive(::session::Session)]
    struct Visit {
        views: u64,
    }
}

fn handler(mut session: session::TypedSession<Session>) {
    session.set_views(session.views() + 1);
}

fn main() {
    let _ = handler;
}

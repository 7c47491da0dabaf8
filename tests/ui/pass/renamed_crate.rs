//! `crate = PATH`: the library under another name.
#![deny(warnings, unused_qualifications)]

mod vendor {
    pub mod web {
        pub use ::session as sessions;
    }
}

use vendor::web::sessions::{Session, Sessions, TypedSession};

#[derive(Session)]
#[session(crate = vendor::web::sessions)]
struct Visit {
    views: u64,
    #[session(index)]
    notice: Option<String>,
}

#[derive(Session)]
#[session(crate = crate::vendor::web::sessions)]
struct Other {
    views: u64,
}

fn handler(mut session: TypedSession<Visit>, mut other: TypedSession<Other>) {
    session.set_views(session.views() + 1);
    session.clear_notice();
    other.set_views(1);
}

fn finder(sessions: &Sessions<Visit>) {
    let _ = sessions.by_notice("text");
}

fn main() {
    let _ = (handler, finder);
}

//! Several session types in one module, with fields of the same names.
#![deny(warnings, unused_qualifications)]

use session::{Session, TypedSession};

#[derive(Session)]
struct Visit {
    views: u64,
}

#[derive(Session)]
#[session(name = "__Host-admin")]
struct Admin {
    views: u32,
}

fn handler(mut visit: TypedSession<Visit>, mut admin: TypedSession<Admin>) {
    visit.set_views(visit.views() + 1);
    admin.set_views(admin.views() + 1);
}

fn main() {
    let _ = handler;
}

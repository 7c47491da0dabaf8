//! Fields and attributes under `cfg`.
#![deny(warnings)]

use session::{Session, SessionData};

#[derive(Session)]
#[cfg_attr(all(), session(name = "sid"))]
struct Visit {
    #[cfg(any())]
    never: NoSuchType,
    #[cfg(all())]
    #[session(index)]
    always: u64,
    #[cfg_attr(all(), session(rename = "v"))]
    #[cfg_attr(any(), session(no_such_attribute))]
    views: u64,
}

fn main() {
    let names: Vec<_> = Visit::FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(names, ["always", "v"]);
}

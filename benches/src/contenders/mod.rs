//! The contenders, one file each.
//!
//! Each is set up as its documentation recommends, with its default options, and has the same three
//! routes; what differs is how a handler gets at the session.

mod axum_session;
pub(crate) mod bare;
mod floor;
mod jar_cookie;
mod nothing;
mod private_jar;
mod ruts;
mod seshcookie;
mod signed_jar;
mod this_library;
mod tower_sessions;

use crate::app::Contender;

/// A name, and what makes the contender of that name.
struct Entry {
    name: &'static str,
    build: fn(&'static str) -> Box<dyn Contender>,
}

const fn entry(name: &'static str, build: fn(&'static str) -> Box<dyn Contender>) -> Entry {
    Entry { name, build }
}

/// Bare axum comes first: the others are divided by it.
const ENTRIES: &[Entry] = &[
    entry("bare axum", bare::build),
    entry("a layer that does nothing", nothing::build),
    entry("floor (written by hand)", floor::build),
    entry("session, by Router::layer", this_library::by_router_layer),
    entry("session, round the app", this_library::round_the_app),
    entry("session, memory, by Router::layer", this_library::memory_by_router_layer),
    entry("session, memory, round the app", this_library::memory_round_the_app),
    entry("axum-extra SignedCookieJar", signed_jar::build),
    entry("axum-extra PrivateCookieJar", private_jar::build),
    entry("tower-sessions, memory, plain id", tower_sessions::plain),
    entry("tower-sessions, memory, signed id", tower_sessions::signed),
    entry("axum_session, memory", axum_session::build),
    entry("seshcookie", seshcookie::build),
    entry("ruts, moka", ruts::build),
];

pub(crate) fn all() -> Vec<Box<dyn Contender>> {
    ENTRIES.iter().map(Entry::build).collect()
}

pub(crate) fn named(name: &str) -> Option<Box<dyn Contender>> {
    ENTRIES.iter().find(|entry| entry.name == name).map(Entry::build)
}

impl Entry {
    fn build(&self) -> Box<dyn Contender> {
        (self.build)(self.name)
    }
}

//! What the test binaries share: a site with one session type, visitors with a cookie each, and
//! the replies they get.

mod support;

pub use support::{
    Fault, Line, Log, NAME, PROMPT, Prompt, Reply, Sealed, Shelf, Site, Traced, Visitor, at_once,
    hear, request, ring, site, site_of, site_under, stored_site,
};
pub use support::{rows, servers};

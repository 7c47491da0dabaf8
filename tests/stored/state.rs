//! The session type of these tests.

use session::{Session, TypedSession};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Session)]
pub struct Visit {
    pub views: u64,
    #[session(rotate, index)]
    pub user: Option<String>,
    pub note: Option<String>,
    #[session(keep)]
    pub colour: String,
    pub cart: BTreeMap<String, u32>,
    #[session(merge = sum)]
    pub hits: u64,
    #[session(merge = union)]
    pub tags: BTreeSet<String>,
    #[session(merge = reject)]
    pub plan: Option<String>,
}

pub type Handle = TypedSession<Visit>;

pub fn visit(views: u64) -> Visit {
    Visit {
        views,
        user: None,
        note: None,
        colour: String::new(),
        cart: BTreeMap::new(),
        hits: 0,
        tags: BTreeSet::new(),
        plan: None,
    }
}

//! The session type of most rows.

use session::{Session, TypedSession};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

#[derive(Session)]
pub struct Visit {
    pub views: u64,
    #[session(rotate)]
    pub user: Option<String>,
    pub note: Option<String>,
    pub list: Vec<u8>,
    pub map: HashMap<String, u32>,
    pub nested: BTreeMap<String, Vec<BTreeMap<String, String>>>,
}

pub type Handle = TypedSession<Visit>;

/// One millisecond.
pub const MS: Duration = Duration::from_millis(1);

pub fn visit(views: u64) -> Visit {
    Visit {
        views,
        user: None,
        note: None,
        list: Vec::new(),
        map: HashMap::new(),
        nested: BTreeMap::new(),
    }
}

/// Every field set.
pub fn full() -> Visit {
    Visit {
        views: 7,
        user: Some("ann".to_owned()),
        note: Some("n; \"ü\"".to_owned()),
        list: vec![1, 2, 3],
        map: (0..50).map(|n| (format!("key {n}"), n)).collect(),
        nested: BTreeMap::from([(
            "a".to_owned(),
            vec![BTreeMap::from([("b".to_owned(), "c".to_owned())])],
        )]),
    }
}

/// All fields as one text, to be compared.
pub fn show(s: &mut Handle) -> String {
    let map: BTreeMap<_, _> = s.map.iter().collect();
    format!("{} {:?} {:?} {:?} {map:?} {:?}", s.views, s.user, s.note, s.list, s.nested)
}

pub fn new_and_views(s: &mut Handle) -> String {
    format!("{} {}", s.is_new(), s.views)
}

//! The session type of these tests.

use session::store::RowKey;
use session::{Session, SessionHandle, TypedSession};
use sha2::{Digest, Sha256};
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

/// The key of a visit's row, as the docs have it.
pub fn key_of(handle: Option<SessionHandle>) -> RowKey {
    let handle = handle.expect("a session in a store").to_string();
    let mut bytes = Vec::new();
    for part in ["session: stored sessions, 1", "row", "Visit"] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    for pair in handle.as_bytes().chunks(2) {
        let digits = std::str::from_utf8(pair).expect("ASCII");
        bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
    }
    RowKey::from_bytes(Sha256::digest(&bytes).into())
}

//! The names that accessors may not have.

use session::{Keys, Session, SessionLayer};
use session_tests::at_once;
use std::collections::BTreeSet;

const EXTRACT: &str = include_str!("../../session/src/extract.rs");
const KEYWORDS: &str = include_str!("../../session-derive/src/keyword.rs");

/// The public methods of `TypedSession` that take `self`.
fn inherent() -> BTreeSet<&'static str> {
    let (_, block) = EXTRACT
        .split_once("\nimpl<T: SessionData> TypedSession<T> {\n")
        .expect("the inherent methods");
    let (block, _) = block.split_once("\n}\n").expect("their end");
    let signatures = block.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub async fn "))
    });
    signatures
        .filter(|signature| signature.contains("self"))
        .map(|signature| signature.split(['(', '<']).next().expect("one at least"))
        .collect()
}

fn reserved() -> BTreeSet<&'static str> {
    let (_, list) = KEYWORDS.split_once("RESERVED: &[&str] = &[").expect("the list");
    let (list, _) = list.split_once("];").expect("its end");
    list.split(',')
        .map(|name| name.trim().trim_matches('"'))
        .filter(|name| !name.is_empty())
        .collect()
}

// Fails when a method is added to `TypedSession` whose name is not reserved: a field of that name
// would silently lose its accessor, and users' structs break. New operations go behind `ops()`.
#[test]
fn rule_1_every_method_has_a_reserved_name() {
    let (inherent, reserved) = (inherent(), reserved());
    assert!(inherent.len() >= 10, "the source was read: {inherent:?}");
    let unreserved: Vec<_> = inherent.difference(&reserved).collect();
    assert!(unreserved.is_empty(), "not in the list: {unreserved:?}");
}

// Fails when the list changes. It is frozen: a name less gives methods to hide accessors, a name
// more breaks users' structs.
#[test]
fn rule_1_the_list_is_frozen() {
    let frozen = [
        "changed",
        "commit",
        "destroy",
        "detach",
        "discard",
        "id",
        "into",
        "is_new",
        "max_age",
        "ops",
        "reauthenticated",
        "replace",
        "rotate",
        "save",
        "set_max_age",
        "try_into",
    ];
    assert_eq!(reserved(), BTreeSet::from(frozen));
    // What is reserved for later, and what is everybody's.
    let mut absent: Vec<_> = reserved().into_iter().collect();
    absent.retain(|name| !inherent().contains(name));
    assert_eq!(absent, ["into", "ops", "try_into"]);
}

/// Fields named like what `TypedSession` has inside.
#[derive(Session)]
struct Inside {
    state: u8,
    version: u8,
    written: bool,
    slot: u8,
    begin_write: u8,
    mark_set: u8,
    into_slot: u8,
    open: u8,
}

// Fails to compile when something private of `TypedSession` hides a field or an accessor.
#[test]
fn rule_1_what_is_private_reserves_nothing() {
    let keys = Keys::new([[7; 32]]).expect("a good key");
    let sessions = SessionLayer::<Inside>::signed(keys).build().expect("good options");
    let mut session = at_once(sessions.open(&http::HeaderMap::new())).expect("a blank session");
    session.state += 1;
    session.version += 2;
    session.written = true;
    session.slot += 4;
    session.begin_write += 5;
    session.mark_set += 6;
    session.set_into_slot(7);
    session.set_open(8);
    assert_eq!((*session.state(), *session.version(), *session.written()), (1, 2, true));
    assert_eq!((*session.slot(), *session.begin_write(), *session.mark_set()), (4, 5, 6));
    assert_eq!((*session.into_slot(), *session.open()), (7, 8));
}

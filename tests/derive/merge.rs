//! `merge = ..`: each field by its own policy.

use session::{MergeError, Session, SessionData};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Session)]
struct Shop {
    last: u8,
    #[session(merge = sum)]
    sum: u8,
    #[session(merge = max)]
    max: u8,
    #[session(merge = min)]
    min: u8,
    #[session(merge = union)]
    tags: BTreeSet<u8>,
    #[session(merge = union)]
    cart: BTreeMap<String, u8>,
    #[session(merge = joined)]
    note: String,
    #[session(merge = lent)]
    text: String,
    #[session(merge = reject)]
    reject: u8,
}

fn joined(base: &String, ours: &String, theirs: &String) -> String {
    format!("{base}|{ours}|{theirs}")
}

fn lent(base: &str, ours: &str, theirs: &str) -> String {
    format!("{base}&{ours}&{theirs}")
}

/// Merges all fields, as the library does for those that changed on both sides.
fn merged(base: &Shop, mut ours: Shop, mut theirs: Shop) -> Result<Shop, MergeError> {
    for index in 0..Shop::FIELDS.len() {
        ours.merge_field(base, &mut theirs, index)?;
    }
    Ok(ours)
}

#[test]
fn rule_23_each_field_follows_its_policy() {
    let shop = |number, tags: &[u8], note: &str| Shop {
        last: number,
        sum: number,
        max: number,
        min: number,
        tags: tags.iter().copied().collect(),
        cart: BTreeMap::new(),
        note: note.to_owned(),
        text: note.to_owned(),
        reject: number,
    };
    let base = shop(10, &[1, 2, 3], "a");
    let merged = merged(&base, shop(12, &[1, 2, 4], "b"), shop(15, &[1, 3, 5], "c"));
    let merged = merged.expect("it fits");
    assert_eq!(merged.last, 12, "left to the library");
    assert_eq!(merged.sum, 17);
    assert_eq!(merged.max, 15);
    assert_eq!(merged.min, 12);
    assert_eq!(merged.tags, BTreeSet::from([1, 4, 5]), "either side's removal holds");
    assert_eq!(merged.note, "a|b|c");
    assert_eq!(merged.text, "a&b&c", "by what a `String` dereferences to");
    assert_eq!(merged.reject, 12, "left to the library");
}

#[test]
fn rule_23_a_sum_that_overflows_is_an_error() {
    let mut theirs = Shop::initial();
    let (base, mut ours) = (Shop::initial(), Shop::initial());
    (ours.sum, theirs.sum) = (200, 100);
    assert_eq!(merged(&base, ours, theirs).err(), Some(MergeError::Overflow));
}

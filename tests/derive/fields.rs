//! The table, initial values, reading and writing, comparing and exchanging.

use super::support::{read, written};
use serde_json::json;
use session::{Session, SessionData};

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct NoEq(Vec<u8>);

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(rename = "n", default = Some("hello".to_owned()))]
    notice: Option<String>,
    #[session(skip, default = 7)]
    cache: u32,
    r#type: NoEq,
}

#[test]
fn rule_4_the_table_has_a_row_for_every_field_in_order() {
    let names: Vec<_> = Visit::FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(names, ["views", "n", "cache", "type"]);
}

#[test]
fn rule_6_the_schema_is_the_identifier_or_what_the_attribute_says() {
    #[derive(Session)]
    #[session(schema = "visit/2")]
    struct Renamed {
        views: u64,
    }

    assert_eq!(Visit::SCHEMA, "Visit");
    assert_eq!(Renamed::SCHEMA, "visit/2");
    assert_eq!(Renamed::initial().views, 0);
}

#[test]
fn rule_3_fields_start_as_their_default_or_as_the_expression() {
    let visit = Visit::initial();
    assert_eq!(visit.views, 0);
    assert_eq!(visit.notice.as_deref(), Some("hello"));
    assert_eq!(visit.cache, 7);
    assert_eq!(visit.r#type.0, [0_u8; 0]);
}

#[test]
fn rule_21_missing_fields_take_their_initial_value() {
    let visit: Visit = read(json!({ "views": 3, "type": [1] })).expect("valid");
    assert_eq!(visit.views, 3);
    assert_eq!(visit.notice.as_deref(), Some("hello"));
    assert_eq!(visit.cache, 7);
    assert_eq!(visit.r#type.0, [1]);
}

#[test]
fn a_field_of_another_type_is_an_error() {
    assert!(read::<Visit>(json!({ "views": "three" })).is_err());
}

#[test]
fn skipped_fields_are_neither_read_nor_written() {
    let visit: Visit = read(json!({ "cache": 1, "n": null })).expect("valid");
    assert_eq!(visit.cache, 7);
    assert_eq!(written(&visit), json!({ "views": 0, "n": null, "type": [] }));
}

#[test]
fn one_field_is_read_alone() {
    let mut visit = Visit::initial();
    visit.read_field(0, json!(5)).expect("a number");
    visit.read_field(1, json!("bye")).expect("a text");
    assert_eq!(written(&visit), json!({ "views": 5, "n": "bye", "type": [] }));
    assert!(visit.read_field(0, json!("five")).is_err());
    assert_eq!(visit.views, 5);
}

#[test]
fn rule_9_fields_are_compared_one_by_one_with_or_without_eq() {
    let (mut a, b) = (Visit::initial(), Visit::initial());
    let same = |a: &Visit, b: &Visit| [0, 1, 2, 3].map(|index| a.same_field(b, index));
    assert_eq!(same(&a, &b), [true; 4]);
    a.views = 1;
    a.cache = 8;
    a.r#type.0.push(1);
    assert_eq!(same(&a, &b), [false, true, true, false], "a skipped field never differs");
}

#[test]
fn rule_9_fields_are_compared_with_what_is_stored() {
    let visit = Visit::initial();
    assert!(visit.same_as_stored(0, json!(0)).expect("a number"));
    assert!(!visit.same_as_stored(0, json!(1)).expect("a number"));
    assert!(visit.same_as_stored(3, json!([])).expect("bytes"), "by its encoding");
    assert!(!visit.same_as_stored(3, json!([1])).expect("bytes"));
    assert!(visit.same_as_stored(2, json!(1)).expect("anything"), "a skipped field never differs");
    assert!(visit.same_as_stored(0, json!("zero")).is_err());
}

#[test]
fn fields_are_exchanged_one_by_one() {
    let (mut a, mut b) = (Visit::initial(), Visit::initial());
    (a.views, a.cache, a.notice) = (1, 1, None);
    a.swap_field(&mut b, 0);
    assert_eq!((a.views, a.cache, b.views, b.cache), (0, 1, 1, 7));
    a.swap_field(&mut b, 2);
    assert_eq!((a.views, a.cache, b.views, b.cache), (0, 7, 1, 1), "skipped ones too");
    a.swap_field(&mut b, 1);
    assert_eq!((a.notice.as_deref(), b.notice.as_deref()), (Some("hello"), None));
}

#[test]
fn expressions_are_evaluated_for_each_state() {
    use std::sync::atomic::{AtomicU32, Ordering};

    static NEXT: AtomicU32 = AtomicU32::new(0);

    #[derive(Session)]
    struct Numbered {
        #[session(default = NEXT.fetch_add(1, Ordering::Relaxed))]
        number: u32,
    }

    assert_eq!(Numbered::initial().number, 0);
    assert_eq!(Numbered::initial().number, 1);
    assert_eq!(read::<Numbered>(json!({ "number": 9 })).expect("valid").number, 9);
    assert_eq!(read::<Numbered>(json!({})).expect("valid").number, 2, "not asked when it is there");
}

#[test]
fn generic_sessions() {
    #[derive(Session)]
    struct Cart<T, const N: usize>
    where
        T: session::Field,
    {
        items: Vec<T>,
        last: Option<T>,
        #[session(default = N)]
        room: usize,
    }

    let cart: Cart<NoEq, 3> = read(json!({ "items": [[1], [2]] })).expect("valid");
    assert_eq!((cart.items.len(), cart.last.is_none(), cart.room), (2, true, 3));
    let mut other = Cart::<NoEq, 3>::initial();
    assert!(!cart.same_field(&other, 0));
    other.items = vec![NoEq(vec![1]), NoEq(vec![2])];
    assert!(cart.same_field(&other, 0));
}

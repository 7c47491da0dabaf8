//! What lies in the store, and what is taken out of it. The whole contract: `tests/stores/encrypted.rs`.

use super::*;
use crate::store::AnyStore;
use crate::time::Millis;

const NOW: u64 = 1_700_000_000_000;
const KEY: RowKey = RowKey::from_bytes([1; 32]);
const OTHER: RowKey = RowKey::from_bytes([2; 32]);
const LEASE: Lease =
    Lease { now: Millis::from_ms(NOW), keep: Duration::from_secs(60), may_shorten: false };

fn record(revision: Revision, body: &str) -> Record {
    let times = Times::new(Millis::from_ms(NOW), 60_000, Millis::from_ms(NOW + 60_000));
    Record { revision, times, body: body.into() }
}

fn keys(of: u8) -> Keys {
    Keys::new([[of; 32]]).unwrap()
}

async fn raw(store: &AnyStore, key: &RowKey) -> Record {
    let Loaded::Record(record) = store.load(key).await.unwrap() else { panic!("no row") };
    record
}

async fn put(store: &AnyStore, key: &RowKey, record: &Record) {
    store.delete(key, Duration::ZERO).await.unwrap();
    assert_eq!(store.create(key, record, LEASE).await.unwrap(), Created::Created);
}

async fn refused(store: &Encrypted<AnyStore>, key: &RowKey, why: &str) {
    let error = store.load(key).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unreadable);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains(why), "{source}");
}

fn tested() -> (AnyStore, Encrypted<AnyStore>) {
    let rows = AnyStore::new(crate::store::MemoryStore::new());
    (rows.clone(), Encrypted::new(rows, &keys(7)))
}

// Fails when a row is plain in the store, by any call that writes one.
#[tokio::test]
async fn security_63_what_lies_in_the_store_is_encrypted() {
    let (rows, store) = tested();
    let first = record(Revision::FIRST, "the user's note");
    store.create(&KEY, &first, LEASE).await.unwrap();
    let second = record(Revision::FIRST.next(), "the user's second note");
    assert_eq!(raw(&rows, &KEY).await.body.len(), first.body.len() + 49);
    store.update(&KEY, Revision::FIRST, &second, LEASE).await.unwrap();
    let lies = raw(&rows, &KEY).await;
    assert_eq!((lies.revision, lies.times), (second.revision, second.times));
    assert_eq!(lies.body[0], FORMAT);
    assert!(!lies.body.windows(4).any(|bytes| bytes == b"note"));
    assert_eq!(store.load(&KEY).await.unwrap(), Loaded::Record(second.clone()));
    let late = store.update(&KEY, Revision::FIRST, &first, LEASE).await.unwrap();
    assert_eq!(late, Updated::Conflict(Some(second)));
}

// Fails when a row is somebody's in another row's place.
#[tokio::test]
async fn security_63_rows_that_were_swapped_are_nobodys() {
    let (rows, store) = tested();
    for (key, body) in [(KEY, "one"), (OTHER, "two")] {
        store.create(&key, &record(Revision::FIRST, body), LEASE).await.unwrap();
    }
    let [one, two] = [raw(&rows, &KEY).await, raw(&rows, &OTHER).await];
    put(&rows, &KEY, &two).await;
    put(&rows, &OTHER, &one).await;
    for key in [KEY, OTHER] {
        refused(&store, &key, "in the place of another one").await;
        let late = store.update(&key, Revision::FIRST.next(), &one, LEASE).await.unwrap_err();
        assert_eq!(late.kind(), StoreErrorKind::Unreadable, "in a conflict too");
    }
    assert_eq!(raw(&rows, &KEY).await, two, "what can't be read is left as it is");
}

// Fails when a row of one tenant's store, put into another's with the same ring, is a session there.
#[tokio::test]
async fn security_63_the_row_of_another_store_is_nobodys() {
    let (rows, store) = tested();
    let tenant = |name| Encrypted::named(rows.clone(), &keys(7), name);
    tenant("red").create(&KEY, &record(Revision::FIRST, "one"), LEASE).await.unwrap();
    assert!(matches!(tenant("red").load(&KEY).await, Ok(Loaded::Record(_))));
    refused(&tenant("blue"), &KEY, "in the place of another one").await;
    refused(&store, &KEY, "in the place of another one").await;
}

#[tokio::test]
async fn security_63_a_row_under_another_key_says_what_to_do() {
    let (rows, store) = tested();
    store.create(&KEY, &record(Revision::FIRST, "one"), LEASE).await.unwrap();
    refused(&Encrypted::new(rows, &keys(8)), &KEY, "list old keys behind the first").await;
}

// Fails when who may write to the store can make a session of a plain row, unasked; or when one from
// before is lost where it was asked.
#[tokio::test]
async fn security_63_a_plain_row_is_taken_only_when_asked() {
    let (rows, store) = tested();
    let plain = record(Revision::FIRST, "\u{1}from before");
    put(&rows, &KEY, &plain).await;
    refused(&store, &KEY, "accept_plain_rows").await;
    put(&rows, &OTHER, &record(Revision::FIRST, "")).await;
    refused(&store, &OTHER, "accept_plain_rows").await;
    let store = store.accept_plain_rows();
    assert_eq!(store.load(&KEY).await.unwrap(), Loaded::Record(plain));
    let next = record(Revision::FIRST.next(), "now");
    store.update(&KEY, Revision::FIRST, &next, LEASE).await.unwrap();
    assert_eq!(raw(&rows, &KEY).await.body[0], FORMAT, "a change encrypts it");
    assert_eq!(store.load(&KEY).await.unwrap(), Loaded::Record(next));
}

#[test]
fn req_6_debug_shows_no_key() {
    let store = Encrypted::new((), &keys(7));
    assert_eq!(format!("{store:?}"), "Encrypted { store: (), keys: 1, .. }");
}

use super::*;
use crate::Millis;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Mutex as Lock;
use tower_sessions_core::session_store::Result as Theirs;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Theirs<T>> + Send + 'a>>;

/// Keeps rows in a map, as their stores do.
#[derive(Debug, Default)]
struct Map {
    rows: Lock<HashMap<Id, Foreign>>,
    /// How many loads from now on find nothing: what another process makes a moment later.
    blind: Lock<u32>,
    /// Has no `create` of its own.
    only_saves: bool,
    /// What every call fails with.
    broken: Option<fn() -> Error>,
}

impl Map {
    async fn pause(&self) -> Theirs<()> {
        // Lets others run, as a store does that waits for an answer.
        tokio::task::yield_now().await;
        self.broken.map_or(Ok(()), |error| Err(error()))
    }

    fn put(&self, row: Foreign) {
        self.rows.lock().expect("no panic").insert(row.id, row);
    }

    fn row(&self, id: Id) -> Option<Foreign> {
        self.rows.lock().expect("no panic").get(&id).cloned()
    }
}

/// Written out, what `#[async_trait]` would make of it.
impl SessionStore for Map {
    fn create<'s: 'f, 'r: 'f, 'f>(&'s self, record: &'r mut Foreign) -> Boxed<'f, ()>
    where
        Self: 'f,
    {
        Box::pin(async move {
            self.pause().await?;
            while !self.only_saves && self.row(record.id).is_some() {
                record.id = Id::default();
            }
            self.put(record.clone());
            Ok(())
        })
    }

    fn save<'s: 'f, 'r: 'f, 'f>(&'s self, record: &'r Foreign) -> Boxed<'f, ()>
    where
        Self: 'f,
    {
        Box::pin(async move {
            self.pause().await?;
            self.put(record.clone());
            Ok(())
        })
    }

    fn load<'s: 'f, 'i: 'f, 'f>(&'s self, id: &'i Id) -> Boxed<'f, Option<Foreign>>
    where
        Self: 'f,
    {
        Box::pin(async move {
            self.pause().await?;
            let mut blind = self.blind.lock().expect("no panic");
            if *blind > 0 {
                *blind -= 1;
                return Ok(None);
            }
            Ok(self.row(*id).filter(|row| row.expiry_date > SystemTime::now()))
        })
    }

    fn delete<'s: 'f, 'i: 'f, 'f>(&'s self, id: &'i Id) -> Boxed<'f, ()>
    where
        Self: 'f,
    {
        Box::pin(async move {
            self.pause().await?;
            self.rows.lock().expect("no panic").remove(id);
            Ok(())
        })
    }
}

const KEY: RowKey = RowKey::from_bytes([7; 32]);
const KEEP: Duration = Duration::from_secs(60);

fn record(revision: u64, body: &[u8]) -> Record {
    let times = Times::new(lease().now, 60_000, lease().now.plus(60_000));
    Record { revision: Revision::from_number(revision), times, body: body.to_vec() }
}

fn lease() -> Lease {
    Lease { now: Millis::from_ms(1_700_000_000_000), keep: KEEP, may_shorten: false }
}

/// The kinds of what every call that reads the row fails with.
async fn failures(store: &TowerSessionsStore<Map>) -> [StoreErrorKind; 4] {
    let later = Times::new(lease().now, 60_000, lease().now.plus(90_000));
    [
        store.load(&KEY).await.map(drop),
        store.update(&KEY, Revision::FIRST, &record(2, b""), lease()).await.map(drop),
        store.touch(&KEY, Revision::FIRST, later, lease()).await.map(drop),
        store.delete(&KEY, KEEP).await.map(drop),
    ]
    .map(|result| result.expect_err("no such row").kind())
}

#[tokio::test]
async fn a_row_is_kept_for_as_long_as_was_asked_for() {
    let store = TowerSessionsStore::new(Map::default());
    let made = record(1, b"\0\xff\"");
    let before = SystemTime::now();
    assert_eq!(store.create(&KEY, &made, lease()).await.expect("made"), Created::Created);
    let row = store.shared.store.row(id(&KEY)).expect("is there");
    assert!(row.expiry_date >= before + KEEP + Duration::from_secs(1));
    assert!(row.expiry_date <= SystemTime::now() + KEEP + Duration::from_secs(1));
    assert_eq!(store.load(&KEY).await.expect("loaded"), Loaded::Record(made));

    // Times that an update keeps need the row for as much longer.
    let far = Times::new(lease().now, 90_000, lease().now.plus(90_000));
    store.touch(&KEY, Revision::FIRST, far, lease()).await.expect("touched");
    let before = SystemTime::now();
    store.update(&KEY, Revision::FIRST, &record(2, b""), lease()).await.expect("updated");
    let row = store.shared.store.row(id(&KEY)).expect("is there");
    assert!(row.expiry_date >= before + KEEP + Duration::from_secs(30));

    let lease = Lease { keep: Duration::MAX, ..lease() };
    store.update(&KEY, Revision::from_number(2), &record(3, b""), lease).await.expect("updated");
    let loaded = store.load(&KEY).await.expect("loaded");
    assert_eq!(loaded, Loaded::Record(Record { times: far, ..record(3, b"") }));
}

#[tokio::test]
async fn what_others_wrote_is_corrupt_and_left_alone() {
    let other = RowKey::from_bytes([8; 32]);
    let ours = encode(&KEY, &record(1, b"").to_bytes(), KEEP);
    let with = |data: Value| Foreign { data: [(ENTRY.to_owned(), data)].into(), ..ours.clone() };
    let rows = [
        Foreign { data: HashMap::new(), ..ours.clone() },
        Foreign { data: [("user".to_owned(), Value::from(1))].into(), ..ours.clone() },
        with(Value::from(1)),
        with(Value::from("no base64!")),
        with(Value::from("")),
        Foreign { id: id(&KEY), ..encode(&KEY, b"no record", KEEP) },
        Foreign { id: id(&KEY), ..encode(&other, &record(1, b"").to_bytes(), KEEP) },
    ];
    for row in rows {
        let store = TowerSessionsStore::new(Map::default());
        store.shared.store.put(row.clone());
        assert_eq!(failures(&store).await, [StoreErrorKind::Corrupt; 4], "{row:?}");
        let created = store.create(&KEY, &record(1, b""), lease()).await.expect("asked");
        assert_eq!(created, Created::Taken, "{row:?}");
        assert_eq!(store.shared.store.row(id(&KEY)), Some(row));
    }
}

#[test]
fn a_reply_of_another_id_is_mixed_up() {
    let other = encode(&RowKey::from_bytes([8; 32]), &record(1, b"").to_bytes(), KEEP);
    let error = decode(&KEY, &other).err().expect("not its own");
    assert_eq!(error.kind(), StoreErrorKind::MixedUp);
}

#[tokio::test]
async fn create_never_overwrites() {
    for (only_saves, blind) in [(true, 0), (false, 0), (false, 1)] {
        let map = Map { only_saves, ..Map::default() };
        let store = TowerSessionsStore::new(map);
        store.create(&KEY, &record(1, b"first"), lease()).await.expect("made");
        // Seen by the store's own `create` only: another process was faster.
        *store.shared.store.blind.lock().expect("no panic") = blind;
        let created = store.create(&KEY, &record(1, b"second"), lease()).await.expect("asked");
        assert_eq!(created, Created::Taken);
        let loaded = store.load(&KEY).await.expect("loaded");
        assert_eq!(loaded, Loaded::Record(record(1, b"first")));
        assert_eq!(store.shared.store.rows.lock().expect("no panic").len(), 1, "no stray is left");
    }
}

#[tokio::test]
async fn a_row_that_expired_by_their_clock_is_out_of_the_way() {
    let store = TowerSessionsStore::new(Map::default());
    let old = encode(&KEY, &record(1, b"old").to_bytes(), KEEP);
    store.shared.store.put(Foreign { expiry_date: SystemTime::UNIX_EPOCH.into(), ..old });
    let created = store.create(&KEY, &record(1, b"new"), lease()).await.expect("asked");
    assert_eq!(created, Created::Created);
    assert_eq!(store.load(&KEY).await.expect("loaded"), Loaded::Record(record(1, b"new")));
    assert_eq!(store.shared.store.rows.lock().expect("no panic").len(), 1, "no stray is left");
}

#[tokio::test]
async fn an_ended_row_is_remembered_or_not() {
    for (remember, expected) in [(KEEP, Loaded::Ended), (Duration::ZERO, Loaded::Nothing)] {
        let store = TowerSessionsStore::new(Map::default());
        store.create(&KEY, &record(1, b""), lease()).await.expect("made");
        assert_eq!(store.delete(&KEY, remember).await.expect("asked"), Deleted::Deleted);
        assert_eq!(store.delete(&KEY, remember).await.expect("asked"), Deleted::Gone);
        assert_eq!(store.load(&KEY).await.expect("loaded"), expected);
        let updated = store.update(&KEY, Revision::FIRST, &record(2, b""), lease()).await;
        assert_eq!(updated.expect("asked"), Updated::Ended);
    }
}

#[tokio::test]
async fn in_one_process_nothing_is_lost() {
    let store = TowerSessionsStore::new(Map::default());
    store.create(&KEY, &record(1, &[0]), lease()).await.expect("made");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut added = 0;
            while added < 10 {
                let Loaded::Record(row) = store.load(&KEY).await.expect("loaded") else {
                    panic!("the row is gone");
                };
                let (expected, revision) = (row.revision, row.revision.next());
                let next = Record { revision, body: vec![row.body[0] + 1], ..row };
                match store.update(&KEY, expected, &next, lease()).await.expect("asked") {
                    Updated::Applied => added += 1,
                    Updated::Conflict(_) => {}
                    Updated::Ended => panic!("the row is gone"),
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(store.load(&KEY).await.expect("loaded"), Loaded::Record(record(101, &[100])));

    // An update that began first and a delete: in whatever order, the row is ended.
    let next = record(102, &[0]);
    let (updated, deleted) = tokio::join!(
        store.update(&KEY, Revision::from_number(101), &next, lease()),
        store.delete(&KEY, KEEP)
    );
    assert_eq!(updated.expect("asked"), Updated::Applied);
    assert_eq!(deleted.expect("asked"), Deleted::Deleted);
    assert_eq!(store.load(&KEY).await.expect("loaded"), Loaded::Ended);
}

#[tokio::test]
async fn errors_are_told_apart_and_repeat_no_value() {
    let cases: [(fn() -> Error, _); 3] = [
        (|| Error::Encode("secret".to_owned()), StoreErrorKind::Other),
        (|| Error::Decode("secret".to_owned()), StoreErrorKind::Corrupt),
        (|| Error::Backend("connection refused".to_owned()), StoreErrorKind::Unavailable),
    ];
    for (error, kind) in cases {
        let store = TowerSessionsStore::new(Map { broken: Some(error), ..Map::default() });
        assert_eq!(failures(&store).await, [kind; 4]);
        let error = store.create(&KEY, &record(1, b""), lease()).await.expect_err("broken");
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

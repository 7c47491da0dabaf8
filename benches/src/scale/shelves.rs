//! The stores, each by its own API, as its library calls it.

use std::error::Error;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ruts::store::moka::MokaStore;
use ruts::store::{SessionStore as _, Ttl};
use session::Millis;
use session::store::{
    Created, Lease, Loaded, MemoryStore, Record, Revision, RowKey, Store as _, Times, Updated,
};

use super::measure::{self, Measured, Random, Shelf};
use crate::state::Visit;

pub(super) const NAMES: [&str; 4] =
    ["session, memory", "tower-sessions, memory", "tower-sessions, moka", "ruts, moka"];

pub(super) fn measure(name: &str, sessions: u64, run: u64) -> Result<Measured, Box<dyn Error>> {
    let run = Duration::from_millis(run);
    match name {
        "session, memory" => {
            let store = MemoryStore::new();
            let measured = measure::measure(&store, sessions, run)?;
            let there = store.len() as u64;
            if there != sessions || store.evictions() > 0 {
                return Err(format!("{there} of {sessions} sessions are there").into());
            }
            Ok(measured)
        }
        "tower-sessions, memory" => {
            measure::measure(&tower_sessions::MemoryStore::default(), sessions, run)
        }
        "tower-sessions, moka" => {
            measure::measure(&tower_sessions_moka_store::MokaStore::new(None), sessions, run)
        }
        // By default it keeps 10 000.
        "ruts, moka" => {
            let store = MokaStore::builder().max_capacity(2 * sessions).build();
            measure::measure(&store, sessions, run)
        }
        _ => Err(format!("no store is called {name}").into()),
    }
}

/// 128 bits.
fn id(number: u64) -> u128 {
    let mut random = Random(number);
    u128::from(random.next()) << 64 | u128::from(random.next())
}

fn visit(number: u64) -> Visit {
    Visit { views: 100_000 + number % 900_000, ..Visit::default() }
}

const DAY: u64 = 24 * 60 * 60;

/// Some moment, by the library's clock.
const NOW: u64 = 1_700_000_000_000;

/// What this library puts before the state: a version, the handle, the digest of the secret, flags,
/// times, a stamp.
const HEAD: usize = 74;

fn lease() -> Lease {
    Lease { now: Millis::from_ms(NOW), keep: Duration::from_secs(DAY), may_shorten: false }
}

impl Shelf for MemoryStore {
    type Key = RowKey;
    type Session = (RowKey, Record);

    fn key(number: u64) -> RowKey {
        let mut random = Random(number);
        let mut bytes = [0; 32];
        for part in bytes.chunks_exact_mut(8) {
            part.copy_from_slice(&random.next().to_ne_bytes());
        }
        RowKey::from_bytes(bytes)
    }

    fn session(number: u64) -> (RowKey, Record) {
        let json = serde_json::to_vec(&visit(number)).expect("a plain struct encodes");
        let mut body = Vec::with_capacity(HEAD + json.len());
        body.resize(HEAD, number as u8);
        body.extend_from_slice(&json);
        let now = Millis::from_ms(NOW);
        let ends = Millis::from_ms(NOW + DAY * 1000);
        let times = Times::new(now, DAY * 1000, ends);
        (Self::key(number), Record { revision: Revision::FIRST, times, body })
    }

    async fn create(&self, (key, record): (RowKey, Record)) {
        let created = session::store::Store::create(self, &key, &record, lease()).await;
        assert_eq!(created.expect("there is room"), Created::Created);
    }

    async fn load(&self, key: &RowKey) {
        let loaded = session::store::Store::load(self, key).await;
        assert!(matches!(loaded, Ok(Loaded::Record(_))), "the session is there");
    }

    async fn change(&self, key: &RowKey) {
        let loaded = session::store::Store::load(self, key).await;
        let Ok(Loaded::Record(mut record)) = loaded else { panic!("the session is there") };
        let expected = record.revision;
        record.revision = expected.next();
        // The last digit of the number.
        let digit = record.body.len() - 2;
        record.body[digit] = b'7';
        let updated = self.update(key, expected, &record, lease()).await;
        // Another thread may have been faster.
        assert!(matches!(updated, Ok(Updated::Applied | Updated::Conflict(_))), "it was updated");
    }
}

/// The same for both versions of tower-sessions.
macro_rules! shelf_of_tower_sessions {
    ($store:ty, $version:ident) => {
        impl Shelf for $store {
            type Key = $version::session::Id;
            type Session = $version::session::Record;

            fn key(number: u64) -> Self::Key {
                $version::session::Id(id(number) as i128)
            }

            fn session(number: u64) -> Self::Session {
                let visit = serde_json::to_value(visit(number)).expect("a plain struct encodes");
                let expiry_date = $version::cookie::time::OffsetDateTime::now_utc()
                    + $version::cookie::time::Duration::days(1);
                let data = [("visit".to_owned(), visit)].into();
                $version::session::Record { id: Self::key(number), data, expiry_date }
            }

            async fn create(&self, mut session: Self::Session) {
                let created = $version::SessionStore::create(self, &mut session).await;
                created.expect("a memory store takes everything");
            }

            async fn load(&self, key: &Self::Key) {
                let loaded = $version::SessionStore::load(self, key).await;
                assert!(matches!(loaded, Ok(Some(_))), "the session is there");
            }

            async fn change(&self, key: &Self::Key) {
                let loaded = $version::SessionStore::load(self, key).await;
                let Ok(Some(mut session)) = loaded else { panic!("the session is there") };
                session.data.get_mut("visit").expect("it is filled")["views"] = 200_007.into();
                let saved = $version::SessionStore::save(self, &session).await;
                saved.expect("a memory store takes everything");
            }
        }
    };
}

shelf_of_tower_sessions!(tower_sessions::MemoryStore, tower_sessions);
shelf_of_tower_sessions!(tower_sessions_moka_store::MokaStore, tower_sessions_0_14);

const FIELD: &str = "visit";

fn day() -> Ttl {
    Ttl::new(DAY as i64).expect("a day is in range")
}

/// Its loads and writes have values, not bytes: encoding is in its figures.
impl Shelf for MokaStore {
    type Key = ruts::Id;
    type Session = (ruts::Id, Visit);

    fn key(number: u64) -> ruts::Id {
        let mut text = [0; 22];
        let written = BASE64_URL_SAFE_NO_PAD.encode_slice(id(number).to_be_bytes(), &mut text);
        assert_eq!(written, Ok(22), "16 bytes are 22 letters");
        let text = std::str::from_utf8(&text).expect("base64 is ASCII");
        text.parse().expect("22 letters of base64 are an id")
    }

    fn session(number: u64) -> (ruts::Id, Visit) {
        (Self::key(number), visit(number))
    }

    async fn create(&self, (id, visit): (ruts::Id, Visit)) {
        self.set(&id, FIELD, &visit, day(), None).await.expect("there is room");
    }

    async fn load(&self, key: &ruts::Id) {
        let loaded: Result<Option<Visit>, _> = self.get(key, FIELD).await;
        assert!(matches!(loaded, Ok(Some(_))), "the session is there");
    }

    async fn change(&self, key: &ruts::Id) {
        let loaded: Result<Option<Visit>, _> = self.get(key, FIELD).await;
        let Ok(Some(mut visit)) = loaded else { panic!("the session is there") };
        visit.views += 1;
        self.set(key, FIELD, &visit, day(), None).await.expect("there is room");
    }
}

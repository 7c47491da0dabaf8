//! What a cache gives, keeps and forgets. Races between calls are in `races`.

mod races;
mod script;

use super::*;
use crate::store::{AnyStore, CompareAndSet, Indexed, LastWriteWins, NotIndexed, StoreErrorKind};
use crate::time::Millis;
use script::{Scripted, start};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const MAX_STALE: u64 = 100;
const NOW: u64 = 1_700_000_000_000;
const KEY: RowKey = RowKey::from_bytes([1; 32]);
const OTHER: RowKey = RowKey::from_bytes([2; 32]);

/// A cache over a scripted store, and its clock.
struct Tested {
    cache: Cache<Scripted>,
    script: Scripted,
    clock: Arc<AtomicU64>,
}

fn tested() -> Tested {
    with(|builder| builder)
}

fn with(options: impl FnOnce(CacheBuilder<Scripted>) -> CacheBuilder<Scripted>) -> Tested {
    let (script, clock) = (Scripted::default(), Arc::new(AtomicU64::new(1000)));
    let mut builder = Cache::builder(script.clone(), Duration::from_millis(MAX_STALE));
    let now = Arc::clone(&clock);
    builder.now = Box::new(move || now.load(Relaxed));
    Tested { cache: options(builder).build(), script, clock }
}

impl Tested {
    fn wait(&self, ms: u64) {
        self.clock.fetch_add(ms, Relaxed);
    }

    /// The whole of a call that the store answers so.
    fn call<R, A: Send + 'static>(
        &self,
        call: impl Future<Output = Result<R, StoreError>>,
        answer: Result<A, StoreErrorKind>,
    ) -> Result<R, StoreError> {
        let mut call = start(call);
        assert!(call.poll().is_none(), "it asks the store");
        self.script.answer_the_last(answer);
        call.poll().expect("the store has answered")
    }

    fn load(&self, key: &RowKey, answer: Loaded) {
        let given = answer.clone();
        assert_eq!(self.call(self.cache.load(key), Ok(answer)).unwrap(), given);
    }

    /// The record that a load gives without asking the store.
    fn served(&self, key: &RowKey) -> Option<Record> {
        let before = self.script.calls();
        match start(self.cache.load(key)).poll() {
            None => {
                assert_eq!(self.script.calls(), before + 1);
                None
            }
            Some(loaded) => {
                assert_eq!(self.script.calls(), before);
                let Loaded::Record(record) = loaded.unwrap() else { panic!("only rows are kept") };
                Some(record)
            }
        }
    }

    fn update(&self, from: u64, record: &Record, answer: Updated) {
        let call = self.cache.update(&KEY, revision(from), record, lease());
        let given = answer.clone();
        assert_eq!(self.call(call, Ok(answer)).unwrap(), given);
    }

    fn touch(&self, from: u64, ends: u64, answer: Touched) {
        let call = self.cache.touch(&KEY, revision(from), record(from, ends).times, lease());
        assert_eq!(self.call(call, Ok(answer)).unwrap(), answer);
    }

    fn delete(&self) {
        let call = self.cache.delete(&KEY, Duration::from_secs(60));
        assert_eq!(self.call(call, Ok(Deleted::Deleted)).unwrap(), Deleted::Deleted);
    }

    fn flights(&self) -> usize {
        let count = |key| self.cache.shared.kept.shards.read(key).beside().calls.len();
        count(&KEY) + count(&OTHER)
    }
}

fn revision(number: u64) -> Revision {
    Revision::from_number(number)
}

/// A row that ends `ends` milliseconds from `NOW`.
fn record(number: u64, ends: u64) -> Record {
    let times = Times::new(Millis::from_ms(NOW), 1, Millis::from_ms(NOW + ends));
    Record { revision: revision(number), times, body: format!("body {number}").into_bytes() }
}

fn loaded(number: u64) -> Loaded {
    Loaded::Record(record(number, 60_000))
}

fn lease() -> Lease {
    let keep = Duration::from_secs(60);
    Lease { now: Millis::from_ms(NOW), keep, may_shorten: false }
}

#[test]
fn rule_25_a_load_within_the_bound_costs_no_call() {
    let t = tested();
    t.load(&KEY, loaded(1));
    assert_eq!(t.served(&KEY), Some(record(1, 60_000)));
    assert_eq!(t.served(&OTHER), None);
    t.wait(MAX_STALE - 1);
    assert_eq!(t.served(&KEY), Some(record(1, 60_000)));
    t.wait(1);
    assert_eq!(t.served(&KEY), None);
    assert_eq!(t.flights(), 0);
}

// Fails when the bound counts from the answer: what it says may be as old as the question.
#[test]
fn rule_25_the_bound_counts_from_the_beginning_of_the_load() {
    let t = tested();
    let mut load = start(t.cache.load(&KEY));
    assert!(load.poll().is_none());
    t.wait(MAX_STALE - 1);
    t.script.answer(0, Ok(loaded(1)));
    assert!(load.poll().is_some());
    assert_eq!(t.served(&KEY), Some(record(1, 60_000)));
    t.wait(1);
    assert_eq!(t.served(&KEY), None);

    let mut slow = start(t.cache.load(&OTHER));
    assert!(slow.poll().is_none());
    t.wait(MAX_STALE);
    t.script.answer_the_last(Ok(loaded(1)));
    assert!(slow.poll().is_some());
    assert_eq!((t.served(&OTHER), t.cache.len()), (None, 1), "too old when it came");
}

#[test]
fn rule_25_the_logout_of_another_process_is_seen_within_the_bound() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.wait(MAX_STALE);
    t.load(&KEY, Loaded::Ended);
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
}

#[test]
fn rule_25_that_there_is_no_row_is_asked_each_time() {
    let t = tested();
    t.load(&KEY, Loaded::Nothing);
    t.load(&KEY, Loaded::Nothing);
    t.load(&KEY, Loaded::Ended);
    t.load(&KEY, loaded(1));
    assert_eq!(t.script.calls(), 4);
    assert_eq!(t.cache.len(), 1);
}

#[test]
fn rule_25_with_no_bound_nothing_is_kept() {
    let cache = Cache::new(Scripted::default(), Duration::from_micros(999));
    let mut load = start(cache.load(&KEY));
    assert!(load.poll().is_none());
    cache.store().answer(0, Ok(loaded(1)));
    assert!(load.poll().is_some());
    assert!(cache.is_empty());
}

#[test]
fn rule_27_errors_of_the_store_are_not_hidden() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.wait(MAX_STALE);
    let down = || Err::<Loaded, _>(StoreErrorKind::Unavailable);
    let error = t.call(t.cache.load(&KEY), down()).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(t.served(&KEY), None, "what is too old is not given instead");
    t.load(&KEY, loaded(1));
    assert_eq!(t.served(&KEY), Some(record(1, 60_000)));
}

#[test]
fn rule_25_an_update_takes_effect_at_once() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.wait(MAX_STALE - 1);
    t.update(1, &record(2, 60_000), Updated::Applied);
    assert_eq!(t.served(&KEY), Some(record(2, 60_000)));
    t.wait(1);
    assert_eq!(t.served(&KEY), None, "its end was seen by the load");
    t.load(&KEY, loaded(2));
    t.wait(MAX_STALE);
    t.update(2, &record(3, 60_000), Updated::Applied);
    assert_eq!(t.served(&KEY), None, "what is too old tells no end");
}

#[test]
fn rule_25_an_update_keeps_the_later_end_unless_it_may_shorten() {
    let t = tested();
    t.update(1, &record(2, 60_000), Updated::Applied);
    assert_eq!(t.served(&KEY), None, "nobody knows its end");
    t.load(&KEY, loaded(2));
    t.update(2, &record(3, 50_000), Updated::Applied);
    assert_eq!(t.served(&KEY), Some(Record { times: record(2, 60_000).times, ..record(3, 0) }));
    t.update(3, &record(4, 70_000), Updated::Applied);
    assert_eq!(t.served(&KEY), Some(record(4, 70_000)));
    t.update(5, &record(6, 70_000), Updated::Applied);
    assert_eq!(t.served(&KEY), None, "somebody made revision 5, and perhaps moved the end");
    t.load(&KEY, Loaded::Record(record(4, 70_000)));
    t.wait(MAX_STALE - 1);
    let shorten = Lease { may_shorten: true, ..lease() };
    let shorter = record(5, 50_000);
    let update = t.cache.update(&KEY, revision(4), &shorter, shorten);
    assert_eq!(t.call(update, Ok(Updated::Applied)).unwrap(), Updated::Applied);
    t.wait(MAX_STALE - 1);
    assert_eq!(t.served(&KEY), Some(record(5, 50_000)), "all of it is known anew");
}

#[test]
fn rule_25_a_conflict_moves_forward_or_drops_what_is_kept() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.update(1, &record(2, 60_000), Updated::Conflict(Some(record(7, 60_000))));
    assert_eq!(t.served(&KEY), Some(record(7, 60_000)));
    t.update(7, &record(8, 60_000), Updated::Conflict(None));
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
}

#[test]
fn rule_25_an_update_of_an_ended_row_drops_what_is_kept() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.update(1, &record(2, 60_000), Updated::Ended);
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
}

#[test]
fn rule_25_a_delete_takes_effect_at_once() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.load(&OTHER, loaded(1));
    t.delete();
    assert_eq!(t.served(&KEY), None);
    assert!(t.served(&OTHER).is_some());
    let gone = t.call(t.cache.delete(&OTHER, Duration::ZERO), Ok(Deleted::Gone));
    assert_eq!(gone.unwrap(), Deleted::Gone);
    assert_eq!((t.served(&OTHER), t.cache.len()), (None, 0));
}

#[test]
fn rule_25_a_touch_moves_the_times_and_sees_the_row_anew() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.wait(MAX_STALE - 1);
    t.touch(1, 90_000, Touched::Touched);
    t.wait(MAX_STALE - 1);
    assert_eq!(t.served(&KEY), Some(record(1, 90_000)));
    t.wait(1);
    assert_eq!(t.served(&KEY), None);
}

#[test]
fn rule_25_a_touch_of_another_row_than_the_kept_one_drops_it() {
    let t = tested();
    t.load(&KEY, loaded(1));
    t.touch(1, 90_000, Touched::Nothing);
    assert_eq!(t.served(&KEY), None, "the row is another, or it is gone");
    t.load(&KEY, Loaded::Record(record(1, 90_000)));
    t.touch(1, 90_000, Touched::Nothing);
    assert_eq!(t.served(&KEY), Some(record(1, 90_000)), "it has that end");
    t.touch(2, 95_000, Touched::Touched);
    assert_eq!(t.served(&KEY), None, "the row is at revision 2");
    t.load(&KEY, loaded(3));
    t.touch(2, 95_000, Touched::Nothing);
    assert_eq!(t.served(&KEY), Some(record(3, 60_000)));
}

#[test]
fn rule_25_a_created_row_is_kept_and_a_taken_key_tells_nothing() {
    let t = tested();
    let new = record(1, 60_000);
    let create = |answer| t.call(t.cache.create(&KEY, &new, lease()), Ok(answer)).unwrap();
    assert_eq!(create(Created::Taken), Created::Taken);
    assert_eq!(t.served(&KEY), None);
    assert_eq!(create(Created::Created), Created::Created);
    assert_eq!(t.served(&KEY), Some(new.clone()));
    assert_eq!(create(Created::Taken), Created::Taken);
    assert_eq!(t.served(&KEY), Some(new.clone()));
}

// Fails when a row that somebody else may have extended is given as expired.
#[test]
fn rule_25_a_row_past_its_end_is_asked_for_again() {
    let t = tested();
    t.load(&KEY, Loaded::Record(record(1, 150)));
    assert!(t.served(&KEY).is_some(), "the library's clock is not known yet");
    t.touch(1, 160, Touched::Touched);
    t.wait(50);
    assert!(t.served(&KEY).is_some());
    t.wait(49);
    assert_eq!(t.served(&KEY), None, "it has hardly begun to be past its end");
}

#[test]
fn rule_25_its_size_is_bounded() {
    let t = with(|builder| builder.max_rows(10));
    for n in 0..50 {
        t.load(&RowKey::from_bytes([n; 32]), loaded(1));
        assert!(t.cache.len() <= 10);
    }
    assert!(t.served(&RowKey::from_bytes([49; 32])).is_some());
    assert!(t.served(&RowKey::from_bytes([39; 32])).is_none(), "least recently used");
    assert!(t.served(&RowKey::from_bytes([40; 32])).is_some(), "now it is used");
    t.load(&KEY, loaded(1));
    assert!(t.served(&RowKey::from_bytes([40; 32])).is_some());
    assert!(t.served(&RowKey::from_bytes([41; 32])).is_none());

    let t = with(|builder| builder.max_bytes(1000));
    for n in 0..50 {
        t.load(&RowKey::from_bytes([n; 32]), loaded(1));
        assert!(t.cache.bytes() <= 1000);
    }
    assert!(t.cache.len() > 3);
    t.load(&KEY, loaded(1));
    let large = Record { body: vec![7; 1000], ..record(2, 60_000) };
    t.update(1, &large, Updated::Applied);
    assert_eq!(t.served(&KEY), None, "the large one is not kept, nor the one before");
    assert!(t.cache.len() > 3, "and the others are");
}

#[test]
fn rule_25_what_is_too_old_goes_away() {
    let t = tested();
    (0..100).for_each(|n| t.load(&RowKey::from_bytes([n; 32]), loaded(1)));
    assert_eq!(t.cache.len(), 100);
    t.wait(MAX_STALE);
    (0..1000).for_each(|_| t.load(&KEY, Loaded::Nothing));
    assert_eq!(t.cache.len(), 0);
}

#[test]
fn rule_28_indexes_are_the_stores() {
    let t = tested();
    let set = IndexKey::from_bytes([9; 32]);
    t.call(t.cache.index_insert(&set, &KEY, Duration::from_secs(1)), Ok(())).unwrap();
    t.call(t.cache.index_remove(&set, &KEY), Ok(())).unwrap();
    let members = t.call(t.cache.index_members(&set, Some(&OTHER), 3), Ok(vec![KEY])).unwrap();
    assert_eq!(members, [KEY]);
    assert_eq!(t.script.names(), ["index_insert", "index_remove", "index_members"]);
}

// Fails when evictions of the store are not passed on, or a row that goes from the cache is one.
#[test]
fn rule_25_evictions_are_those_of_the_store() {
    let t = with(|builder| builder.max_rows(1));
    let told = Arc::new(AtomicU64::new(0));
    let tell = Arc::clone(&told);
    t.cache.on_evict(Arc::new(move || {
        tell.fetch_add(1, Relaxed);
    }));
    t.load(&KEY, loaded(1));
    t.load(&OTHER, loaded(1));
    assert_eq!((t.cache.len(), told.load(Relaxed)), (1, 0));
    t.script.evict();
    assert_eq!(told.load(Relaxed), 1);
}

#[test]
fn a_cache_makes_the_promises_of_its_store() {
    fn promises<W, S: Store<Writes = W, Index = I>, I: IndexKind<S>>() {}
    promises::<CompareAndSet, Cache<Scripted>, Indexed>();
    type Other = AnyStore<NotIndexed, LastWriteWins>;
    promises::<LastWriteWins, Cache<Other>, NotIndexed>();
    let erased: AnyStore = AnyStore::new(tested().cache);
    assert!(start(erased.load(&KEY)).poll().is_none());
}

#[test]
fn debug_shows_no_rows() {
    let t = tested();
    t.load(&KEY, loaded(1));
    let builder = Cache::builder(Scripted::default(), Duration::from_secs(1));
    let text = format!("{:?} {builder:?}", t.cache);
    assert!(text.contains("rows: 1") && !text.contains("body"), "{text}");
}

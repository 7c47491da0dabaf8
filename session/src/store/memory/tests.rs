use super::*;
use crate::store::AnyStore;
use crate::time::Millis;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll, Waker};

const NOW: u64 = 1_700_000_000_000;

/// Calls don't wait: see the documentation of the store.
fn run<R>(call: impl Future<Output = Result<R, StoreError>>) -> Result<R, StoreError> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a call of the memory store waits"),
    }
}

fn key(n: u64) -> RowKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    bytes[24..].copy_from_slice(&n.to_be_bytes());
    RowKey::from_bytes(bytes)
}

fn index(n: u8) -> IndexKey {
    IndexKey::from_bytes([n; 32])
}

/// A record that ends `ends` milliseconds from `NOW`.
fn record(revision: u64, ends: u64, body: &[u8]) -> Record {
    let times = Times::new(Millis::from_ms(NOW), 1, Millis::from_ms(NOW + ends));
    Record { revision: Revision::from_number(revision), times, body: body.to_vec() }
}

/// Of a call at `now` milliseconds from `NOW`, that keeps its row for `keep` milliseconds.
fn lease(now: u64, keep: u64) -> Lease {
    let keep = Duration::from_millis(keep);
    Lease { now: Millis::from_ms(NOW + now), keep, may_shorten: false }
}

fn revision(number: u64) -> Revision {
    Revision::from_number(number)
}

/// A store whose clock is set by hand.
fn with_clock(mut builder: MemoryStoreBuilder) -> (MemoryStore, Arc<AtomicU64>) {
    let clock = Arc::new(AtomicU64::new(1000));
    let now = Arc::clone(&clock);
    builder.now = Box::new(move || now.load(Relaxed));
    (builder.build(), clock)
}

fn create(store: &MemoryStore, n: u64) {
    let created = run(store.create(&key(n), &record(1, 1000, b"body"), lease(0, 1000))).unwrap();
    assert_eq!(created, Created::Created);
}

fn load(store: &MemoryStore, n: u64) -> Loaded {
    run(store.load(&key(n))).unwrap()
}

fn is_there(store: &MemoryStore, n: u64) -> bool {
    load(store, n) != Loaded::Nothing
}

fn delete(store: &MemoryStore, n: u64, remember: u64) -> Deleted {
    run(store.delete(&key(n), Duration::from_millis(remember))).unwrap()
}

// Fails when anything but the times of the later end is kept of the old row, or those are not.
#[test]
fn rule_22_an_update_replaces_the_row_and_keeps_the_later_end() {
    let store = MemoryStore::new();
    create(&store, 1);
    let update = |from, record: &Record, lease| {
        run(store.update(&key(1), revision(from), record, lease)).unwrap()
    };
    assert_eq!(update(1, &record(2, 500, b"two"), lease(0, 500)), Updated::Applied);
    assert_eq!(load(&store, 1), Loaded::Record(record(2, 1000, b"two")));
    let shorten = Lease { may_shorten: true, ..lease(0, 500) };
    assert_eq!(update(2, &record(3, 500, b"three, longer"), shorten), Updated::Applied);
    assert_eq!(load(&store, 1), Loaded::Record(record(3, 500, b"three, longer")));
    let theirs = Updated::Conflict(Some(record(3, 500, b"three, longer")));
    assert_eq!(update(2, &record(3, 900, b"lost"), lease(0, 500)), theirs);
    assert_eq!(update(3, &record(4, 900, b"late"), lease(501, 500)), Updated::Ended);
    assert_eq!(load(&store, 1), Loaded::Record(record(3, 500, b"three, longer")));
    assert_eq!(update(3, &record(4, 900, b""), lease(500, 500)), Updated::Applied);
    assert_eq!(load(&store, 1), Loaded::Record(record(4, 900, b"")));
}

#[test]
fn rule_22_what_is_not_there_is_not_updated_touched_or_deleted() {
    let store = MemoryStore::new();
    let times = record(1, 2000, b"").times;
    let dead = |n| {
        let before = load(&store, n);
        let update = run(store.update(&key(n), revision(1), &record(2, 2000, b""), lease(0, 1)));
        assert_eq!(update.unwrap(), Updated::Ended);
        let touch = run(store.touch(&key(n), revision(1), times, lease(0, 1))).unwrap();
        assert_eq!(touch, Touched::Nothing);
        assert_eq!(delete(&store, n, 1000), Deleted::Gone);
        assert_eq!(load(&store, n), before);
    };
    dead(1);
    assert!(store.is_empty());
    create(&store, 2);
    assert_eq!(delete(&store, 2, 60_000), Deleted::Deleted);
    assert_eq!(load(&store, 2), Loaded::Ended);
    dead(2);
}

#[test]
fn rule_22_a_touch_moves_the_times_of_a_live_row_forward() {
    let store = MemoryStore::new();
    create(&store, 1);
    let touch = |from, ends, now| {
        run(store.touch(&key(1), revision(from), record(9, ends, b"").times, lease(now, 1)))
            .unwrap()
    };
    assert_eq!(touch(1, 1000, 0), Touched::Nothing, "not later");
    assert_eq!(touch(1, 900, 0), Touched::Nothing, "earlier");
    assert_eq!(touch(2, 2000, 0), Touched::Nothing, "another revision");
    assert_eq!(touch(1, 2000, 1001), Touched::Nothing, "expired");
    assert_eq!(load(&store, 1), Loaded::Record(record(1, 1000, b"body")));
    assert_eq!(touch(1, 2000, 1000), Touched::Touched);
    assert_eq!(load(&store, 1), Loaded::Record(record(1, 2000, b"body")));
}

#[test]
fn rule_22_create_overwrites_nothing() {
    let (store, clock) = with_clock(MemoryStore::builder());
    create(&store, 1);
    let again =
        |keep| run(store.create(&key(1), &record(1, 9, b"other"), lease(5000, keep))).unwrap();
    assert_eq!(again(1), Created::Taken, "also when it is expired");
    clock.fetch_add(1001, Relaxed);
    assert_eq!(again(1), Created::Taken, "also when it may go, as long as it is there");
    assert_eq!(load(&store, 1), Loaded::Record(record(1, 1000, b"body")));
    delete(&store, 1, 100);
    assert_eq!(again(1), Created::Taken);
    clock.fetch_add(101, Relaxed);
    assert_eq!(load(&store, 1), Loaded::Nothing, "the memory is over");
    assert_eq!(again(1), Created::Created);
    assert_eq!(delete(&store, 1, 0), Deleted::Deleted);
    assert_eq!((load(&store, 1), store.len()), (Loaded::Nothing, 0));
}

/// Writes that find nothing, so that all is collected.
fn collect(store: &MemoryStore) {
    (0..100).for_each(|_| assert_eq!(delete(store, 999_999, 0), Deleted::Gone));
}

// Fails when the deadline is that of the record, or of another call than the last.
#[test]
fn rule_22_rows_are_kept_as_long_as_the_lease_says() {
    let (store, clock) = with_clock(MemoryStore::builder().max_rows(100));
    create(&store, 1);
    create(&store, 2);
    create(&store, 3);
    clock.fetch_add(500, Relaxed);
    let touch = run(store.touch(&key(2), revision(1), record(1, 2000, b"").times, lease(0, 1000)));
    assert_eq!(touch.unwrap(), Touched::Touched);
    // A shorter keep does not shorten, unless it may.
    let update = |n, lease| run(store.update(&key(n), revision(1), &record(2, 2000, b""), lease));
    assert_eq!(update(3, lease(0, 10)).unwrap(), Updated::Applied);
    clock.fetch_add(500, Relaxed);
    collect(&store);
    assert_eq!(store.len(), 3, "in the very millisecond it is kept");
    clock.fetch_add(1, Relaxed);
    collect(&store);
    assert!(!is_there(&store, 1) && is_there(&store, 2) && !is_there(&store, 3));
    let shorten = Lease { may_shorten: true, ..lease(0, 10) };
    assert_eq!(update(2, shorten).unwrap(), Updated::Applied);
    clock.fetch_add(11, Relaxed);
    collect(&store);
    assert_eq!((store.len(), store.bytes()), (0, 0));
}

#[test]
fn rule_25_at_the_bound_of_rows_the_least_recently_used_goes() {
    let told = Arc::new(AtomicUsize::new(0));
    let hook = Arc::clone(&told);
    let store = MemoryStore::builder()
        .max_rows(5)
        .on_evict(move || {
            hook.fetch_add(1, Relaxed);
        })
        .build();
    (1..=5).for_each(|n| create(&store, n));
    assert!(is_there(&store, 1));
    let update = run(store.update(&key(2), revision(1), &record(2, 1000, b"used"), lease(0, 1)));
    assert_eq!(update.unwrap(), Updated::Applied);
    let touch = run(store.touch(&key(3), revision(1), record(1, 2000, b"").times, lease(0, 1)));
    assert_eq!(touch.unwrap(), Touched::Touched);
    create(&store, 6);
    assert!(!is_there(&store, 4), "never used since it was made, and the first of those");
    create(&store, 7);
    assert!(!is_there(&store, 5));
    create(&store, 8);
    assert!(!is_there(&store, 1));
    assert_eq!((store.len(), store.evictions(), told.load(Relaxed)), (5, 3, 3));
}

#[test]
fn rule_25_rows_that_are_over_and_memories_go_first_and_are_no_evictions() {
    let (store, clock) = with_clock(MemoryStore::builder().max_rows(3));
    create(&store, 1);
    clock.fetch_add(500, Relaxed);
    create(&store, 2);
    create(&store, 3);
    assert!(is_there(&store, 1));
    delete(&store, 3, 60_000);
    clock.fetch_add(501, Relaxed);
    create(&store, 4);
    assert!(!is_there(&store, 1) && load(&store, 3) == Loaded::Ended, "the one that is over");
    create(&store, 5);
    assert!(load(&store, 3) == Loaded::Nothing && is_there(&store, 2), "the memory");
    assert_eq!((store.len(), store.evictions()), (3, 0));
    create(&store, 6);
    assert_eq!((store.len(), store.evictions()), (3, 1));
}

#[test]
fn rule_25_at_the_bound_of_bytes_rows_go() {
    let store = MemoryStore::builder().max_bytes(100_000).build();
    let create =
        |n, len| run(store.create(&key(n), &record(1, 1000, &vec![7; len]), lease(0, 1000)));
    for n in 0..100 {
        assert_eq!(create(n, 5000).unwrap(), Created::Created);
        assert!(store.bytes() <= 100_000);
    }
    assert!((15..20).contains(&store.len()), "{} rows of 5000 bytes", store.len());
    let big = record(2, 1000, &[7; 99_000]);
    let update = run(store.update(&key(99), revision(1), &big, lease(0, 1000))).unwrap();
    assert_eq!((update, store.len()), (Updated::Applied, 1));
    assert_eq!(store.evictions(), 99);
    assert!(store.bytes() <= 100_000);
    assert_eq!(create(100, 100_000).unwrap_err().kind(), StoreErrorKind::TooLarge);
    let larger = record(3, 1000, &[7; 100_000]);
    let update = run(store.update(&key(99), revision(2), &larger, lease(0, 1000)));
    assert_eq!(update.unwrap_err().kind(), StoreErrorKind::TooLarge);
    assert_eq!((load(&store, 99), store.evictions()), (Loaded::Record(big), 99));
}

#[test]
fn rule_25_entries_of_indexes_count_and_stay() {
    let store = MemoryStore::builder().max_bytes(20_000).build();
    (0..1000).for_each(|n| create(&store, n));
    let before = (store.len(), store.evictions());
    let insert = |n| run(store.index_insert(&index(1), &key(n), Duration::from_secs(60)));
    let fitting = (0..1000).take_while(|&n| insert(n).is_ok()).count();
    assert!((100..1000).contains(&fitting), "{fitting} entries fit");
    assert!(store.len() < before.0 && store.evictions() > before.1, "rows made room");
    assert!(store.bytes() <= 20_000);
    assert_eq!(insert(5000).unwrap_err().kind(), StoreErrorKind::Busy);
    assert!(insert(0).is_ok(), "one that is there needs no room");
    let row = run(store.create(&key(5000), &record(1, 1000, &[7; 500]), lease(0, 1000)));
    assert_eq!(row.unwrap_err().kind(), StoreErrorKind::Busy);
    assert_eq!(members(&store, 1, None, usize::MAX).len(), fitting, "none is missing");
}

fn members(store: &MemoryStore, set: u8, after: Option<u64>, limit: usize) -> Vec<RowKey> {
    let after = after.map(key);
    run(store.index_members(&index(set), after.as_ref(), limit)).unwrap()
}

fn insert(store: &MemoryStore, set: u8, member: u64, keep: u64) {
    run(store.index_insert(&index(set), &key(member), Duration::from_millis(keep))).unwrap();
}

#[test]
fn rule_28_sets_are_sorted_and_read_in_pages() {
    let store = MemoryStore::new();
    (0..10).for_each(|n| insert(&store, 7, n, 1000));
    (5..12).for_each(|n| insert(&store, 8, n, 1000));
    insert(&store, 7, 3, 1000);
    let mut sorted: Vec<_> = (0..10).map(key).collect();
    sorted.sort();
    assert_eq!(members(&store, 7, None, usize::MAX), sorted);
    assert_eq!(members(&store, 7, None, 4), sorted[..4]);
    let after = (0..10).find(|&n| key(n) == sorted[3]);
    assert_eq!(members(&store, 7, after, 4), sorted[4..8]);
    run(store.index_remove(&index(7), &sorted[5])).unwrap();
    run(store.index_remove(&index(7), &sorted[5])).unwrap();
    run(store.index_remove(&index(9), &sorted[5])).unwrap();
    assert_eq!(members(&store, 7, after, 2), [sorted[4], sorted[6]]);
    assert_eq!(members(&store, 8, None, usize::MAX).len(), 7, "another set");
    assert!(members(&store, 9, None, usize::MAX).is_empty());
    assert!(members(&store, 7, None, 0).is_empty());
    // More sets than there are places for them.
    (10..=255).for_each(|set| insert(&store, set, u64::from(set), 1000));
    for set in 10..=255 {
        assert_eq!(members(&store, set, None, 9), [key(u64::from(set))]);
    }
}

#[test]
fn rule_28_entries_stay_as_long_as_they_must_and_are_collected() {
    let (store, clock) = with_clock(MemoryStore::builder());
    (0..100).for_each(|n| insert(&store, (n % 50) as u8, n, 1000));
    insert(&store, 0, 0, 5000);
    insert(&store, 1, 1, 10);
    let full = store.bytes();
    clock.fetch_add(1000, Relaxed);
    assert_eq!(members(&store, 1, None, 9).len(), 2, "a shorter keep does not shorten");
    clock.fetch_add(1, Relaxed);
    assert_eq!(members(&store, 1, None, 9), []);
    // Writes to one set collect in all.
    (0..1000).for_each(|_| insert(&store, 99, 1, 1000));
    assert_eq!(store.bytes(), full / 100 * 2, "the new one, and the one that is kept for longer");
    assert_eq!(members(&store, 0, None, 9), [key(0)]);
    run(store.index_remove(&index(99), &key(1))).unwrap();
    run(store.index_remove(&index(0), &key(0))).unwrap();
    assert_eq!(store.bytes(), 0);
}

// Fails when collecting begins at the same entry each time.
#[test]
fn rule_28_large_sets_are_collected_in_steps() {
    let (store, clock) = with_clock(MemoryStore::builder());
    (0..1000).for_each(|n| insert(&store, 1, n, if n % 2 == 0 { 1000 } else { 10 }));
    let full = store.bytes();
    clock.fetch_add(11, Relaxed);
    // Each shard's turn comes once in 64 steps.
    (0..64 * 4 * 20).for_each(|n| insert(&store, 1, n % 500 * 2, 1000));
    assert_eq!(store.bytes(), full / 2);
    assert_eq!(members(&store, 1, None, usize::MAX).len(), 500);
}

// Fails when the check of the revision and the write are two steps.
#[test]
fn rule_22_no_update_of_many_threads_is_lost() {
    const THREADS: u64 = 4;
    const EACH: u64 = 2000;
    let store = MemoryStore::builder().max_rows(10_000).build();
    let count = |record: &Record| u64::from_le_bytes(record.body.as_slice().try_into().unwrap());
    let zero = record(1, 1000, &0_u64.to_le_bytes());
    run(store.create(&key(1), &zero, lease(0, 1000))).unwrap();
    let begin = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, begin) = (store.clone(), &begin);
            scope.spawn(move || {
                begin.wait();
                for n in 0..EACH {
                    // Neighbours come and go beside it.
                    create(&store, 100 + n * THREADS + thread);
                    let Loaded::Record(mut row) = load(&store, 1) else { panic!("it is there") };
                    loop {
                        let body = (count(&row) + 1).to_le_bytes();
                        let new = record(row.revision.next().number(), 1000, &body);
                        match run(store.update(&key(1), row.revision, &new, lease(0, 1000)))
                            .unwrap()
                        {
                            Updated::Applied => break,
                            Updated::Conflict(Some(theirs)) => row = theirs,
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
    let Loaded::Record(row) = load(&store, 1) else { panic!("it is there") };
    assert_eq!((count(&row), row.revision.number()), (THREADS * EACH, 1 + THREADS * EACH));
    assert_eq!(store.len(), 8001);
}

#[test]
fn hooks_may_use_the_store_and_clones_share_all() {
    let store = MemoryStore::builder().max_rows(1).build();
    let (clone, seen) = (store.clone(), Arc::new(AtomicUsize::new(0)));
    let see = Arc::clone(&seen);
    let any: AnyStore = AnyStore::new(store.clone());
    any.on_evict(Arc::new(move || {
        assert!(is_there(&clone, 2));
        see.fetch_add(clone.len(), Relaxed);
    }));
    create(&store, 1);
    create(&store, 2);
    assert_eq!(seen.load(Relaxed), 1);
    assert_eq!(run(any.load(&key(2))).unwrap(), Loaded::Record(record(1, 1000, b"body")));
}

#[test]
fn debug_shows_no_rows() {
    let store = MemoryStore::new();
    run(store.create(&key(1), &record(1, 1000, b"secret"), lease(0, 1000))).unwrap();
    let text = format!("{store:?} {:?}", MemoryStore::builder());
    assert!(text.contains("rows: 1"), "{text}");
    assert!(!text.contains("secret") && !text.contains("115"), "{text}");
}

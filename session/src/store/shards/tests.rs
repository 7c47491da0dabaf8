use super::*;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

struct Bytes(usize);

impl Weigh for Bytes {
    fn heap_bytes(&self) -> usize {
        self.0
    }
}

fn key(n: u64) -> RowKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    bytes[8..16].copy_from_slice(&n.to_be_bytes());
    RowKey::from_bytes(bytes)
}

fn shards(rows: usize, bytes: usize) -> (Shards<Bytes>, Arc<AtomicU64>) {
    let clock = Arc::new(AtomicU64::new(0));
    let now = Arc::clone(&clock);
    (Shards::new(Limits { rows, bytes }, Box::new(move || now.load(Relaxed))), clock)
}

fn insert(shards: &Shards<Bytes>, n: u64, until: u64, bytes: usize) -> usize {
    let now = shards.now();
    shards.write(&key(n), now).insert(&key(n), Until::ms(until), Bytes(bytes), now)
}

/// What is there, counted one by one.
fn counted(shards: &Shards<Bytes>) -> (usize, usize) {
    let (mut rows, mut bytes) = (0, 0);
    for shard in &shards.shards {
        let shard = shard.0.lock().unwrap();
        rows += shard.table.len();
        let values = (0..shard.table.len()).map(|at| shard.table.value(at));
        bytes += values.map(Shards::<Bytes>::row_bytes).sum::<usize>();
    }
    (rows, bytes)
}

#[test]
fn rows_spread_evenly_over_the_tables() {
    let (shards, _) = shards(1 << 20, 1 << 30);
    let tables = shards.shards.len() as u64;
    assert!(tables >= 32);
    (0..tables * 64).for_each(|n| assert_eq!(insert(&shards, n, 1, 0), 0));
    let lens = shards.shards.iter().map(|shard| shard.0.lock().unwrap().table.len());
    let (least, most) = (lens.clone().min().unwrap(), lens.max().unwrap());
    assert!(least > 20 && most < 130, "{least} to {most} rows in a table, 64 on the average");
}

#[test]
fn tables_are_as_many_as_rows_and_processors_ask_for() {
    assert_eq!(shards(100, 1 << 30).0.shards.len(), 1);
    assert_eq!(shards(1 << 20, 1 << 20).0.shards.len(), 2);
    assert_eq!(shards(usize::MAX, usize::MAX).0.shards.len(), MOST_TABLES);
    assert_eq!([1, 2, 3, 8, 64].map(|each| tables(1 << 20, each)), [32, 64, 128, 256, 512]);
    assert_eq!([0, 5000, 1 << 25].map(|rows| tables(rows, 4)), [1, 2, 512]);
}

// Fails when a path forgets to count.
#[test]
fn counts_are_what_is_there() {
    let (shards, clock) = shards(10_000, 1 << 20);
    let (mut evicted, mut step) = (0, 0);
    for n in 0..10_000_u64 {
        step = (step + 7919) % 10_000;
        clock.store(n / 4, Relaxed);
        let until = if n % 3 == 0 { n / 4 + 10 } else { u64::MAX };
        let (key, now) = (key(step % 5000), shards.now());
        let mut locked = shards.write(&key, now);
        match locked.find(&key) {
            Some(at) if n % 5 == 0 => {
                locked.remove(at);
                // Or counting would wait for it.
                drop(locked);
            }
            Some(at) => {
                let bytes = Bytes((n % 700) as usize);
                evicted += locked.replace(&key, at, Until::ms(until), bytes, now).1;
            }
            None => evicted += locked.insert(&key, Until::ms(until), Bytes(300), now),
        }
        assert!(shards.bytes() <= 1 << 20 && shards.len() <= 10_000);
        if n % 2000 == 0 {
            assert_eq!((shards.len(), shards.bytes()), counted(&shards));
        }
    }
    assert_eq!((shards.len(), shards.bytes()), counted(&shards));
    assert!(evicted > 0 && shards.len() > 1000, "{evicted} evicted, {} there", shards.len());
}

// Fails when a write collects in its own table alone.
#[test]
fn tables_without_writes_are_collected_too() {
    let (shards, clock) = shards(16 * LEAST_ROWS, 1 << 30);
    assert_eq!(shards.shards.len(), 16);
    (0..1000).for_each(|n| assert_eq!(insert(&shards, n, 10, 0), 0));
    clock.store(11, Relaxed);
    assert_eq!(shards.len(), 1000);
    for _ in 0..16 * COLLECT_EACH * 4 {
        drop(shards.write(&key(0), 11));
    }
    assert_eq!(shards.len(), 0);
}

// Fails when a step of collecting is much shorter.
#[test]
fn garbage_is_a_small_share() {
    let (shards, clock) = shards(1 << 20, 1 << 30);
    // Each lives for 20 000 creations.
    for n in 0..100_000 {
        clock.store(n, Relaxed);
        insert(&shards, n, n + 20_000, 0);
    }
    assert!(shards.len() < 22_500, "{} rows where 20 000 live", shards.len());
}

#[test]
fn room_comes_from_other_tables_when_the_own_one_has_none() {
    let (shards, _) = shards(1 << 20, 8 << 20);
    assert!(shards.shards.len() > 8);
    // Eight fit, and they are in different tables, as a rule.
    for n in 0..1000 {
        insert(&shards, n, 1, 1 << 20);
        assert!(shards.bytes() <= 8 << 20);
        assert!(shards.read(&key(n)).find(&key(n)).is_some(), "the new one stays");
    }
    assert_eq!(shards.len(), 7);
}

#[test]
fn what_is_kept_elsewhere_counts() {
    let (shards, _) = shards(1000, 10_000);
    (0..20).for_each(|n| assert_eq!(insert(&shards, n, 1, 200), 0));
    let rows = shards.bytes();
    shards.add_other(8000);
    assert_eq!(shards.bytes(), rows + 8000);
    assert!(shards.make_room(None, 0) > 0);
    assert!(shards.bytes() <= 10_000);
    assert!(shards.has_room_for(2000) && !shards.has_room_for(2001));
    shards.subtract_other(8000);
    assert!(shards.has_room_for(10_000));
    assert_eq!((shards.len(), shards.bytes()), counted(&shards));
}

// Fails when rows that are over or lesser count as evicted.
#[test]
fn only_what_goes_before_its_time_is_evicted() {
    let (shards, clock) = shards(3, 1 << 20);
    insert(&shards, 1, 5, 0);
    shards.write(&key(2), 0).insert(&key(2), Until::ms(100).lesser(), Bytes(0), 0);
    insert(&shards, 3, 100, 0);
    clock.store(6, Relaxed);
    assert_eq!(insert(&shards, 4, 100, 0), 0, "for the one that is over");
    assert_eq!(insert(&shards, 5, 100, 0), 0, "for the lesser one");
    assert_eq!(insert(&shards, 6, 100, 0), 1);
    assert_eq!(shards.len(), 3);
    assert!(shards.read(&key(3)).find(&key(3)).is_none());
}

// Fails when the length of the keep is rounded down, or overflows.
#[test]
fn until_is_never_too_early() {
    assert_eq!(until(10, Duration::from_micros(1)), Until::ms(11));
    assert_eq!(until(10, Duration::from_millis(3)), Until::ms(13));
    assert_eq!(until(10, Duration::MAX), Until::ms(u64::MAX));
}

#[test]
fn the_systems_clock_runs() {
    let now = system_now();
    let (first, begin) = (now(), Instant::now());
    while begin.elapsed() < Duration::from_millis(3) {
        std::hint::spin_loop();
    }
    assert!(now() >= first + 2, "milliseconds");
}

use super::*;
use std::collections::BTreeMap;

fn key(n: u64) -> RowKey {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&n.to_be_bytes());
    RowKey::from_bytes(bytes)
}

fn get<V: Copy>(table: &Table<V>, n: u64) -> Option<V> {
    table.find(&key(n)).map(|at| *table.value(at))
}

/// Of keys `0..n`, none over before `until`.
fn filled(n: u64, until: u64) -> Table<u64> {
    let mut table = Table::new(1);
    (0..n).for_each(|n| table.insert(key(n), Until::ms(until), n));
    table
}

// Fails when a removal leaves a hole in a chain, or the row that moves is not found at its place.
#[test]
fn a_table_is_a_map() {
    let (mut table, mut model) = (Table::new(1), BTreeMap::new());
    let mut random = 7;
    for step in 0..20_000_u64 {
        // Grows and shrinks, so that it is moved in both directions.
        let range = if step / 5000 % 2 == 0 { 3000 } else { 100 };
        let n = below(&mut random, range) as u64;
        let grow = below(&mut random, 8) < if range == 3000 { 6 } else { 2 };
        match (table.find(&key(n)), grow) {
            (None, true) => {
                table.insert(key(n), Until::ms(step), step);
                model.insert(n, step);
            }
            (Some(at), false) => {
                assert_eq!(table.until(at), Until::ms(model[&n]));
                assert_eq!(Some(table.remove(at)), model.remove(&n));
            }
            (found, _) => assert_eq!(found.is_some(), model.contains_key(&n)),
        }
        if range == 100 && table.len() > 200 {
            // Those that the small range does not reach.
            let other = *model.keys().next().unwrap();
            let at = table.find(&key(other)).unwrap();
            assert_eq!(Some(table.remove(at)), model.remove(&other));
        }
        assert_eq!(table.len(), model.len());
    }
    assert!(!model.is_empty());
    for n in 0..3000 {
        assert_eq!(get(&table, n), model.get(&n).copied(), "{n}");
    }
}

// Fails when the hash takes a part of the key alone.
#[test]
fn keys_that_differ_in_one_bit_spread() {
    let mut tops = std::collections::HashSet::new();
    for bit in 0..256 {
        let mut bytes = [0; 32];
        bytes[bit / 8] |= 1 << (bit % 8);
        tops.insert(hash(&RowKey::from_bytes(bytes)) >> 48);
    }
    assert!(tops.len() > 50, "{} of 256 differ", tops.len());
}

#[test]
fn memory_is_given_back() {
    let mut table = filled(10_000, 0);
    assert!(table.rows.capacity() < 10_000 + 64, "a block at most is unused");
    while table.len() > 10 {
        table.remove(0);
    }
    assert!(table.rows.capacity() < 200 && table.until.capacity() < 200);
    assert!(table.slots.len() < 300);
    assert!((0..10_000).filter(|&n| get(&table, n).is_some()).count() == 10);
}

#[test]
fn a_row_is_over_after_its_last_millisecond() {
    assert!(!Until::ms(5).is_over(5));
    assert!(Until::ms(5).is_over(6));
    assert!(Until::ms(5).lesser().is_over(6) && !Until::ms(5).lesser().is_over(5));
    assert!(!Until::ms(u64::MAX).is_over(u64::MAX >> 1));
}

// Fails when collecting begins at the same row each time, or skips the row that moved.
#[test]
fn collecting_in_steps_finds_all() {
    let mut table = filled(1000, 10);
    (1000..1500).for_each(|n| table.insert(key(n), Until::ms(20), n));
    let mut gone = Vec::new();
    table.collect(11, 16, |n| gone.push(n));
    assert!(gone.len() <= 16, "a step is a short one");
    for _ in 0..1500 / 16 {
        table.collect(11, 16, |n| gone.push(n));
    }
    gone.sort_unstable();
    assert_eq!(gone, (0..1000).collect::<Vec<_>>());
    assert_eq!(table.len(), 500);
}

#[test]
fn a_victim_is_over_or_lesser_or_the_least_recently_used() {
    let mut table = filled(20, 100);
    for n in (0..20).filter(|n| *n != 13) {
        table.mark_used(table.find(&key(n)).unwrap());
    }
    let victim = |table: &mut Table<u64>, spared: Option<u64>| {
        let spared = spared.and_then(|n| table.find(&key(n)));
        table.victim(50, spared).map(|at| *table.value(at))
    };
    assert_eq!(victim(&mut table, None), Some(13));
    assert_eq!(victim(&mut table, Some(13)), Some(0));
    let set = |table: &mut Table<u64>, n, until| {
        let at = table.find(&key(n)).unwrap();
        table.set_until(at, until);
    };
    set(&mut table, 5, Until::ms(80).lesser());
    set(&mut table, 6, Until::ms(70).lesser());
    assert_eq!(victim(&mut table, None), Some(6), "the lesser one that is over first");
    assert_eq!(victim(&mut table, Some(6)), Some(5));
    set(&mut table, 7, Until::ms(49));
    assert_eq!(victim(&mut table, None), Some(7), "one that is over");
    assert_eq!(victim(&mut filled(1, 100), Some(0)), None, "the spared one alone");
    assert_eq!(victim(&mut Table::new(1), None), None);
}

// Fails when a search looks at the same rows each time.
#[test]
fn in_a_large_table_search_by_search_finds_what_may_go() {
    let mut table = filled(10_000, 100);
    for n in 9000..9010 {
        table.set_until(table.find(&key(n)).unwrap(), Until::ms(80).lesser());
    }
    let lesser = (0..20).filter(|_| {
        let at = table.victim(50, None).unwrap();
        let is_lesser = table.until(at).is_lesser();
        table.remove(at);
        is_lesser
    });
    assert_eq!(lesser.count(), 10);
}

// Fails when the sample is not spread over the table, or the most idle of it is not chosen.
#[test]
fn in_a_large_table_the_recently_used_half_stays() {
    let mut table = filled(10_000, 100);
    for n in 5000..10_000 {
        table.mark_used(table.find(&key(n)).unwrap());
    }
    for _ in 0..2500 {
        let at = table.victim(50, None).unwrap();
        table.remove(at);
    }
    let kept = (5000..10_000).filter(|&n| get(&table, n).is_some()).count();
    assert!(kept > 4950, "of 2500 victims {} were in use", 5000 - kept);
}

//! Calls for one row that are on their way at the same time.

use super::*;
use script::Started;

/// With this lease an update tells the end of its row.
const SHORTEN: Lease =
    Lease { now: Millis::from_ms(NOW), keep: Duration::from_secs(60), may_shorten: true };

type Asked<'a> = (Started<'a, Result<Loaded, StoreError>>, usize);

/// A call that has asked the store, and the number of its question.
fn asked<'a, R>(t: &Tested, call: impl Future<Output = R> + 'a) -> (Started<'a, R>, usize) {
    let (mut call, number) = (start(call), t.script.calls());
    assert!(call.poll().is_none());
    assert_eq!(t.script.calls(), number + 1);
    (call, number)
}

impl Tested {
    fn slow_load(&self) -> Asked<'_> {
        asked(self, self.cache.load(&KEY))
    }

    /// The store answers a load that began before.
    fn answer(&self, load: Asked<'_>, answer: Loaded) {
        let (mut load, number) = load;
        let given = answer.clone();
        self.script.answer(number, Ok(answer));
        assert_eq!(load.poll().unwrap().unwrap(), given, "it gives what the store said");
    }

    /// A load that began when nothing was kept yet: what is kept now is put back afterwards.
    fn slow_load_past_the_cache(&self) -> Asked<'_> {
        let shards = &self.cache.shared.kept.shards;
        let mut shard = shards.read(&KEY);
        let at = shard.find(&KEY).unwrap();
        let (until, row) = (shard.until(at), shard.remove(at));
        drop(shard);
        let load = self.slow_load();
        shards.read(&KEY).insert(&KEY, until, row, shards.now());
        load
    }

    /// Takes what is kept out, as when its room is needed.
    fn evict(&self) {
        let mut shard = self.cache.shared.kept.shards.read(&KEY);
        let at = shard.find(&KEY).unwrap();
        shard.remove(at);
    }
}

#[test]
fn rule_25_a_slow_load_puts_no_older_row_over_a_newer_one() {
    let t = tested();
    let (slow, quick) = (t.slow_load(), t.slow_load());
    t.answer(quick, loaded(2));
    t.answer(slow, loaded(1));
    assert_eq!(t.served(&KEY), Some(record(2, 60_000)));
    assert_eq!(t.flights(), 0);
}

// Fails when a slow answer is compared with what is kept alone.
#[test]
fn rule_25_a_slow_load_puts_no_older_row_where_a_newer_one_was() {
    let t = tested();
    let (slow, quick) = (t.slow_load(), t.slow_load());
    t.answer(quick, loaded(2));
    t.evict();
    t.answer(slow, loaded(1));
    assert_eq!(t.served(&KEY), None);
}

#[test]
fn rule_25_a_slow_load_puts_no_deleted_row_back() {
    let t = tested();
    let slow = t.slow_load();
    t.delete();
    t.answer(slow, loaded(1));
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
}

#[test]
fn rule_25_calls_for_other_rows_do_not_matter() {
    // All rows in one table.
    let t = with(|builder| builder.max_rows(10));
    t.load(&OTHER, loaded(1));
    let slow = t.slow_load();
    let delete = t.cache.delete(&OTHER, Duration::from_secs(60));
    assert_eq!(t.call(delete, Ok(Deleted::Deleted)).unwrap(), Deleted::Deleted);
    t.answer(slow, loaded(1));
    assert_eq!((t.served(&KEY), t.served(&OTHER)), (Some(record(1, 60_000)), None));
}

#[test]
fn rule_25_a_slow_load_puts_no_row_back_that_another_load_found_ended() {
    for gone in [Loaded::Ended, Loaded::Nothing] {
        let t = tested();
        let (slow, quick) = (t.slow_load(), t.slow_load());
        t.answer(quick, gone);
        t.answer(slow, loaded(1));
        assert_eq!(t.served(&KEY), None);
    }
}

#[test]
fn rule_25_nothing_is_served_while_a_delete_is_on_its_way() {
    let t = tested();
    t.load(&KEY, loaded(1));
    let (mut delete, number) = asked(&t, t.cache.delete(&KEY, Duration::from_secs(60)));
    assert_eq!(t.served(&KEY), None);
    // One that begins and ends meanwhile may see the row before its end.
    t.load(&KEY, loaded(1));
    t.script.answer(number, Ok(Deleted::Deleted));
    assert!(delete.poll().is_some());
    assert_eq!(t.served(&KEY), None);
    // One that begins afterwards sees what the store has.
    t.load(&KEY, loaded(1));
    assert!(t.served(&KEY).is_some());
}

// Fails when only an answered delete makes the cache forget.
#[test]
fn rule_25_a_delete_that_fails_or_is_given_up_may_have_ended_the_row() {
    for given_up in [true, false] {
        let t = tested();
        t.load(&KEY, loaded(1));
        let slow = t.slow_load_past_the_cache();
        let (mut delete, number) = asked(&t, t.cache.delete(&KEY, Duration::ZERO));
        t.load(&KEY, loaded(1));
        if given_up {
            drop(delete);
        } else {
            t.script.answer(number, Err::<Deleted, _>(StoreErrorKind::Timeout));
            assert_eq!(delete.poll().unwrap().unwrap_err().kind(), StoreErrorKind::Timeout);
        }
        assert_eq!(t.served(&KEY), None);
        t.answer(slow, loaded(1));
        assert_eq!((t.served(&KEY), t.flights()), (None, 0));
    }
}

#[test]
fn rule_25_an_update_that_fails_or_is_given_up_may_have_changed_the_row() {
    for given_up in [true, false] {
        let t = tested();
        t.load(&KEY, loaded(1));
        let slow = t.slow_load_past_the_cache();
        let two = record(2, 60_000);
        let (mut update, number) = asked(&t, t.cache.update(&KEY, revision(1), &two, lease()));
        assert_eq!(t.served(&KEY), Some(record(1, 60_000)), "it has not happened yet");
        if given_up {
            drop(update);
        } else {
            t.script.answer(number, Err::<Updated, _>(StoreErrorKind::Unavailable));
            assert_eq!(update.poll().unwrap().unwrap_err().kind(), StoreErrorKind::Unavailable);
        }
        assert_eq!(t.served(&KEY), None);
        t.answer(slow, loaded(1));
        assert_eq!((t.served(&KEY), t.flights()), (None, 0));
    }
}

#[test]
fn rule_25_a_slow_load_does_not_undo_an_update() {
    for evicted in [false, true] {
        let t = tested();
        t.load(&KEY, loaded(1));
        let slow = t.slow_load_past_the_cache();
        t.update(1, &record(2, 60_000), Updated::Applied);
        if evicted {
            t.evict();
        }
        t.answer(slow, loaded(1));
        assert_eq!(t.served(&KEY), (!evicted).then(|| record(2, 60_000)));
    }
}

#[test]
fn rule_25_a_slow_update_does_not_undo_a_later_one() {
    for evicted in [false, true] {
        let t = tested();
        let two = record(2, 60_000);
        let (mut slow, number) = asked(&t, t.cache.update(&KEY, revision(1), &two, SHORTEN));
        t.load(&KEY, loaded(2));
        let three = record(3, 60_000);
        let later = t.cache.update(&KEY, revision(2), &three, SHORTEN);
        assert_eq!(t.call(later, Ok(Updated::Applied)).unwrap(), Updated::Applied);
        if evicted {
            t.evict();
        }
        t.script.answer(number, Ok(Updated::Applied));
        assert_eq!(slow.poll().unwrap().unwrap(), Updated::Applied);
        assert_eq!(t.served(&KEY), (!evicted).then(|| record(3, 60_000)));
    }
}

#[test]
fn rule_25_a_slow_update_does_not_put_a_deleted_row_back() {
    for answer in [Updated::Applied, Updated::Conflict(Some(record(5, 60_000)))] {
        let t = tested();
        let two = record(2, 60_000);
        let (mut slow, number) = asked(&t, t.cache.update(&KEY, revision(1), &two, SHORTEN));
        t.delete();
        t.script.answer(number, Ok(answer));
        assert!(slow.poll().is_some());
        assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
    }
}

// The update may not be kept, because of the touch that may have done anything; but what the load
// brought meanwhile is older than the update.
#[test]
fn rule_25_an_update_that_is_not_kept_drops_what_is_older() {
    let t = tested();
    let two = record(2, 60_000);
    let (mut slow, number) = asked(&t, t.cache.update(&KEY, revision(1), &two, lease()));
    let (touch, _) = asked(&t, t.cache.touch(&KEY, revision(1), record(1, 70_000).times, lease()));
    drop(touch);
    t.load(&KEY, loaded(1));
    t.script.answer(number, Ok(Updated::Applied));
    assert!(slow.poll().is_some());
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
}

// Else the load that comes after the conflict would be given the old row, and conflict again.
#[test]
fn rule_25_a_slow_load_does_not_put_back_what_was_in_conflict() {
    let t = tested();
    let slow = t.slow_load();
    t.update(1, &record(2, 60_000), Updated::Conflict(None));
    t.answer(slow, loaded(1));
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
}

#[test]
fn rule_25_a_slow_load_does_not_put_back_what_an_update_found_ended() {
    let t = tested();
    let slow = t.slow_load();
    t.update(1, &record(2, 60_000), Updated::Ended);
    t.answer(slow, loaded(1));
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
}

// The row changed before the touch came, and the load saw it before that.
#[test]
fn rule_25_a_slow_load_does_not_put_back_what_a_touch_did_not_find() {
    let t = tested();
    let slow = t.slow_load();
    t.touch(1, 90_000, Touched::Nothing);
    t.answer(slow, loaded(1));
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
    let slow = t.slow_load();
    t.touch(1, 60_000, Touched::Nothing);
    t.answer(slow, loaded(1));
    assert_eq!(t.served(&KEY), Some(record(1, 60_000)), "it had that end before");
}

#[test]
fn rule_25_a_slow_load_does_not_undo_a_touch() {
    for evicted in [false, true] {
        let t = tested();
        t.load(&KEY, loaded(1));
        let slow = t.slow_load_past_the_cache();
        t.touch(1, 90_000, Touched::Touched);
        if evicted {
            t.evict();
        }
        t.answer(slow, loaded(1));
        assert_eq!(t.served(&KEY), (!evicted).then(|| record(1, 90_000)));
    }
}

// Fails when the end that the update kept is believed to be the one from before the touch, which may
// have moved it and is not answered yet.
#[test]
fn rule_25_a_slow_touch_is_not_undone_by_an_update_after_it() {
    let t = tested();
    t.load(&KEY, loaded(1));
    let later = record(1, 90_000).times;
    let (mut slow, number) = asked(&t, t.cache.touch(&KEY, revision(1), later, lease()));
    t.update(1, &record(2, 70_000), Updated::Applied);
    assert_eq!((t.served(&KEY), t.cache.len()), (None, 0));
    t.script.answer(number, Ok(Touched::Touched));
    assert!(slow.poll().is_some());
    assert_eq!(t.served(&KEY), None);
}

#[test]
fn rule_25_a_slow_load_puts_nothing_over_a_row_that_was_made_meanwhile() {
    let t = tested();
    let slow = t.slow_load();
    let new = record(1, 60_000);
    let create = t.cache.create(&KEY, &new, lease());
    assert_eq!(t.call(create, Ok(Created::Created)).unwrap(), Created::Created);
    t.answer(slow, loaded(5));
    assert_eq!(t.served(&KEY), None, "the store is asked which of both it is");
}

#[test]
fn rule_25_a_created_row_is_not_hidden_by_a_load_from_before() {
    let t = tested();
    let slow = t.slow_load();
    let new = record(1, 60_000);
    let create = t.cache.create(&KEY, &new, lease());
    assert_eq!(t.call(create, Ok(Created::Created)).unwrap(), Created::Created);
    t.answer(slow, Loaded::Nothing);
    t.load(&KEY, loaded(1));
    assert_eq!(t.served(&KEY), Some(new));
}

#[test]
fn rule_12_a_load_that_is_given_up_leaves_no_trace() {
    let t = tested();
    t.load(&KEY, loaded(1));
    drop(t.slow_load_past_the_cache());
    assert_eq!((t.flights(), t.cache.len()), (0, 1));
    assert!(t.served(&KEY).is_some());
    let slow = t.slow_load_past_the_cache();
    drop(t.slow_load_past_the_cache());
    t.answer(slow, loaded(2));
    assert_eq!(t.served(&KEY), Some(record(2, 60_000)));
    assert_eq!(t.flights(), 0);
}

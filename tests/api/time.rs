//! Durations that read as English.

use session::testing::ManualClock;
use session::{Clock, SystemClock, days, hours, minutes, seconds};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

// Fails when a unit is wrong, or a large number overflows instead of stopping at the largest.
#[test]
fn security_25_durations_saturate() {
    assert_eq!(seconds(90), Duration::from_secs(90));
    assert_eq!(minutes(2), seconds(120));
    assert_eq!(hours(2), minutes(120));
    assert_eq!(days(2), hours(48));
    for zero in [seconds(0), minutes(0), hours(0), days(0)] {
        assert_eq!(zero, Duration::ZERO);
    }
    for largest in [seconds(u64::MAX), minutes(u64::MAX), hours(u64::MAX), days(u64::MAX)] {
        assert_eq!(largest, Duration::from_secs(u64::MAX));
    }
    const IN_A_CONSTANT: Duration = days(1);
    assert_eq!(IN_A_CONSTANT.as_secs(), 86_400);
}

// Fails when the manual clock moves by itself, or its clones show another time.
#[test]
fn the_manual_clock_moves_when_told() {
    let clock = ManualClock::default();
    let same = clock.clone();
    let begin = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    assert_eq!(clock.now(), begin);
    clock.advance(hours(1));
    assert_eq!(same.now(), begin + hours(1));
    same.rewind(minutes(1));
    assert_eq!(clock.now(), begin + minutes(59));
    clock.set(5);
    assert_eq!((same.ms(), same.now()), (5, UNIX_EPOCH + Duration::from_millis(5)));
}

#[test]
fn the_system_clock_is_the_systems() {
    let before = SystemTime::now();
    let between = SystemClock::default().now();
    assert!(before <= between && between <= SystemTime::now());
}

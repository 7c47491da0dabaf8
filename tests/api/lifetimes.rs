//! Lifetimes at their limits.

use crate::support::*;
use http::HeaderMap;
use session::testing::ManualClock;
use session::{MaxAge, MaxAgeError, SessionLayer, days, seconds};
use session_tests::at_once;
use std::time::Duration;

fn max_age(cookie: &str) -> Option<u64> {
    let attribute = cookie.split("; ").find_map(|attribute| attribute.strip_prefix("Max-Age="));
    attribute.map(|seconds| seconds.parse().expect("a number"))
}

// Fails when `set_max_age` takes what no session can have, or `Duration::MAX` panics.
#[test]
fn rule_30_security_25_impossible_lifetimes_of_one_session_are_refused() {
    let sessions = builder().build().expect("good options");
    let mut session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
    let longer = Duration::from_millis(1 << 48);
    for bad in [Duration::ZERO, Duration::from_nanos(999_999), longer, Duration::MAX] {
        assert_eq!(session.set_max_age(bad), Err(MaxAgeError), "{bad:?}");
    }
    assert_eq!(session.max_age(), MaxAge::Idle(days(1)), "a refused one changes nothing");
    assert_eq!(set_cookie(&sessions, session), None, "and causes no write");
    assert!(MaxAgeError.to_string().contains("`destroy()`"));
}

// Fails when the cookie asks for more than browsers give, or for less than the session has.
#[test]
fn rule_18_security_25_max_age_is_at_most_400_days() {
    let longest = Duration::from_millis((1 << 48) - 1);
    for (idle, absolute, expected) in [
        (days(1), days(30), 86_400),
        (days(30), days(1), 86_400),
        (days(400), days(500), 34_560_000),
        (days(401), days(500), 34_560_000),
        (longest, longest, 34_560_000),
        (Duration::from_millis(1), days(1), 1),
        (Duration::from_millis(1001), days(1), 2),
    ] {
        let sessions = builder().max_age(idle).absolute(absolute).build().expect("good options");
        assert_eq!(max_age(&first_cookie(&sessions)), Some(expected), "{idle:?} {absolute:?}");
    }
}

// Fails when a browser session's cookie stays, or when a configured one has another end.
#[test]
fn rule_30_a_browser_session_has_no_max_age_and_the_same_end() {
    let clock = ManualClock::default();
    let sessions = builder().browser_session().clock(clock.clone()).build().expect("good options");
    let cookie = first_cookie(&sessions);
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
    let request = brought(&cookie);
    clock.advance(days(1));
    let session = at_once(sessions.open(&request)).expect("no rejection");
    assert!(!session.is_new(), "alive at the very millisecond of expiry");
    assert_eq!(session.max_age(), MaxAge::Browser);
    clock.advance(Duration::from_millis(1));
    assert!(at_once(sessions.open(&request)).expect("no rejection").is_new(), "dead one later");
}

// Fails when the clock's jumps panic, or revive, or extend (security 24).
#[test]
fn security_24_the_clock_may_jump() {
    let clock = ManualClock::default();
    let begin = clock.ms();
    let sessions = builder().clock(clock.clone()).rolling().build().expect("good options");
    let request = brought(&first_cookie(&sessions));
    for (ms, alive) in [
        (0, false),
        (begin - 60_001, false),
        (begin - 60_000, true),
        (begin - 1, true),
        (begin, true),
        (begin + 86_400_000, true),
        (begin + 86_400_001, false),
        ((1 << 48) - 1, false),
        (u64::MAX / 1000, false),
    ] {
        clock.set(ms);
        let session = at_once(sessions.open(&request)).expect("no rejection");
        assert_eq!(!session.is_new(), alive, "at {ms}");
        let answer = set_cookie(&sessions, session);
        if alive && ms <= begin {
            assert_eq!(answer, None, "a clock that went back extends nothing, at {ms}");
        }
    }
}

/// A clock before 1970, or in the year 500 000.
struct Fixed(std::time::SystemTime);

impl session::Clock for Fixed {
    fn now(&self) -> std::time::SystemTime {
        self.0
    }
}

// Fails when a time that 48 bits can't hold panics or wraps.
#[test]
fn security_24_impossible_clocks_do_not_panic() {
    let epoch = std::time::UNIX_EPOCH;
    let far = seconds(15_000_000_000_000);
    for time in [epoch - seconds(1_000_000), epoch, epoch + far] {
        let sessions =
            SessionLayer::<Visit>::signed(keys()).clock(Fixed(time)).build().expect("good options");
        let cookie = first_cookie(&sessions);
        let session = at_once(sessions.open(&brought(&cookie))).expect("no rejection");
        assert_eq!(session.views, 1, "{time:?}");
    }
}

// Fails when a lifetime of one session's own is forgotten by the next request.
#[test]
fn rule_30_a_lifetime_of_its_own_persists_and_beats_the_configured_one() {
    let clock = ManualClock::default();
    let sessions = builder().clock(clock.clone()).build().expect("good options");
    let mut session = at_once(sessions.open(&HeaderMap::new())).expect("a blank session");
    session.set_max_age(days(7)).expect("a good lifetime");
    let cookie = set_cookie(&sessions, session).expect("a write");
    assert_eq!(max_age(&cookie), Some(7 * 86_400));
    clock.advance(days(6));
    let session = at_once(sessions.open(&brought(&cookie))).expect("no rejection");
    assert!(!session.is_new());
    assert_eq!(session.max_age(), MaxAge::Idle(days(7)));
    let renewed = set_cookie(&sessions, session).expect("less than half is left");
    assert_eq!(max_age(&renewed), Some(7 * 86_400), "and it is renewed by as much");
}

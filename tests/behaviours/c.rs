//! C, time.

use crate::home::{Does, Home, World};
use crate::state::{Handle, MS, Visit, new_and_views, visit};
use session::{Extend, Millis, Session, SessionLayer, TypedSession, days, hours, minutes};
use session_tests::{NAME, stored_site};
use std::time::Duration;

both_homes!(
    c_01_expired_is_a_new_session_an_event_and_no_row,
    c_02_alive_at_the_moment_dead_a_millisecond_later,
    c_03_rolling_extends_on_every_response,
    c_04_renew_with_strictly_less_than_half_left,
    c_06_an_absurd_expiry_is_not_for_ever,
);

async fn c_01_expired_is_a_new_session_an_event_and_no_row(home: Home) {
    let world = open!(home, Visit, |b| b.extend(Extend::Fixed));
    let cookie = world.guest(visit(5)).cookie;
    world.clock.advance(days(1) + MS);
    let reply = world.says(&cookie, new_and_views).await;
    assert_eq!(reply.body, "true 0");
    assert!(reply.removes());
    assert_eq!(world.events.take(), ["expired"]);
    world.costs(&["load", "delete"]);
    assert!(world.shelf.rows().is_empty());
    // However the client brings it back.
    for replayed in [
        cookie.clone(),
        format!("{cookie}; expires=Fri, 31 Dec 9999 23:59:59 GMT; {NAME}_maxAge=99999999"),
        format!("{cookie}; {cookie}"),
    ] {
        assert_eq!(world.says(&replayed, new_and_views).await.body, "true 0");
    }
}

#[derive(Session)]
struct Sudo {
    views: u64,
    #[session(ttl = "15m")]
    grant: Option<String>,
}

async fn c_02_alive_at_the_moment_dead_a_millisecond_later(home: Home) {
    for (world, end) in [
        (open!(home, Visit, |b| b.max_age(hours(2))), hours(2)),
        (open!(home, Visit, |b| b.max_age(hours(2)).absolute(hours(1))), hours(1)),
    ] {
        let cookie = world.guest(visit(5)).cookie;
        world.clock.advance(end);
        assert!(world.lives(&cookie), "at {end:?}");
        world.clock.advance(MS);
        assert!(!world.lives(&cookie), "after {end:?}");
    }
    let world = open!(home, Sudo, |b| b);
    let mut visitor = world.visitor();
    visitor.does(|s: &mut TypedSession<Sudo>| s.set_grant(Some("g".to_owned()))).await;
    world.clock.advance(minutes(15));
    assert!(visitor.state().grant.is_some());
    world.clock.advance(MS);
    assert!(visitor.state().grant.is_none() && !visitor.state().is_new());
}

async fn c_03_rolling_extends_on_every_response(home: Home) {
    let world = open!(home, Visit, |b| b.rolling());
    assert!(world.does("", |_| {}).await.is_silent(), "a new empty one gets nothing");
    world.costs(&[]);
    let mut visitor = world.guest(visit(1));
    for _ in 0..3 {
        world.clock.advance(MS);
        assert_eq!(visitor.does(|_| {}).await.attribute("Max-Age"), Some("86400"));
        world.costs(&["load", "touch"]);
        assert_eq!(world.news(), ["renewed"]);
    }
    world.clock.advance(MS);
    assert!(visitor.sends(async || "no use").await.is_silent());
    world.clock.advance(days(1) - MS);
    assert!(world.lives(&visitor.cookie));
    world.clock.advance(MS);
    assert!(!world.lives(&visitor.cookie));
}

async fn c_04_renew_with_strictly_less_than_half_left(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(visit(1));
    world.clock.advance(hours(12));
    assert!(visitor.does(|_| {}).await.is_silent(), "half is left");
    world.costs(&["load"]);
    world.clock.advance(MS);
    assert_eq!(visitor.does(|_| {}).await.attribute("Max-Age"), Some("86400"));
    world.costs(&["load", "touch"]);
    assert_eq!(world.news(), ["renewed"]);

    visitor.does(|s| s.set_max_age(minutes(10)).expect("possible")).await;
    world.clock.advance(minutes(5));
    assert!(visitor.does(|_| {}).await.is_silent(), "half of its own");
    world.clock.advance(MS);
    assert_eq!(visitor.does(|_| {}).await.attribute("Max-Age"), Some("600"));
}

/// Where a session may begin to be, and what is sent, step by step.
async fn schedule(world: &World<Visit>) -> Vec<(String, Option<String>)> {
    let mut visitor = world.guest(visit(1));
    let mut seen = Vec::new();
    let touch = |s: &mut Handle| s.is_new().to_string();
    let change = |s: &mut Handle| {
        s.views += 1;
        s.is_new().to_string()
    };
    for (advance, changes) in [
        (hours(1), true),
        (hours(4), false),
        (MS, false),
        (hours(5), true),
        (MS, false),
        (hours(9), true),
        (hours(1), false),
        (hours(10), false),
        (MS, false),
    ] {
        world.clock.advance(advance);
        let reply = visitor.says(if changes { change } else { touch }).await;
        let max_age = reply.attribute("Max-Age").map(str::to_owned);
        let revisions: Vec<_> =
            world.shelf.rows().iter().map(|(_, row)| row.revision.number()).collect();
        let calls = world.shelf.calls();
        if calls.contains(&"touch") {
            assert_eq!(calls, ["load", "touch"], "a touch, no rewrite: {revisions:?}");
        } else if !changes && world.stored() && reply.body == "false" {
            assert_eq!(calls, ["load"]);
        }
        seen.push((reply.body, max_age));
    }
    seen
}

#[tokio::test]
async fn c_05_renewal_is_the_same_in_both_homes_and_a_touch() {
    for extend in [Extend::Renew, Extend::Rolling, Extend::OnWrite, Extend::Fixed] {
        let mut seen = Vec::new();
        for home in [Home::Cookie, Home::Store] {
            let options =
                open!(home, Visit, |b| b.extend(extend).max_age(hours(10)).absolute(hours(100)));
            seen.push(schedule(&options).await);
        }
        for (step, (cookie, store)) in seen[0].iter().zip(&seen[1]).enumerate() {
            assert_eq!(cookie.0, store.0, "{extend:?}: who lives, in step {step}");
            if let (Some(cookie), Some(store)) = (&cookie.1, &store.1) {
                assert_eq!(cookie, store, "{extend:?}: what is sent, in step {step}");
            }
        }
    }
    // A touch leaves the revision; and a due renewal alone is one.
    let world = open!(Home::Store, Visit, |b| b.rolling());
    let mut visitor = world.guest(visit(1));
    world.clock.advance(MS);
    visitor.does(|_| {}).await;
    world.costs(&["load", "touch"]);
    assert_eq!(world.shelf.rows()[0].1.revision.number(), 1);
}

async fn c_06_an_absurd_expiry_is_not_for_ever(home: Home) {
    let world = open!(home, Visit, |b| b);
    let mut visitor = world.guest(visit(1));
    let absurd = |s: &mut Handle| {
        s.set_max_age(Duration::from_millis(Millis::MAX.ms())).expect("possible");
        assert!(s.set_max_age(Duration::MAX).is_err() && s.set_max_age(Duration::ZERO).is_err());
    };
    assert_eq!(visitor.does(absurd).await.attribute("Max-Age"), Some("2592000"), "absolute");
    world.clock.advance(days(30));
    assert!(world.lives(&visitor.cookie));
    world.clock.advance(MS);
    assert!(!world.lives(&visitor.cookie));
    if !world.stored() {
        return;
    }
    // Times in a row that nobody wrote so.
    for body in [0x00, 0xff] {
        let world = open!(home, Visit, |b| b);
        let cookie = world.guest(visit(1)).cookie;
        let (key, _) = world.shelf.rows()[0];
        world.shelf.scribble(&key, |record| record.body[50..62].fill(body));
        let reply = world.says(&cookie, new_and_views).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "true 0"), "{body}");
    }
}

// A store that keeps rows for a year: each of the two guards alone, with its own mutation.
#[tokio::test]
async fn c_07_never_usable_later_than_its_own_end() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.store_ttl(|_| days(365)));
    let cookie = site.cookie(visit(1));
    site.clock.advance(days(1));
    assert!(site.lives(&cookie));
    site.clock.advance(MS);
    assert!(!site.lives(&cookie));

    // The configured lifetime of today is shorter: only the times in the body say so.
    let cookie = site.cookie(visit(1));
    let short = site.beside(SessionLayer::<Visit>::stored(shelf).max_age(hours(1)));
    site.clock.advance(hours(1));
    assert!(short.lives(&cookie));
    site.clock.advance(MS);
    assert!(!short.lives(&cookie));
}

#[tokio::test]
async fn c_07_a_longer_configuration_revives_nobody() {
    // The configured lifetime of today is longer: only the row's own end says when it is over.
    let (site, shelf) =
        stored_site::<Visit, _>(|b| b.absolute(days(2)).max_age(days(5)).store_ttl(|_| days(365)));
    let cookie = site.cookie(visit(1));
    let long = site.beside(SessionLayer::<Visit>::stored(shelf).max_age(days(5)));
    site.clock.advance(days(2));
    assert!(long.lives(&cookie));
    site.clock.advance(MS);
    assert!(!long.lives(&cookie));
}

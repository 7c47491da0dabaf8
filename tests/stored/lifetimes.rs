//! Rule 30: life and death by the layer's clock, and what that costs in the store.

use crate::race::{elsewhere, meanwhile};
use crate::state::{Handle, Visit, VisitIndexes, visit};
use session::{Extend, MaxAge, SessionLayer, days, hours, minutes, seconds};
use session_tests::{Visitor, stored_site};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

async fn reads(visitor: &mut Visitor<'_, Visit>) -> session_tests::Reply {
    visitor.sends(async |s: Handle| s.is_new().to_string()).await
}

// Fails when a session dies at the very millisecond of its end, or lives one longer, or its row
// stays.
#[tokio::test]
async fn rule_30_c_1_c_2_alive_at_the_end_and_dead_a_millisecond_later() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.extend(Extend::Fixed));
    let mut visitor = site.visitor_with(visit(1));
    site.clock.advance(days(1));
    assert_eq!(reads(&mut visitor).await.body, "false");
    site.clock.advance(MS);
    shelf.calls();
    site.events.take();
    let reply = reads(&mut visitor).await;
    assert_eq!((&*reply.body, reply.removes()), ("true", true));
    assert_eq!(site.events.take(), ["expired"]);
    assert_eq!(shelf.calls(), ["load", "delete"]);
    assert!(shelf.rows().is_empty());
    assert_eq!(shelf.remembered(), [Duration::ZERO]);
}

// Fails when an expired session can be used because its row could not be deleted.
#[tokio::test]
async fn security_26_an_expired_row_that_stays_is_as_good_as_none() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(Visit { user: Some("ann".into()), ..visit(1) });
    let handle = site.state(&cookie).id().expect("a handle");
    site.clock.advance(days(1) + MS);
    shelf.fail(session_tests::Fault::Before("delete"));
    for _ in 0..2 {
        let reply = site.run(&cookie, async |mut s: Handle| s.views = 9).await;
        assert!(reply.seals(), "a new one");
    }
    shelf.calm();
    let sessions = site.layer.sessions();
    assert!(sessions.get(handle).await.expect("it answers").is_none());
    assert!(!sessions.end(handle).await.expect("it answers"));
    assert_eq!(sessions.by_user("ann").count().await.expect("it answers"), 0);
}

// Fails when `renew` extends with half left, does not with less, or by anything but one touch.
#[tokio::test]
async fn rule_30_c_4_c_5_renew_is_one_touch_with_strictly_less_than_half_left() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    site.clock.advance(hours(12));
    shelf.calls();
    assert!(reads(&mut visitor).await.is_silent());
    assert_eq!(shelf.calls(), ["load"]);
    site.clock.advance(MS);
    site.events.take();
    let revision = shelf.rows()[0].1.revision;
    let reply = reads(&mut visitor).await;
    assert!(reply.seals());
    assert_eq!(reply.attribute("Max-Age"), Some("86400"));
    assert_eq!(shelf.calls(), ["load", "touch"]);
    assert_eq!(site.events.take(), ["loaded", "renewed"]);
    assert_eq!(shelf.rows()[0].1.revision, revision);
    site.clock.advance(days(1));
    assert_eq!(reads(&mut visitor).await.body, "false");
}

// Fails when `rolling` does not extend every use, extends a new empty session, or writes the content.
#[tokio::test]
async fn rule_30_c_3_rolling_extends_every_use() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.rolling());
    let mut visitor = site.visitor();
    assert!(reads(&mut visitor).await.is_silent());
    assert!(shelf.calls().is_empty());
    let mut visitor = site.visitor_with(visit(1));
    shelf.calls();
    for _ in 0..3 {
        site.clock.advance(MS);
        assert!(reads(&mut visitor).await.seals());
        assert_eq!(shelf.calls(), ["load", "touch"]);
    }
}

// Fails when a write does not extend under `on_write`, or a read does, or `fixed` ever.
#[tokio::test]
async fn rule_30_on_write_and_fixed() {
    for (extend, extends) in [(Extend::OnWrite, true), (Extend::Fixed, false)] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b.extend(extend));
        let mut visitor = site.visitor_with(visit(1));
        site.clock.advance(hours(20));
        shelf.calls();
        assert!(reads(&mut visitor).await.is_silent());
        let reply = visitor.sends(async |mut s: Handle| s.views += 1).await;
        assert_eq!(reply.seals(), extends);
        assert_eq!(shelf.calls(), ["load", "load", "update"]);
        site.clock.advance(hours(20));
        assert_eq!(reads(&mut visitor).await.body, (!extends).to_string());
    }
}

// Fails when a due renewal and a change are two writes.
#[tokio::test]
async fn rule_26_a_change_with_a_due_renewal_is_one_write_and_a_cookie() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    site.clock.advance(hours(13));
    shelf.calls();
    let reply = visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert!(reply.seals());
    assert_eq!(shelf.calls(), ["load", "update"]);
    site.clock.advance(days(1));
    assert_eq!(visitor.state().views, 2);
}

// Fails when anything but a login moves the absolute end, or a login does not.
#[tokio::test]
async fn rule_30_security_23_only_a_login_moves_the_absolute_end() {
    let (site, _) = stored_site::<Visit, _>(|b| b.rolling().absolute(days(3)));
    let mut visitor = site.visitor_with(visit(1));
    for n in 0..6 {
        site.clock.advance(hours(12));
        let reply = visitor
            .sends(async move |mut s: Handle| {
                s.rotate();
                s.views = n + 2;
            })
            .await;
        assert!(reply.seals());
    }
    let reply = reads(&mut visitor).await;
    assert!(reply.is_silent(), "no end moves");
    site.clock.advance(MS);
    assert_eq!(reads(&mut visitor).await.body, "true");

    let again = async |mut s: Handle| s.reauthenticated();
    let login = async |mut s: Handle| s.user = Some("ann".into());
    let mut visitor = site.visitor_with(visit(1));
    for round in 0..2 {
        for _ in 0..5 {
            site.clock.advance(hours(12));
            assert_eq!(reads(&mut visitor).await.body, "false");
        }
        let reply =
            if round == 0 { visitor.sends(login).await } else { visitor.sends(again).await };
        assert_eq!(reply.attribute("Max-Age"), Some("86400"));
    }
    assert_eq!(visitor.state().views, 1);
}

// Fails when a lifetime of its own is not persisted, moves others, or is shortened by the
// configured one.
#[tokio::test]
async fn rule_30_b_12_b_13_a_lifetime_of_its_own_persists_and_is_this_sessions_only() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let mut other = site.visitor_with(visit(2));
    shelf.calls();
    let reply = visitor.sends(async |mut s: Handle| s.set_max_age(days(7)).expect("good")).await;
    assert_eq!(reply.attribute("Max-Age"), Some("604800"));
    assert_eq!(shelf.calls(), ["load", "update"]);
    let shown = |s: Handle| format!("{:?}", s.max_age());
    let reply = visitor.sends(async move |s: Handle| shown(s)).await;
    assert_eq!(reply.body, format!("{:?}", MaxAge::Idle(days(7))));
    site.clock.advance(days(3));
    let reply = visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert!(reply.is_silent());
    assert_eq!(reads(&mut other).await.body, "true");
    site.clock.advance(days(4));
    assert_eq!(reads(&mut visitor).await.body, "false");
    site.clock.advance(days(7) + MS);
    assert_eq!(reads(&mut visitor).await.body, "true");
}

// Fails when a browser session gains a Max-Age, or lives for ever on the server.
#[tokio::test]
async fn b_14_a_browser_session_never_gains_a_max_age() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.browser_session());
    let mut visitor = site.visitor();
    for n in 0..4 {
        let reply = visitor
            .sends(async move |mut s: Handle| {
                s.views = n + 1;
                s.rotate();
            })
            .await;
        assert!(reply.seals());
        let line = reply.line().expect("a cookie");
        assert!(!line.contains("Max-Age") && !line.contains("Expires"), "{line}");
        site.clock.advance(hours(13));
    }
    assert!(shelf.leases().iter().all(|(_, lease)| lease.keep <= days(1) + minutes(1)));
    site.clock.advance(days(1));
    assert_eq!(reads(&mut visitor).await.body, "true");
}

// Fails when a browser session has another idle lifetime than the one that was set, in the row or by the
// engine.
#[tokio::test]
async fn a_02_a_04_a_browser_session_keeps_the_idle_lifetime() {
    let (site, shelf) =
        stored_site::<Visit, _>(|b| b.max_age(hours(2)).browser_session().extend(Extend::Fixed));
    let mut visitor = site.visitor();
    let reply = visitor.sends(async |mut s: Handle| s.views = 1).await;
    assert_eq!(reply.attribute("Max-Age"), None);
    let keeps: Vec<_> = shelf.leases().iter().map(|(_, lease)| lease.keep).collect();
    assert_eq!(keeps, [hours(2) + seconds(10)]);
    site.clock.advance(hours(2));
    assert!(site.lives(&visitor.cookie));
    site.clock.advance(MS);
    assert!(!site.lives(&visitor.cookie));
}

// Fails when a session that was made a browser session, or none, does not stay one.
#[tokio::test]
async fn rule_30_a_browser_session_by_set_max_age_stays_one() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    let browser = async |mut s: Handle| s.set_max_age(MaxAge::Browser).expect("good");
    let reply = visitor.sends(browser).await;
    assert_eq!((reply.seals(), reply.attribute("Max-Age")), (true, None));
    let reply = visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert_eq!((reply.seals(), reply.attribute("Max-Age")), (true, None));
}

// Fails when a touch undoes a shorter lifetime that was set meanwhile, or an update does.
#[tokio::test]
async fn rule_30_a_shorter_lifetime_is_not_undone_by_what_comes_late() {
    for call in ["touch", "update"] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        site.clock.advance(hours(13));
        meanwhile(&site, &shelf, call, &cookie, |s| s.set_max_age(minutes(5)).expect("good"));
        let write = call == "update";
        site.run(&cookie, async move |mut s: Handle| {
            if write {
                s.views = 9;
            }
        })
        .await;
        assert!(site.lives(&cookie));
        site.clock.advance(minutes(5) + MS);
        assert!(!site.lives(&cookie), "{call}");
    }
}

// Fails when a write undoes an extension that came between.
#[tokio::test]
async fn rule_22_an_update_keeps_the_later_end_of_a_touch() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let cookie = site.cookie(visit(1));
    let (clock, layer, other) = (site.clock.clone(), site.layer.clone(), cookie.clone());
    shelf.before("update", move |_| {
        clock.advance(hours(13));
        elsewhere(&layer, &other, |_| ()).expect("touched");
    });
    site.run(&cookie, async |mut s: Handle| s.views = 2).await;
    site.clock.advance(hours(23));
    assert_eq!(site.state(&cookie).views, 2);
}

// Fails when a touch that comes late says anything but nothing, or brings an ended session back.
#[tokio::test]
async fn rule_30_a_touch_that_comes_late_does_nothing() {
    for end in [true, false] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b);
        let cookie = site.cookie(visit(1));
        site.clock.advance(hours(13));
        meanwhile(&site, &shelf, "touch", &cookie, move |s| {
            if end {
                s.destroy();
            } else {
                s.rotate();
            }
        });
        let reply = site.run(&cookie, async |_: Handle| ()).await;
        assert_eq!(reply.status, 200);
        assert!(reply.is_silent());
        assert_eq!(shelf.rows().len(), usize::from(!end));
        assert!(!site.lives(&cookie));
    }
}

// Fails when a shortened lifetime holds only for new sessions, or a lengthened one brings dead ones
// back.
#[tokio::test]
async fn rule_30_a_shortened_max_age_holds_at_once_and_a_longer_one_revives_nobody() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b);
    let shorter = site.beside(SessionLayer::<Visit>::stored(shelf.clone()).max_age(hours(6)));
    let longer = site.beside(SessionLayer::<Visit>::stored(shelf.clone()).max_age(days(6)));
    let cookie = site.cookie(visit(1));
    site.clock.advance(hours(6) + MS);
    assert!(site.lives(&cookie));
    assert!(!shorter.lives(&cookie));
    let cookie = site.cookie(visit(1));
    site.clock.advance(days(1) + MS);
    assert!(!longer.lives(&cookie));
    let cookie = site.cookie(visit(1));
    site.clock.advance(days(1));
    let reply = longer.run(&cookie, async |_: Handle| ()).await;
    assert_eq!(reply.attribute("Max-Age"), Some("518400"));
    site.clock.advance(days(6));
    assert!(longer.lives(&cookie));
}

// Fails when sessions that began under a longer lifetime can't be extended any more: their users are
// logged out however active they are.
#[tokio::test]
async fn rule_30_after_a_shortened_max_age_active_sessions_are_still_extended() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.max_age(days(10)));
    let shorter = site.beside(SessionLayer::<Visit>::stored(shelf.clone()).max_age(days(1)));
    for write in [false, true] {
        let cookie = site.cookie(visit(1));
        for n in 0..4 {
            site.clock.advance(hours(16));
            let reply = shorter
                .run(&cookie, async move |mut s: Handle| {
                    if write {
                        s.views = n + 2;
                    }
                    s.is_new().to_string()
                })
                .await;
            assert_eq!(reply.body, "false", "use {n}, write: {write}");
            assert!(reply.seals());
        }
    }
}

// Fails when a clock that goes back kills, extends or panics; or when a session from the future beyond
// a minute lives.
#[tokio::test]
async fn security_24_a_clock_that_jumps() {
    let (site, _) = stored_site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit(1));
    site.clock.rewind(seconds(60));
    let reply = visitor.sends(async |mut s: Handle| s.views += 1).await;
    assert_eq!((reply.status.as_u16(), visitor.state().views), (200, 2));
    let reply = visitor.sends(async |mut s: Handle| s.rotate()).await;
    assert!(reply.seals());
    site.clock.rewind(seconds(2));
    site.events.take();
    let reply = reads(&mut visitor).await;
    assert_eq!((&*reply.body, reply.removes()), ("true", true));
    assert_eq!(site.events.take(), ["invalid"]);
    site.clock.set(0);
    let mut visitor = site.visitor();
    assert!(visitor.sends(async |mut s: Handle| s.views += 1).await.seals());
}

// Fails when an active session dies: whatever the gaps of its uses, as long as each is shorter than
// half of the idle lifetime.
#[tokio::test]
async fn security_27_an_active_session_never_dies_early() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.absolute(days(400)));
    let mut visitor = site.visitor_with(visit(1));
    let mut seed = 7_u64;
    for _ in 0..300 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        site.clock.advance(Duration::from_millis((seed >> 33) % (12 * 3_600_000)));
        assert_eq!(reads(&mut visitor).await.body, "false");
    }
    let touches = shelf.calls().iter().filter(|call| **call == "touch").count();
    assert!(touches < 200, "throttled: {touches}");
}

// Fails when the row's own lifetime is shorter than the session's, does not follow `store_ttl`, or is
// zero.
#[tokio::test]
async fn rule_22_e_11_store_ttl_is_the_engines_lifetime_only() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.max_age(Duration::from_millis(1500)));
    let _ = site.cookie(visit(1));
    let keep = shelf.leases()[0].1.keep;
    assert!(keep >= Duration::from_millis(1500) && keep < minutes(1));
    for fixed in [Duration::ZERO, days(90)] {
        let (site, shelf) = stored_site::<Visit, _>(|b| b.store_ttl(move |_| fixed));
        let mut visitor = site.visitor_with(visit(1));
        site.clock.advance(hours(13));
        reads(&mut visitor).await;
        visitor.sends(async |mut s: Handle| s.views += 1).await;
        for (call, lease) in shelf.leases() {
            assert_eq!(lease.keep, fixed.max(MS), "{call}");
        }
        site.clock.advance(days(1) + MS);
        assert_eq!(reads(&mut visitor).await.body, "true", "it ends when it ends");
    }
}

// Fails when a server error renews.
#[tokio::test]
async fn rule_11_no_renewal_on_a_server_error() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.rolling());
    let cookie = site.cookie(visit(1));
    site.clock.advance(hours(1));
    shelf.calls();
    let fails = async |_: Handle| http::StatusCode::BAD_GATEWAY;
    let reply = site.run(&cookie, fails).await;
    assert!(reply.is_silent());
    assert_eq!(shelf.calls(), ["load"]);
}

// Fails when of two writes that both extend, the one that began earlier and wrote later shortens what
// the other gave.
#[tokio::test]
async fn rule_22_an_update_keeps_the_later_end_under_on_write_too() {
    let (site, shelf) = stored_site::<Visit, _>(|b| b.extend(Extend::OnWrite));
    let cookie = site.cookie(visit(1));
    let (clock, layer, other) = (site.clock.clone(), site.layer.clone(), cookie.clone());
    shelf.before("update", move |_| {
        clock.advance(hours(1));
        elsewhere(&layer, &other, |s| s.hits = 1).expect("written");
    });
    let reply = site.run(&cookie, async |mut s: Handle| s.views = 2).await;
    assert_eq!(reply.status, 200);
    site.clock.advance(days(1));
    let s = site.state(&cookie);
    assert_eq!((s.is_new(), s.views, s.hits), (false, 2, 1));
}

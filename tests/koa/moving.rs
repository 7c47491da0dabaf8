//! Moving over: theirs is read once, ours is written, theirs is removed.

use super::cookies::at;
use super::support::{DAY, Jar, NOW, Visit, theirs};
use session::{SessionLayer, TypedSession, days};
use session_tests::{Shelf, Site, ring, site_of};
use std::time::{Duration, SystemTime};

const OURS: &str = "__Host-session";
const PAYLOAD: &str = r#"{"views":1,"user":"alice","_expire":1700086400000,"_maxAge":86400000}"#;

fn until() -> session::compat::koa::Moving {
    theirs().accept_until(SystemTime::UNIX_EPOCH + Duration::from_millis(NOW + 14 * DAY))
}

fn cookie_site() -> Site<Visit> {
    let site = site_of(SessionLayer::<Visit>::signed(ring("k")).moving_from(until()));
    at(&site.clock, NOW);
    site
}

fn stored_site() -> (Site<Visit>, Shelf) {
    let shelf = Shelf::default();
    let site = site_of(SessionLayer::<Visit>::stored(shelf.clone()).moving_from(until()));
    at(&site.clock, NOW);
    (site, shelf)
}

async fn read(session: TypedSession<Visit>) -> String {
    format!("{} {:?} {}", session.views, session.user, session.is_new())
}

#[tokio::test]
async fn a_session_of_theirs_goes_on_as_one_of_ours_in_a_cookie() {
    moves_over(&cookie_site()).await;
}

#[tokio::test]
async fn a_session_of_theirs_goes_on_as_one_of_ours_in_a_store() {
    moves_over(&stored_site().0).await;
}

async fn moves_over(site: &Site<Visit>) {
    for key in ["key-new-2023", "key-old-2022"] {
        let mut jar = Jar::of_koa(PAYLOAD, key);
        // Reading is enough.
        let reply = jar.sends(site, read).await;
        assert_eq!(reply.body, r#"1 Some("alice") false"#);
        assert_eq!(reply.set_cookies().len(), 3, "{:?}", reply.set_cookies());
        assert_eq!(jar.0.keys().collect::<Vec<_>>(), [OURS], "theirs is gone");
        let reply = jar.sends(site, read).await;
        assert_eq!(reply.body, r#"1 Some("alice") false"#);
        assert!(reply.set_cookies().is_empty(), "{:?}", reply.set_cookies());
    }
}

#[tokio::test]
async fn who_does_not_ask_for_the_session_moves_nothing() {
    let (site, shelf) = stored_site();
    let reply = Jar::of_koa(PAYLOAD, "key-new-2023").sends(&site, || async { "hello" }).await;
    assert!(reply.set_cookies().is_empty());
    assert_eq!(shelf.rows().len(), 0);
}

#[tokio::test]
async fn a_bad_or_expired_one_of_ours_never_falls_back_to_theirs() {
    let site = cookie_site();
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    let expired = site.cookie(Visit { views: 5, user: None, note: None });
    let expired = expired.split_once('=').unwrap().1.to_owned();
    at(&site.clock, NOW + DAY / 2);
    for bad in ["bad".to_owned(), expired.replace('A', "B"), String::new()] {
        jar.0.insert(OURS.into(), bad.clone());
        let body = jar.clone().sends(&site, read).await.body;
        assert_eq!(body, "0 None true", "{bad}");
    }
    // It counts while it is good, and is over when it is over.
    jar.0.insert(OURS.into(), expired);
    assert_eq!(jar.clone().sends(&site, read).await.body, "5 None false");
    let mut fresh =
        Jar::of_koa(r#"{"views":1,"_expire":1700259200000,"_maxAge":86400000}"#, "key-new-2023");
    fresh.0.insert(OURS.into(), jar.0[OURS].clone());
    at(&site.clock, NOW + DAY + 1);
    assert_eq!(fresh.sends(&site, read).await.body, "0 None true");
}

#[tokio::test]
async fn theirs_is_accepted_until_the_date_and_no_longer() {
    for (now, is_new) in [(NOW + 14 * DAY, false), (NOW + 14 * DAY + 1, true)] {
        for payload in [r#"{"views":3,"_session":true}"#.to_owned(), living(now)] {
            let site = cookie_site();
            at(&site.clock, now);
            let mut jar = Jar::of_koa(&payload, "key-new-2023");
            let body = jar.sends(&site, read).await.body;
            assert_eq!(body.ends_with("true"), is_new, "{payload} at {now}: {body}");
        }
    }
}

fn living(now: u64) -> String {
    format!(r#"{{"views":3,"_expire":{},"_maxAge":86400000}}"#, now + 1000)
}

#[tokio::test]
async fn the_absolute_lifetime_counts_from_when_node_wrote_it() {
    // Written a day ago, with a week to live.
    let payload = format!(r#"{{"views":3,"_expire":{},"_maxAge":{}}}"#, NOW + 6 * DAY, 7 * DAY);
    let site =
        site_of(SessionLayer::<Visit>::signed(ring("k")).moving_from(until()).absolute(days(2)));
    at(&site.clock, NOW);
    let mut jar = Jar::of_koa(&payload, "key-new-2023");
    jar.sends(&site, read).await;
    at(&site.clock, NOW + DAY);
    assert_eq!(jar.sends(&site, read).await.body, "3 None false");
    at(&site.clock, NOW + DAY + 1);
    assert_eq!(jar.sends(&site, read).await.body, "0 None true");
}

#[tokio::test]
async fn issued_in_the_future_is_none() {
    let site = cookie_site();
    let payload = format!(r#"{{"views":3,"_expire":{},"_maxAge":1000}}"#, NOW + 10 * DAY);
    let body = Jar::of_koa(&payload, "key-new-2023").sends(&site, read).await.body;
    assert_eq!(body, "0 None true");
}

#[tokio::test]
async fn a_failed_request_moves_nothing_and_the_next_one_does() {
    let (site, shelf) = stored_site();
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    let reply = jar
        .sends(&site, |session: TypedSession<Visit>| async move {
            drop(session);
            http::StatusCode::INTERNAL_SERVER_ERROR
        })
        .await;
    assert!(reply.set_cookies().is_empty(), "{:?}", reply.set_cookies());
    assert_eq!(shelf.rows().len(), 0);
    jar.sends(&site, read).await;
    assert_eq!(jar.0.keys().collect::<Vec<_>>(), [OURS]);
    assert_eq!(shelf.rows().len(), 1);
}

#[tokio::test]
async fn ending_ends_theirs_too() {
    let (site, shelf) = stored_site();
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    jar.sends(&site, |mut session: TypedSession<Visit>| async move { session.destroy() }).await;
    assert!(jar.0.is_empty(), "{jar:?}");
    assert_eq!(shelf.rows().len(), 0);
    // Also when ours is there as well: else the logout would bring theirs back.
    let site = cookie_site();
    let ours = site.cookie(Visit { views: 5, user: None, note: None });
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    jar.0.insert(OURS.into(), ours.split_once('=').unwrap().1.into());
    jar.sends(&site, |mut session: TypedSession<Visit>| async move { session.destroy() }).await;
    assert!(jar.0.is_empty(), "{jar:?}");
}

#[tokio::test]
async fn a_token_of_theirs_is_none_of_ours_nor_the_other_way_round() {
    let key = "k".repeat(32);
    let koa = session::compat::koa::KoaKeys::sha256([&key]).unwrap();
    let theirs = session::compat::koa::KoaCookies::new(koa).name("same");
    let site = site_of(SessionLayer::<Visit>::koa(theirs)).named("same");
    let mine = site_of(SessionLayer::<Visit>::signed(ring("k")).name("same")).named("same");
    let mut ours = Jar::default();
    ours.sends(&mine, |mut session: TypedSession<Visit>| async move { session.views = 1 }).await;
    let mut koas = Jar::default();
    koas.sends(&site, |mut session: TypedSession<Visit>| async move { session.views = 1 }).await;
    assert!(ours.sends(&site, read).await.body.ends_with("true"));
    assert!(koas.sends(&mine, read).await.body.ends_with("true"));
}

//! Side by side: their cookies are read and written.

use super::support::{DAY, Jar, NOW, Visit, theirs};
use session::testing::ManualClock;
use session::{SessionLayer, TypedSession};
use session_tests::{Site, site_of};
use std::time::{Duration, SystemTime};

fn site() -> Site<Visit> {
    let site = site_of(SessionLayer::<Visit>::koa(theirs())).named("koa.sess");
    at(&site.clock, NOW);
    site
}

pub fn at(clock: &ManualClock, ms: u64) {
    clock.set(ms);
}

const PAYLOAD: &str = r#"{"views":1,"user":"alice","_expire":1700086400000,"_maxAge":86400000}"#;
const VECTOR: &str =
    "eyJ2aWV3cyI6MSwidXNlciI6ImFsaWNlIiwiX2V4cGlyZSI6MTcwMDA4NjQwMDAwMCwiX21heEFnZSI6ODY0MDAwMDB9";

async fn read(session: TypedSession<Visit>) -> String {
    format!("{} {:?} {}", session.views, session.user, session.is_new())
}

async fn count(mut session: TypedSession<Visit>) -> String {
    session.views += 1;
    session.views.to_string()
}

#[tokio::test]
async fn vector_a_is_read_and_left_alone() {
    let site = site();
    let mut jar =
        Jar::with(&[("koa.sess", VECTOR), ("koa.sess.sig", "765PdgrmC6Vbyoe6YAoS7DXl1Ns")]);
    let reply = jar.sends(&site, read).await;
    assert_eq!(reply.body, r#"1 Some("alice") false"#);
    assert!(reply.set_cookies().is_empty(), "{:?}", reply.set_cookies());
}

#[tokio::test]
async fn vector_a_under_the_older_key_is_signed_anew_with_all_attributes() {
    let site = site();
    let mut jar =
        Jar::with(&[("koa.sess", VECTOR), ("koa.sess.sig", "1vSHObC6-w7BJsykf1tpObkc-FY")]);
    let reply = jar.sends(&site, read).await;
    assert_eq!(reply.body, r#"1 Some("alice") false"#);
    assert_eq!(
        reply.set_cookies(),
        [
            format!("koa.sess={VECTOR}; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax"),
            "koa.sess.sig=765PdgrmC6Vbyoe6YAoS7DXl1Ns; Max-Age=86400; Path=/; Secure; HttpOnly; \
             SameSite=Lax"
                .to_owned(),
        ]
    );
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("vary"), "Cookie");
}

#[tokio::test]
async fn what_is_written_is_koas_own_to_the_byte() {
    let site = site();
    let mut jar = Jar::default();
    jar.sends(&site, |mut session: TypedSession<Visit>| async move {
        (session.views, session.user) = (1, Some("alice".into()));
    })
    .await;
    // `note` is null, where koa would leave it out.
    assert_eq!(
        jar.payload(),
        r#"{"views":1,"user":"alice","note":null,"_expire":1700086400000,"_maxAge":86400000}"#
    );
    assert_eq!(jar.sends(&site, read).await.body, r#"1 Some("alice") false"#);
}

#[tokio::test]
async fn the_end_is_koas_valid_at_the_very_millisecond() {
    for (now, is_new) in [(NOW + DAY, "false"), (NOW + DAY + 1, "true")] {
        let site = site();
        at(&site.clock, now);
        let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
        let reply = jar.sends(&site, read).await;
        assert!(reply.body.ends_with(is_new), "{now}: {}", reply.body);
        assert_eq!(jar.0.is_empty(), is_new == "true", "a dead one is removed: {jar:?}");
    }
}

#[tokio::test]
async fn a_write_moves_the_end_and_keeps_what_the_struct_does_not_know() {
    let site = site();
    let payload = r#"{"cart":[1,{"n":9007199254740993}],"views":1,"_expire":1700086400000,"_maxAge":86400000}"#;
    let mut jar = Jar::of_koa(payload, "key-new-2023");
    at(&site.clock, NOW + 5);
    jar.sends(&site, count).await;
    assert_eq!(
        jar.payload(),
        r#"{"views":2,"user":null,"note":null,"cart":[1,{"n":9007199254740993}],"_expire":1700086400005,"_maxAge":86400000}"#
    );
}

#[tokio::test]
async fn a_lifetime_of_its_own_and_browser_sessions_stay_what_they_are() {
    let site = site();
    let mut jar =
        Jar::of_koa(r#"{"views":1,"_expire":1700003600000,"_maxAge":3600000}"#, "key-new-2023");
    jar.sends(&site, count).await;
    assert!(jar.payload().ends_with(r#""_expire":1700003600000,"_maxAge":3600000}"#));
    let mut jar = Jar::of_koa(r#"{"views":3,"_session":true}"#, "key-new-2023");
    let reply = jar.sends(&site, count).await;
    assert_eq!(jar.payload(), r#"{"views":4,"user":null,"note":null,"_session":true}"#);
    assert!(!reply.header("set-cookie").contains("Max-Age"), "{}", reply.header("set-cookie"));
    jar.sends(&site, |mut session: TypedSession<Visit>| async move {
        session.set_max_age(Duration::from_millis(60_000)).unwrap();
    })
    .await;
    assert!(jar.payload().ends_with(r#""_expire":1700000060000,"_maxAge":60000}"#));
}

#[tokio::test]
async fn destroying_removes_both_cookies() {
    let site = site();
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    let reply =
        jar.sends(&site, |mut session: TypedSession<Visit>| async move { session.destroy() });
    let reply = reply.await;
    assert_eq!(reply.set_cookies().len(), 2, "{:?}", reply.set_cookies());
    assert!(jar.0.is_empty(), "{jar:?}");
}

#[tokio::test]
async fn a_failed_request_leaves_the_session_as_it_was() {
    let site = site();
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    let reply = jar
        .sends(&site, |mut session: TypedSession<Visit>| async move {
            session.views = 9;
            http::StatusCode::INTERNAL_SERVER_ERROR
        })
        .await;
    assert!(reply.set_cookies().is_empty(), "{:?}", reply.set_cookies());
}

#[tokio::test]
async fn an_explicit_commit_is_sent() {
    let site = site();
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    jar.sends(&site, |mut session: TypedSession<Visit>| async move {
        session.views = 7;
        session.commit().await.unwrap();
        http::StatusCode::INTERNAL_SERVER_ERROR
    })
    .await;
    assert!(jar.payload().starts_with(r#"{"views":7,"user":"alice""#), "{}", jar.payload());
}

#[tokio::test]
async fn a_session_too_large_for_a_cookie_is_an_error_that_names_the_field() {
    let site = site();
    let mut jar = Jar::of_koa(PAYLOAD, "key-new-2023");
    let reply = jar
        .sends(&site, |mut session: TypedSession<Visit>| async move {
            session.note = Some("x".repeat(6000));
        })
        .await;
    assert_eq!(reply.status, 500);
    assert!(reply.set_cookies().is_empty());
    assert!(reply.error.unwrap().to_string().contains("`note`"));
    assert_eq!(site.events.take().last().unwrap(), "too_large(note)");
}

#[test]
fn what_koa_can_not_hold_is_refused_when_built() {
    #[derive(session::Session)]
    struct Odd {
        #[session(rename = "_user")]
        user: String,
    }
    let error = SessionLayer::<Odd>::koa(theirs()).build().unwrap_err();
    assert_eq!(error, session::BuildError::Reserved { field: "_user" });
    #[derive(session::Session)]
    struct Short {
        #[session(ttl = "1m")]
        sudo: bool,
    }
    let error = SessionLayer::<Short>::koa(theirs()).build().unwrap_err();
    assert_eq!(error, session::BuildError::FieldTtl { field: "sudo" });
    let error =
        SessionLayer::<Visit>::koa(theirs()).codec(session::Json::default()).build().unwrap_err();
    assert_eq!(error, session::BuildError::Foreign { option: "codec" });
    let until = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW);
    let error = SessionLayer::<Visit>::signed(session_tests::ring("k"))
        .moving_from(theirs().accept_until(until))
        .codec(session::Json::default())
        .build()
        .unwrap_err();
    assert_eq!(error, session::BuildError::Foreign { option: "codec" });
}

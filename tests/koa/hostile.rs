//! Payloads that were meant to hurt: a new session, or plain data.

use super::cookies::at;
use super::support::{Jar, NOW, Visit, sign, theirs};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use session::{SessionLayer, TypedSession};
use session_tests::{Site, ring, site_of};
use std::time::{Duration, SystemTime};

fn sites() -> [Site<Visit>; 2] {
    let until = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW * 2);
    let moving = theirs().accept_until(until);
    let sites = [
        site_of(SessionLayer::<Visit>::koa(theirs())),
        site_of(SessionLayer::<Visit>::signed(ring("k")).moving_from(moving)),
    ];
    sites.iter().for_each(|site| at(&site.clock, NOW));
    sites
}

async fn read(session: TypedSession<Visit>) -> String {
    format!("{} {:?} {}", session.views, session.note, session.is_new())
}

async fn write(mut session: TypedSession<Visit>) -> String {
    session.note = Some("written".into());
    format!("{} {}", session.views, session.is_new())
}

const BLANK: &str = "0 None true";

/// Each is signed with the right key.
const NO_SESSIONS: [&str; 17] = [
    "null",
    "[]",
    "[1,2]",
    "\"text\"",
    "5",
    "true",
    "",
    "{",
    "{}",
    r#"{"views":1}"#,
    r#"{"views":1,"_expire":"1900000000000","_maxAge":86400000}"#,
    r#"{"views":1,"_expire":null}"#,
    r#"{"views":1,"_expire":1e400}"#,
    r#"{"views":1,"_session":"true"}"#,
    r#"{"views":1,"_expire":1699999999999,"_session":true}"#,
    r#"{"views":"many","_session":true}"#,
    "{\"views\":1,\"_session\":true}}",
];

#[tokio::test]
async fn what_is_no_session_is_a_new_one_and_can_be_written() {
    for site in sites() {
        for payload in NO_SESSIONS {
            let mut jar = Jar::of_koa(payload, "key-new-2023");
            let reply = jar.clone().sends(&site, read).await;
            assert_eq!((reply.status.as_u16(), &*reply.body), (200, BLANK), "{payload}");
            let reply = jar.sends(&site, write).await;
            assert_eq!((reply.status.as_u16(), &*reply.body), (200, "0 true"), "{payload}");
            assert_eq!(jar.sends(&site, read).await.body, "0 Some(\"written\") false", "{payload}");
        }
    }
}

#[tokio::test]
async fn keys_with_a_meaning_in_javascript_are_none_here() {
    let payload = r#"{"__proto__":{"views":9},"_requireSave":true,"maxAge":1,"isNew":true,"toJSON":1,"length":3,"constructor":{"x":1},"views":1,"_session":true}"#;
    for site in sites() {
        let mut jar = Jar::of_koa(payload, "key-new-2023");
        assert_eq!(jar.sends(&site, read).await.body, "1 None false");
        jar.sends(&site, write).await;
        assert_eq!(jar.sends(&site, read).await.body, "1 Some(\"written\") false");
        if jar.0.contains_key("koa.sess") {
            let payload = jar.payload();
            for hurting in ["__proto__", "_requireSave", "maxAge", "isNew", "toJSON", "length"] {
                assert!(!payload.contains(&format!("\"{hurting}\"")), "{hurting} in {payload}");
            }
            assert!(payload.contains(r#""constructor":{"x":1}"#), "plain data stays: {payload}");
        }
    }
}

#[tokio::test]
async fn raw_json_and_junk_with_a_right_signature_are_no_session() {
    for site in sites() {
        for value in [r#"{"views":1}"#, "%7B%7D", "a", "=", "====", "é"] {
            let signature = sign("key-new-2023", "koa.sess", value);
            let mut jar = Jar::with(&[("koa.sess", value), ("koa.sess.sig", &signature)]);
            if value.is_ascii() {
                assert_eq!(jar.sends(&site, read).await.body, BLANK, "{value}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_signature_or_none_is_no_session() {
    let value = STANDARD.encode(r#"{"views":1,"_session":true}"#);
    let right = sign("key-new-2023", "koa.sess", &value);
    let other_name = sign("key-new-2023", "koa.sid", &value);
    let other_key = sign("key-that-nobody-has", "koa.sess", &value);
    for site in sites() {
        let mut bad = vec![Jar::with(&[("koa.sess", &value)])];
        for signature in ["", "x", &right[1..], &format!("{right}="), &other_name, &other_key] {
            bad.push(Jar::with(&[("koa.sess", &value), ("koa.sess.sig", signature)]));
        }
        for mut jar in bad {
            let reply = jar.sends(&site, read).await;
            assert_eq!(reply.body, BLANK, "{jar:?}");
            assert!(reply.set_cookies().is_empty(), "left alone: {:?}", reply.set_cookies());
        }
    }
}

#[tokio::test]
async fn of_several_cookies_the_one_that_verifies_counts_and_two_are_none() {
    let [site, _] = sites();
    let good = Jar::of_koa(r#"{"views":1,"_session":true}"#, "key-new-2023");
    for header in [
        format!("koa.sess=bad; {}", good.header()),
        format!("{}; koa.sess=bad; koa.sess.sig=bad", good.header()),
    ] {
        assert_eq!(site.run(&header, read).await.body, "1 None false", "{header}");
    }
    let other = Jar::of_koa(r#"{"views":2,"_session":true}"#, "key-new-2023");
    let both = format!("{}; {}", good.header(), other.header());
    assert_eq!(site.run(&both, read).await.body, BLANK);
    assert!(site.events.take().contains(&"ambiguous".to_owned()));
}

#[tokio::test]
async fn a_value_that_no_browser_sends_is_no_session_and_one_that_fits_only_them_stays_theirs() {
    for (site, moves) in sites().iter().zip([false, true]) {
        let payload = |bytes| {
            let big = "x".repeat(bytes);
            format!(r#"{{"views":1,"big":"{big}","_session":true}}"#)
        };
        let reply = Jar::of_koa(&payload(6000), "key-new-2023").sends(site, read).await;
        assert_eq!((reply.status.as_u16(), &*reply.body), (200, BLANK));
        // 4084 characters in their form.
        let mut jar = Jar::of_koa(&payload(3022), "key-new-2023");
        let reply = jar.sends(site, read).await;
        assert_eq!((reply.status.as_u16(), &*reply.body), (200, "1 None false"));
        assert!(reply.set_cookies().is_empty(), "{:?}", reply.set_cookies());
        let told = site.events.take().iter().any(|event| event.starts_with("too_large"));
        assert_eq!(told, moves);
        // Who writes into it is told.
        let reply = jar.sends(site, write).await;
        assert_eq!(reply.status, 500, "{}", reply.body);
    }
}

//! `ttl` fields: they return to their initial values before the session ends.

use session::{Session, TypedSession, hours, minutes, seconds};
use session_tests::{Site, site};
use std::time::Duration;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(ttl = "15m")]
    sudo: Option<String>,
    #[session(ttl = "1m", default = 10)]
    tries: u32,
    #[session(rotate)]
    user: Option<String>,
}

type Handle = TypedSession<Visit>;

fn visit() -> Visit {
    Visit { views: 0, sudo: None, tries: 10, user: Some("ann".to_owned()) }
}

async fn read(s: Handle) -> String {
    format!("{:?} {}", s.sudo.as_deref(), s.tries)
}

async fn granted(site: &Site<Visit>) -> session_tests::Visitor<'_, Visit> {
    let mut visitor = site.visitor_with(visit());
    let grant = async |mut s: Handle| {
        s.set_sudo(Some("yes".to_owned()));
        s.tries = 3;
    };
    assert!(visitor.sends(grant).await.seals());
    visitor
}

// Fails when the end is off by one, is not sealed, or resets to `Default` instead of the initial
// value.
#[tokio::test]
async fn rule_4_a_ttl_field_returns_to_its_initial_value() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = granted(&site).await;
    site.clock.advance(minutes(1));
    assert_eq!(visitor.sends(read).await.body, "Some(\"yes\") 3", "at the very millisecond");
    site.clock.advance(Duration::from_millis(1));
    let reply = visitor.sends(read).await;
    assert_eq!(reply.body, "Some(\"yes\") 10");
    assert!(reply.is_silent(), "its end is no change");
    site.clock.advance(minutes(14));
    assert_eq!(visitor.sends(read).await.body, "None 10");
    let view = async |mut s: Handle| {
        s.views += 1;
        s.changed().iter().collect::<Vec<_>>().join(",")
    };
    assert_eq!(visitor.sends(view).await.body, "views", "and it stays none when others change");
    assert!(!visitor.sealed().rest.contains("yes"));
    site.clock.rewind(minutes(15));
    assert_eq!(visitor.sends(read).await.body, "None 10", "what is gone is gone");
}

// Fails when other writes, renewals or rotations begin the time anew.
#[tokio::test]
async fn rule_4_only_a_change_of_the_field_begins_its_time_anew() {
    let site = site::<Visit, _>(|b| b.max_age(minutes(10)));
    let mut visitor = granted(&site).await;
    for n in 0..14 {
        site.clock.advance(minutes(1));
        match n % 3 {
            0 => drop(visitor.sends(async |mut s: Handle| s.views += 1).await),
            1 => drop(visitor.sends(async |mut s: Handle| s.rotate()).await),
            _ => drop(visitor.sends(async |_: Handle| {}).await),
        }
    }
    site.clock.advance(minutes(1));
    assert_eq!(visitor.state().sudo.as_deref(), Some("yes"), "after 15 minutes");
    site.clock.advance(seconds(1));
    assert_eq!(visitor.state().sudo, None);

    let mut visitor = granted(&site).await;
    site.clock.advance(minutes(9));
    visitor.sends(async |mut s: Handle| s.sudo = Some("again".to_owned())).await;
    site.clock.advance(minutes(9));
    assert_eq!(visitor.state().sudo.as_deref(), Some("again"), "changed in place it began anew");
}

// Fails when a field that is set to its own value by the accessor keeps its old end.
#[tokio::test]
async fn rule_4_setting_a_ttl_field_again_begins_its_time_anew_when_something_is_written() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = granted(&site).await;
    site.clock.advance(minutes(10));
    let again = async |mut s: Handle| {
        s.set_sudo(Some("yes".to_owned()));
        s.views += 1;
    };
    visitor.sends(again).await;
    site.clock.advance(minutes(10));
    assert_eq!(visitor.state().sudo.as_deref(), Some("yes"));
}

// Fails when another user inherits the field or its end.
#[tokio::test]
async fn rule_31_another_user_does_not_inherit_a_ttl_field() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = granted(&site).await;
    visitor.sends(async |mut s: Handle| s.set_user(Some("bob".to_owned()))).await;
    assert_eq!((visitor.state().sudo.as_deref(), visitor.state().tries), (None, 10));
    assert!(!visitor.sealed().rest.contains("sudo\u{0}"), "nor its end");
    let grant = async |mut s: Handle| {
        s.set_user(Some("eve".to_owned()));
        s.set_sudo(Some("eve's".to_owned()));
    };
    visitor.sends(grant).await;
    assert_eq!(visitor.state().sudo.as_deref(), Some("eve's"), "set in this request");
    site.clock.advance(hours(1));
    assert_eq!(visitor.state().sudo, None);
}

// Fails when an explicit commit forgets the ends.
#[tokio::test]
async fn rule_4_ends_survive_an_explicit_commit() {
    let site = site::<Visit, _>(|b| b);
    let mut visitor = site.visitor_with(visit());
    let handler = async |mut s: Handle| {
        s.set_sudo(Some("yes".to_owned()));
        s.commit().await.expect("fits");
        s.views += 1;
    };
    visitor.sends(handler).await;
    site.clock.advance(minutes(15));
    assert_eq!(visitor.state().sudo.as_deref(), Some("yes"));
    site.clock.advance(seconds(1));
    assert_eq!(visitor.state().sudo, None);
}

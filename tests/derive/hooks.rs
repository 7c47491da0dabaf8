//! `valid`, `before_save` and `migrate`.

use super::support::request;
use serde_json::{Map, Value, json};
use session::{BoxError, Session, SessionData};
use std::num::ParseIntError;

#[derive(Session)]
#[session(valid = whole, before_save = stamp, version = 3, migrate = migrate)]
struct Visit {
    #[session(valid = small)]
    views: u64,
    #[session(rename = "n", valid = quiet_on_home)]
    notice: Option<String>,
}

fn small(views: &u64) -> bool {
    *views < 10
}

fn quiet_on_home(notice: &Option<String>, request: &http::request::Parts) -> bool {
    notice.is_none() || request.uri.path() != "/"
}

fn whole(visit: &Visit, request: &http::request::Parts) -> bool {
    visit.views > 0 || request.uri.query().is_none()
}

fn stamp(visit: &mut Visit, request: &http::request::Parts) -> Result<(), ParseIntError> {
    visit.views = request.uri.path()[1..].parse()?;
    Ok(())
}

fn migrate(from: u32, members: &mut Map<String, Value>) -> Result<(), BoxError> {
    let old = members.remove("count").ok_or("no count")?;
    members.insert("views".to_owned(), old);
    members.insert("from".to_owned(), json!(from));
    Ok(())
}

/// Which field is refused, `Some(None)` for the struct.
fn refused(visit: &Visit, uri: &str) -> Option<Option<&'static str>> {
    visit.valid(&request(uri)).err().map(|invalid| invalid.field)
}

#[test]
fn rule_33_valid_names_the_field_that_it_refuses() {
    let mut visit = Visit::initial();
    assert_eq!(refused(&visit, "/"), None);
    visit.notice = Some("psst".to_owned());
    assert_eq!(refused(&visit, "/"), Some(Some("n")));
    assert_eq!(refused(&visit, "/shop"), None);
    visit.views = 10;
    assert_eq!(refused(&visit, "/"), Some(Some("views")), "in the order of declaration");
}

#[test]
fn rule_33_the_structs_own_valid_comes_last() {
    let mut visit = Visit::initial();
    assert_eq!(refused(&visit, "/?q"), Some(None));
    visit.notice = Some("psst".to_owned());
    assert_eq!(refused(&visit, "/?q"), Some(Some("n")));
}

#[test]
fn rule_33_valid_takes_what_a_field_dereferences_to() {
    #[derive(Session)]
    struct Profile {
        #[session(valid = short)]
        name: String,
        #[session(valid = known)]
        place: String,
        #[session(valid = few)]
        tags: Vec<u8>,
    }

    fn short(name: &str) -> bool {
        name.len() < 4
    }

    fn known(place: &str, request: &http::request::Parts) -> bool {
        place.is_empty() || request.uri.path() == place
    }

    fn few(tags: &[u8]) -> bool {
        tags.len() < 2
    }

    let refused = |name: &str, place: &str, tags: &[u8]| {
        let (name, place) = (name.to_owned(), place.to_owned());
        let profile = Profile { name, place, tags: tags.to_vec() };
        profile.valid(&request("/home")).err().map(|invalid| invalid.field)
    };
    assert_eq!(refused("abc", "/home", &[1]), None);
    assert_eq!(refused("abcd", "/home", &[1]), Some(Some("name")));
    assert_eq!(refused("abc", "/shop", &[1]), Some(Some("place")));
    assert_eq!(refused("abc", "/home", &[1, 2]), Some(Some("tags")));
}

#[test]
fn rule_33_before_save_changes_the_state_or_fails() {
    let mut visit = Visit::initial();
    visit.before_save(&request("/42")).expect("a number");
    assert_eq!(visit.views, 42);
    assert!(visit.before_save(&request("/x")).expect_err("no number").is::<ParseIntError>());
}

#[test]
fn migrate_gets_the_old_version_and_the_members() {
    let Value::Object(mut members) = json!({ "count": 4 }) else { unreachable!() };
    Visit::migrate(1, &mut members).expect("it has a count");
    assert_eq!(Value::Object(members), json!({ "views": 4, "from": 1 }));
    assert!(Visit::migrate(1, &mut Map::new()).is_err());
}

#[test]
fn without_attributes_hooks_do_nothing() {
    #[derive(Session)]
    struct Plain {
        views: u64,
    }

    let mut plain = Plain { views: 99 };
    assert!(plain.valid(&request("/")).is_ok());
    assert!(plain.before_save(&request("/")).is_ok());
    assert!(Plain::migrate(1, &mut Map::new()).is_ok());
    assert_eq!(plain.views, 99);
}

//! koa-session 7.0.2.

mod attributes;
mod content;
mod endings;
mod lifetimes;
mod tokens;
mod undecodable;

use super::on_each_home;
use crate::answer::state;
use crate::bed::{Bed, Database, Home, keys};
pub use attributes::ALL;
use content::*;
use endings::*;
use lifetimes::*;
use serde_json::json;
use tokens::*;

on_each_home! {
    text_with_a_semicolon_survives
    what_is_not_asked_for_sets_nothing
    a_new_session_that_is_only_read_sets_nothing
    a_new_session_with_content_sets_one_cookie
    a_saved_session_that_is_only_read_sets_nothing
    a_changed_session_is_saved
    null_ends_the_session
    null_on_a_new_session_sets_nothing
    an_empty_object_on_a_new_session_sets_nothing
    an_object_is_the_whole_content
    save_writes_what_nobody_changed
    a_client_error_is_saved
    a_session_lives_to_its_end_and_no_longer
    renewal_is_due_with_less_than_half_left
    the_lifetime_in_force_is_shown
    a_lifetime_set_alone_is_saved
    rotate_changes_the_token_and_not_the_content
    what_valid_refuses_is_a_new_session
    valid_sees_the_request
    what_before_save_changes_is_saved
    a_token_that_names_nothing_is_a_new_session
    a_token_with_a_changed_end_is_a_new_session
    rolling_extends_every_use_of_a_session_that_is_there
    a_browser_session_never_has_an_end_in_its_cookie
    without_auto_commit_only_commit_writes
    a_header_carries_the_token_both_ways
    two_session_types_have_a_cookie_each
    a_foreign_set_cookie_stays
}

#[test]
fn cookie_attributes_are_as_configured() {
    for home in [Home::Cookie, Home::Store] {
        attributes::cookie_attributes_are_as_configured(home);
    }
}

// Fails when a token that one home made is a session in another, or harms the session it is of.
#[test]
fn a_token_of_one_home_is_nobody_in_another() {
    let signed = Home::Cookie.bed(&["--events"]);
    let stored = Bed::start(&["--home", "memory", "--keys", &keys(), "--events"]);
    for (home, other) in [(&stored, &signed), (&signed, &stored)] {
        let a = home.set(json!({"note": ";"})).send().sets();
        other.events();
        other.state().cookie(&a).send().blank().removes();
        let events = other.events();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(
            (&events[0]["event"], &events[0]["reason"]),
            (&json!("invalid"), &json!("forged"))
        );
        home.state().cookie(&a).send().live().has("note", ";");
    }
}

// Fails when a session is found under another prefix, or when its cookie says the prefix.
#[test]
fn a_prefix_keeps_sessions_apart() {
    let file = Database::new();
    let bed = |prefix| Bed::start(&["--home", &file.url(), "--prefix", prefix, "--events"]);
    let (first, second, third) = (bed("sess_a"), bed("sess_b"), bed("sess_a"));
    let made = first.set(json!({"note": ";"})).send();
    let a = made.sets();
    assert!(!a.contains("sess_a"), "{a}");
    second.state().cookie(&a).send().blank().removes();
    assert_eq!(second.heard(), ["missing"]);
    third.state().cookie(&a).send().live().has("note", ";").shows("id", made.id().clone());
}

// Fails when rows that the testbed was asked to encrypt are plain, or are not read again.
#[test]
fn rows_are_encrypted_under_a_ring() {
    let file = Database::new();
    let (old, new) = ("o".repeat(40), "n".repeat(40));
    let bed = |ring: &str| Bed::start(&["--home", &file.url(), "--row-keys", ring, "--events"]);
    let first = bed(&old);
    let a = first.set(json!({"note": "a secret note"})).send().sets();
    first.state().cookie(&a).send().live().has("note", "a secret note");
    bed(&format!("{new},{old}")).state().cookie(&a).send().live().has("note", "a secret note");
    let other = bed(&new);
    other.state().cookie(&a).send().blank().silent();
    assert_eq!(other.heard(), ["undecodable"]);
    assert!(!file.holds("a secret note") && file.holds("row_key"), "in the files of the database");
}

// Fails when the store of one tenant answers for another, or none for who names no tenant.
#[test]
fn the_store_is_picked_by_the_request() {
    let file = Database::new();
    let homes: [&[&str]; 2] = [&["--home", "memory"], &["--home", &file.url(), "--prefix", "of"]];
    for home in homes {
        let bed = Bed::start(&[home, &["--tenants", "red,blue", "--events"]].concat());
        let made = bed.set(json!({"note": "red"})).header("X-Tenant", "red").send();
        let a = made.sets();
        bed.events();
        for other in ["blue", "green", ""] {
            bed.state().header("X-Tenant", other).cookie(&a).send().blank().removes();
            assert_eq!(bed.heard(), ["missing"]);
        }
        bed.post("/destroy").header("X-Tenant", "blue").cookie(&a).send().blank();
        let b = bed.set(json!({"note": "common"})).send().sets();
        bed.state().header("X-Tenant", "green").cookie(&b).send().live().has("note", "common");
        let set = bed.set(json!({"colour": "blue"})).header("X-Tenant", "red").cookie(&a);
        set.send().live().silent().has("note", "red");
        bed.post("/destroy").header("X-Tenant", "red").cookie(&a).send().blank().removes();
        bed.state().header("X-Tenant", "red").cookie(&a).send().blank().silent();
    }
}

// Fails when a server starts whose options are wrong, or does not say which, or says a key.
#[test]
fn an_option_that_is_none_is_refused_at_start() {
    let refused: [(&[&str], &str); 19] = [
        (
            &["--max-age", "not the right string"],
            "`--max-age not the right string`: expected a number of milliseconds",
        ),
        (&["--max-age", "0"], "max_age"),
        (&["--same-site", "none", "--insecure"], "same_site"),
        (&["--same-site", "sometimes"], "--same-site sometimes"),
        (&["--domain", "example.com"], "domain"),
        (&["--name", "a b"], "name"),
        (&["--keys", ""], "`--keys`: session key 1 has 0 bytes"),
        (&["--keys", "short"], "5 bytes"),
        (&["--carrier", "nothing"], "--carrier nothing"),
        (&["--priority", "urgent"], "--priority urgent"),
        (&["--on-undecodable", "ask"], "--on-undecodable ask"),
        (&["--store-ttl", "soon"], "--store-ttl soon"),
        // What would do nothing.
        (&["--prefix", "p"], "`--prefix`: sessions in cookies have no store"),
        (&["--prefix", "p", "--home", "memory"], "`--prefix`: the home `memory` has none"),
        (&["--flaky"], "`--flaky`: sessions in cookies have no store"),
        (&["--row-keys", "k"], "`--row-keys`: sessions in cookies have no store"),
        (&["--home", "memory", "--row-keys", "short"], "`--row-keys`: session key 1 has 5 bytes"),
        (&["--tenants", "a"], "`--tenants`: sessions in cookies have no store"),
        (&["--tenants", "a,,b", "--home", "memory"], "--tenants a,,b"),
    ];
    for (options, has) in refused {
        let (code, out, complaint) = Bed::refused(options);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{options:?}: {complaint}");
        assert!(complaint.starts_with("testbed: ") && complaint.contains(has), "{complaint}");
        assert!(!complaint.contains("short"), "{complaint}");
    }
}

// Fails when a cookie is sent that browsers drop, or when the session is lost with it.
#[test]
fn a_session_that_outgrows_its_cookie_is_an_error() {
    let long = || json!({"note": "x".repeat(5000)});
    let bed = Home::Cookie.bed(&["--events"]);
    let a = bed.set(json!({"note": "kept"})).send().sets();
    bed.events();
    let answer = bed.set(long()).cookie(&a).answers(500).without_cookie().kind("too_large");
    assert!(answer.body["error"].as_str().is_some_and(|error| error.contains("`note`")));
    let events = bed.events();
    let told = events.iter().find(|event| event["event"] == "too_large").expect("the event");
    assert_eq!(told["field"], "note");
    assert!(told["bytes"].as_u64() > told["limit"].as_u64(), "{told}");
    bed.state().cookie(&a).send().live().shows("state", state(json!({"note": "kept"})));
    Home::Store.bed(&[]).set(long()).send().sets();
}

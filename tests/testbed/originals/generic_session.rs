//! koa-generic-session 2.3.1.

mod outages;

use super::on_each_home;
use crate::answer::{Answer, REMOVAL, state};
use crate::bed::{DAY, Home};
use serde_json::{Value, json};

on_each_home! {
    a_counter_counts_for_each_visitor_alone
    a_cookie_of_another_kind_is_no_session
    remove_forgets_the_count
    a_rotated_new_session_keeps_its_content
    what_is_written_after_an_end_is_a_new_session
    saved_after_an_end_is_a_new_blank_session
    an_end_is_stronger_than_what_comes_after_it
    a_server_error_leaves_everything_as_it_was
    a_server_error_commits_when_told
    removal_repeats_every_attribute
    discard_forbids_a_write
    destroy_is_carried_out_without_auto_commit
    the_initial_value_on_a_new_session_is_no_change
}

/// A counted session: its cookie after this request.
fn next(home: Home, answer: Answer, before: &str) -> String {
    match home {
        Home::Cookie => answer.sets(),
        Home::Store => {
            answer.silent();
            before.to_owned()
        }
    }
}

// Fails when a count is lost, or one visitor's is another's.
fn a_counter_counts_for_each_visitor_alone(home: Home) {
    let bed = home.bed(&[]);
    let mut a = bed.count().send().has("views", 1).sets();
    a = next(home, bed.count().cookie(&a).send().has("views", 2), &a);
    bed.count().send().has("views", 1).sets();
    a = next(home, bed.count().cookie(&a).send().has("views", 3), &a);
    bed.state().cookie(&a).send().silent().live().has("views", 3);
}

// Fails when a cookie that is not ours is taken for a session, or its value adopted.
fn a_cookie_of_another_kind_is_no_session(home: Home) {
    let bed = home.bed(&[]);
    let value = "s:dsfdss.PjOnUyhFG5bkeHsZ1UbEY7bDerxBINnZsD5MUguEph8";
    let foreign = format!("koa.sid={value}; path=/; httponly");
    let made = || bed.count().cookie(&foreign).send().has("views", 1).sets();
    let (first, second) = (made(), made());
    assert!(home == Home::Cookie || first != second);
    let ours = format!("__Host-session={value}");
    for _ in 0..2 {
        assert_ne!(bed.count().cookie(&ours).send().has("views", 1).sets(), ours);
    }
    bed.state().cookie(&foreign).send().blank().silent();
    bed.state().cookie(&ours).send().blank().removes();
}

// Fails when a count outlives its removal, or a late request brings it back where that can be helped.
fn remove_forgets_the_count(home: Home) {
    let bed = home.bed(&[]);
    let mut a = bed.count().send().has("views", 1).sets();
    a = next(home, bed.count().cookie(&a).send().has("views", 2), &a);
    bed.post("/destroy").cookie(&a).send().removes().has("views", 0);
    bed.count().send().has("views", 1);
    match home {
        // The token's own content, and one.
        Home::Cookie => drop(bed.count().cookie(&a).send().has("views", 3)),
        Home::Store => drop(bed.count().cookie(&a).answers(409).without_cookie().kind("ended")),
    }
}

// Fails when a session that is rotated before it was ever saved loses what is in it.
fn a_rotated_new_session_keeps_its_content(home: Home) {
    let bed = home.bed(&[]);
    let a = bed.post("/fail?status=200&then=rotate").send().sets();
    bed.state().cookie(&a).send().live().has("note", "failed");
}

// Fails when a session that begins after an end knows anything of the old one, or shares its id.
fn what_is_written_after_an_end_is_a_new_session(home: Home) {
    let bed = home.bed(&["--events"]);
    let ended = || bed.post("/destroy?then=set").json(&json!({"note": "foo"}));
    // A new one, as the original has it.
    let first = ended().send().shows("new", true);
    let a = first.sets();
    let a = next(home, bed.set(json!({"views": 7})).cookie(&a).after(1).send(), &a);
    bed.events();
    let second = ended().cookie(&a).after(1).send().shows("new", true);
    let second = second.shows("state", state(json!({"note": "foo"})));
    let b = second.sets();
    assert_ne!(a, b);
    assert_eq!(first.id() == second.id(), home == Home::Cookie);
    assert_eq!(bed.heard(), ["loaded", "destroyed", "created"]);
    bed.state().cookie(&b).after(1).send().live().has("note", "foo").has("views", 0);
    if home == Home::Store {
        bed.state().cookie(&a).after(1).send().blank().silent();
    }
}

// Fails when a session that is saved though nothing is in it is not there, or the old one is.
fn saved_after_an_end_is_a_new_blank_session(home: Home) {
    let bed = home.bed(&[]);
    let a = bed.count().send().sets();
    let b = bed.post("/destroy?then=save").cookie(&a).after(1).send().blank().sets();
    assert_ne!(a, b);
    bed.state().cookie(&b).after(1).send().live().shows("state", state(json!({})));
    if home == Home::Store {
        bed.state().cookie(&a).after(1).send().blank().silent();
    }
}

// Fails when an end is undone by what follows it and writes nothing.
fn an_end_is_stronger_than_what_comes_after_it(home: Home) {
    let bed = home.bed(&[]);
    for then in ["discard", "rotate"] {
        let a = bed.count().send().sets();
        bed.post(&format!("/destroy?then={then}")).cookie(&a).send().blank().removes();
        if home == Home::Store {
            bed.state().cookie(&a).send().blank().silent();
        }
        bed.post(&format!("/destroy?then={then}")).send().blank().silent();
    }
}

// Fails when half of what a failed request did is kept, or when an ending is not carried out.
fn a_server_error_leaves_everything_as_it_was(home: Home) {
    let bed = home.bed(&[]);
    for status in [500, 503] {
        let path = format!("/fail?status={status}&then=set");
        bed.post(&path).answers(status).silent().kind("failed");
    }
    bed.post("/panic").answers(500).silent().kind("panic");
    let a = bed.count().send().sets();
    for path in ["/fail?status=500&then=set", "/fail?status=500&then=rotate", "/panic"] {
        bed.post(path).cookie(&a).after(1).answers(500).silent();
    }
    bed.state().cookie(&a).after(1).send().live().has("views", 1).has("note", Value::Null);
    // Ending is stronger.
    bed.post("/fail?status=500&then=destroy").cookie(&a).after(1).answers(500).removes();
}

// Fails when the option does nothing, or when half of what a panicking handler did is kept.
fn a_server_error_commits_when_told(home: Home) {
    let bed = home.bed(&["--commit-on-server-error"]);
    let a = bed.post("/fail?status=500&then=set").answers(500).sets();
    bed.state().cookie(&a).send().live().has("note", "failed");
    bed.post("/panic").cookie(&a).answers(500).silent();
    bed.state().cookie(&a).send().live().has("note", "failed");
}

// Fails when a browser keeps the cookie because it was not named as it was set.
fn removal_repeats_every_attribute(home: Home) {
    let bed = home.bed(&super::koa_session::ALL);
    let set = bed.set(json!({"note": "a"})).send();
    let (pair, attributes) = set.line().split_once("; Max-Age=86400; ").expect("a lifetime");
    assert!(pair.starts_with("__Secure-sid="), "{pair}");
    let removed = bed.post("/destroy").cookie(pair).after(1).send();
    assert_eq!(removed.line(), format!("__Secure-sid{REMOVAL}; {attributes}"));
}

// Fails when what must not be written is, by a change, a new session or a renewal.
fn discard_forbids_a_write(home: Home) {
    let bed = home.bed(&[]);
    let a = bed.count().send().sets();
    let discard = || bed.post("/discard").json(&json!({"views": 9}));
    discard().cookie(&a).send().silent().has("views", 9);
    bed.state().cookie(&a).send().silent().has("views", 1);
    discard().send().silent().has("views", 9);
    bed.post("/discard").cookie(&a).after(DAY - 1).send().live().silent();
}

// Fails when a session that should end lives on because nothing is to be written.
fn destroy_is_carried_out_without_auto_commit(home: Home) {
    let bed = home.bed(&["--no-auto-commit"]);
    let a = bed.post("/commit").json(&json!({"note": "x"})).send().sets();
    bed.post("/destroy").cookie(&a).send().blank().removes();
    if home == Home::Store {
        bed.state().cookie(&a).send().blank().silent();
    }
}

// Fails when a value that was there is taken for a change.
fn the_initial_value_on_a_new_session_is_no_change(home: Home) {
    let bed = home.bed(&[]);
    bed.set(json!({"views": 0})).send().blank().silent();
    bed.post("/edit").json(&json!({"views": 0, "colour": "red"})).send().blank().silent();
}

// Fails when a write to an ended session is not dropped, or is told to the client.
#[test]
fn an_ended_session_is_dropped_when_told() {
    let bed = Home::Store.bed(&["--on-ended", "drop"]);
    let a = bed.count().send().sets();
    bed.post("/destroy").cookie(&a).send().removes();
    bed.count().cookie(&a).send().silent();
    bed.state().cookie(&a).send().blank().silent();
}

// Fails when an ended session is remembered for longer than was asked, or its id used again.
#[test]
fn an_ended_session_is_unknown_when_forgotten() {
    let bed = Home::Store.bed(&["--remember-ended", "0", "--events"]);
    let a = bed.count().send().sets();
    bed.post("/destroy").cookie(&a).send().removes();
    bed.events();
    assert_ne!(bed.count().cookie(&a).send().has("views", 1).sets(), a);
    assert_eq!(bed.heard(), ["missing", "created"]);
}

//! egg-session 4.0.1.

use super::on_each_home;
use crate::answer::state;
use crate::bed::{Bed, DAY, Home};
use serde_json::json;

on_each_home! {
    a_session_may_go_with_the_browser
    a_short_lifetime_ends_the_session
    no_value_is_ever_in_the_output
}

// Fails when one session can't go with the browser, or others go with it.
fn a_session_may_go_with_the_browser(home: Home) {
    let bed = home.bed(&[]);
    let a = bed.set(json!({"views": 1})).send().sets();
    let own = bed.post("/max-age?ms=browser").cookie(&a).after(1).send();
    let mut b = own.sets_without_end();
    own.shows("max_age_ms", ()).has("views", 1);
    assert_eq!(a == b, home == Home::Store);
    let set = bed.set(json!({"views": 2})).cookie(&b).after(2).send().live();
    match home {
        Home::Cookie => b = set.sets_without_end(),
        Home::Store => drop(set.silent()),
    }
    bed.post("/rotate").cookie(&b).after(3).send().has("views", 2).sets_without_end();
    bed.set(json!({"views": 1})).send().sets();
}

// Fails when a session outlives the lifetime it was given, or does not reach its end.
fn a_short_lifetime_ends_the_session(home: Home) {
    let bed = home.bed(&[]);
    let content = json!({"note": "foo", "views": 1});
    let short = || {
        let a = bed.set(content.clone()).send().sets();
        let own = bed.post("/max-age?ms=100").cookie(&a).after(1).send();
        let own = own.shows("state", state(content.clone()));
        own.sets_for(1)
    };
    bed.state().cookie(&short()).after(101).send().live();
    let b = short();
    bed.state().cookie(&b).after(102).send().blank().removes();
    bed.state().cookie(&b).after(200).send().blank();
}

// Fails when a log would hold what a session holds, or what opens it.
fn no_value_is_ever_in_the_output(home: Home) {
    let bed = home.bed(&["--events"]);
    let mut ids = Vec::new();
    let mut made = |content| {
        let made = bed.set(content).send();
        ids.extend(made.id().as_str().map(str::to_owned));
        made.sets()
    };
    let a = made(json!({"note": "secret-value"}));
    bed.state().cookie(&a).after(DAY + 1).send().blank();
    let b = made(json!({"note": "poison", "colour": "secret-value"}));
    bed.state().cookie(&b).send().blank();
    let c = made(json!({"note": "secret-value"}));
    let d = bed.post("/rotate").cookie(&c).after(1).send().sets();
    bed.post("/destroy").cookie(&d).after(1).send().blank();
    bed.state().cookie("__Host-session=x").send().blank();
    let heard = bed.heard();
    for event in ["created", "expired", "invalid", "destroyed", "rotated", "loaded"] {
        assert!(heard.iter().any(|heard| heard == event), "no {event}: {heard:?}");
    }
    let output = bed.output();
    let value = |pair: &String| pair.split_once('=').expect("a pair").1.to_owned();
    let private = [&a, &b, &c, &d].map(value);
    let texts = ["secret-value".to_owned(), "poison".to_owned()];
    for private in private.iter().chain(&ids).chain(&texts) {
        assert!(!output.contains(private), "{private}: {output}");
    }
}

// Fails when a session that its store lost is revived from the id, or is an error.
#[test]
fn a_row_that_is_gone_is_a_new_session() {
    let bed = || Bed::start(&["--home", "memory", "--events"]);
    let (first, second) = (bed(), bed());
    let a = first.set(json!({"note": "bar"})).send().sets();
    second.state().cookie(&a).send().blank().removes();
    assert_eq!(second.heard(), ["missing"]);
    assert_ne!(second.count().cookie(&a).send().has("views", 1).sets(), a);
    assert_eq!(second.heard(), ["missing", "created"]);
    first.state().cookie(&a).send().live().has("note", "bar");
}

// Fails when the engine keeps rows for another time than it was told to, or when that is an error.
#[test]
fn a_row_that_the_store_threw_away_is_a_new_session() {
    for (ttl, kept) in [("0", false), ("3600000", true)] {
        let bed = Home::Store.bed(&["--store-ttl", ttl, "--events"]);
        let made = |_| bed.set(json!({"note": "bar"})).send().sets();
        let ours: Vec<String> = (0..64).map(made).collect();
        // The memory store throws rows away while it is written to, some at a time: after so many
        // writes that none of so many is gone happens to nobody.
        bed.crowd(512);
        bed.events();
        let lost = ours.iter().filter(|cookie| {
            let read = bed.state().cookie(cookie).send();
            let lost = read.body["new"] == true;
            assert_eq!(bed.heard(), [if lost { "missing" } else { "loaded" }]);
            if lost {
                read.blank().removes()
            } else {
                read.live().silent()
            };
            lost
        });
        assert_eq!(lost.count() == 0, kept, "{ttl}");
    }
}

//! A store that fails, as `store.test.js` of koa-generic-session has it: each request says how its
//! store fares (`--flaky`).

use crate::bed::{Ask, Bed, Home, PATIENCE};
use serde_json::json;
use std::time::{Duration, Instant};

const FLAKY: [&str; 2] = ["--flaky", "--events"];

/// A bed with a session that has one view.
fn counted(options: &[&str]) -> (Bed, String) {
    let bed = Home::Store.bed(&[&FLAKY[..], options].concat());
    let a = bed.count().send().sets();
    bed.events();
    (bed, a)
}

fn down(ask: Ask<'_>) -> Ask<'_> {
    ask.header("X-Test-Store", "down")
}

/// All but reading fails.
fn down_write(ask: Ask<'_>) -> Ask<'_> {
    ask.header("X-Test-Store", "down-write")
}

// Fails when an outage gives a session to who has one, or says to the client what broke; or when it
// concerns somebody whom the store is not asked for.
#[test]
fn a_store_that_is_down_concerns_those_who_use_a_session() {
    let (bed, a) = counted(&[]);
    let refused = down(bed.state()).cookie(&a).answers(503).without_cookie().kind("store");
    assert!(!refused.body.to_string().contains("as asked"), "{}", refused.body);
    assert_eq!(bed.heard(), ["outage"]);
    down(bed.count()).cookie(&a).answers(503).without_cookie().kind("store");
    bed.events();
    // Who brings no session has none to load.
    down(bed.state()).send().blank().silent();
    // Who does not ask for it does not ask the store either.
    down(bed.get("/untouched")).cookie(&a).send().silent().says(json!("ok"));
    assert_eq!(bed.heard(), [""; 0]);
    bed.state().header("X-Test-Store", "sideways").answers(400).silent().kind("bad_header");
}

// Fails when an outage outlasts itself, the first time or the second.
#[test]
fn a_store_that_is_back_works_at_once() {
    let (bed, a) = counted(&[]);
    for views in 1..4 {
        down(bed.state()).cookie(&a).answers(503).kind("store");
        bed.state().cookie(&a).send().live().silent().has("views", views);
        bed.count().cookie(&a).send().live().silent();
    }
}

// Fails when a store that never answers holds a request, or harms the next one.
#[test]
fn a_store_that_does_not_answer_is_given_up() {
    let limit = Duration::from_millis(60);
    let (bed, a) = counted(&["--store-timeout", "60"]);
    for ask in [bed.state(), bed.count()] {
        let begin = Instant::now();
        ask.cookie(&a).header("X-Test-Store", "slow").answers(503).without_cookie().kind("store");
        let took = begin.elapsed();
        assert!(took >= limit && took < limit + Duration::from_secs(4), "{took:?}");
        assert_eq!(bed.heard(), ["outage"]);
    }
    bed.state().cookie(&a).send().live().has("views", 1);
}

// Fails when a write that failed is answered as if it had not, sends a cookie, or removes one.
#[test]
fn a_write_that_fails_is_told() {
    let (bed, a) = counted(&[]);
    let commit = bed.post("/commit").json(&json!({"note": "x"}));
    for ask in [bed.count(), bed.post("/rotate"), commit] {
        let ask = ask.cookie(&a).after(1);
        down_write(ask).answers(503).without_cookie().kind("store");
        assert_eq!(bed.heard(), ["loaded", "outage"]);
    }
    down_write(bed.count()).answers(503).without_cookie().kind("store");
    assert_eq!(bed.heard(), ["outage"]);
    // Reading was never concerned.
    down_write(bed.state()).cookie(&a).send().live().silent().has("views", 1);
}

// Fails when somebody is told of a logout that did not happen, or when it never happens.
#[test]
fn an_end_that_fails_is_told_and_made_up_for() {
    let (bed, a) = counted(&[]);
    let ask = bed.post("/destroy").cookie(&a);
    down_write(ask).answers(503).without_cookie().kind("store");
    assert_eq!(bed.heard()[..2], ["loaded", "outage"]);
    let begin = Instant::now();
    while bed.state().cookie(&a).send().body["new"] == false {
        assert!(begin.elapsed() < PATIENCE, "it never ended");
    }
    bed.count().cookie(&a).answers(409).without_cookie().kind("ended");
}

// Fails when a handler's own error gives way to the store's, or when the store's is told nobody.
#[test]
fn the_handlers_own_error_goes_first() {
    let (bed, a) = counted(&[]);
    for status in [400, 404] {
        let ask = bed.post(&format!("/fail?status={status}&then=set")).cookie(&a);
        down_write(ask).answers(status).without_cookie().kind("failed");
        assert_eq!(bed.heard(), ["loaded", "outage"]);
    }
    bed.state().cookie(&a).send().live().has("note", ());
}

// Fails when the blank session of an outage is written, sends a cookie, or costs the one that is there.
#[test]
fn an_outage_is_a_blank_session_when_told() {
    let (bed, a) = counted(&["--on-outage", "ignore"]);
    down(bed.state()).cookie(&a).send().blank().without_cookie();
    assert_eq!(bed.heard(), ["outage"]);
    down(bed.count()).cookie(&a).send().without_cookie().has("views", 1);
    // It can't be ended, and nobody must think that it was.
    down(bed.post("/destroy")).cookie(&a).answers(503).without_cookie();
    bed.state().cookie(&a).send().live().has("views", 1);
}

//! When a session ends, and what puts that off.

use crate::answer::Answer;
use crate::bed::{Bed, DAY, Home};
use serde_json::json;

/// A new session, whose cookie lasts two seconds.
#[track_caller]
fn short(bed: &Bed) -> String {
    bed.post("/replace").json(&json!({"note": "bar"})).send().sets_for(2)
}

// Fails when a session ends a millisecond early or late, or when its end is told with its content.
pub fn a_session_lives_to_its_end_and_no_longer(home: Home) {
    let bed = home.bed(&["--max-age", "2000", "--events"]);
    let a = short(&bed);
    // Its renewal is due.
    bed.state().cookie(&a).after(2000).send().live().has("note", "bar").sets_for(2);
    let a = short(&bed);
    let mut events = bed.events();
    bed.state().cookie(&a).after(2001).send().blank().removes();
    let ended = bed.events();
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(ended[0]["event"], "expired");
    bed.state().cookie(&a).after(2002).send().blank().removes();
    let gone = bed.events();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0]["event"], if home == Home::Cookie { "expired" } else { "missing" });
    events.extend(ended);
    events.extend(gone);
    let private = ["key", "value", "id"];
    assert!(!events.iter().any(|event| private.iter().any(|name| event.get(name).is_some())));
}

// Fails when a session is renewed too early, too late, twice, or by who did not ask for it.
pub fn renewal_is_due_with_less_than_half_left(home: Home) {
    let bed = home.bed(&["--max-age", "2000", "--events"]);
    bed.state().send().blank().silent();
    let a = short(&bed);
    bed.events();
    for after in [500, 1000] {
        bed.state().cookie(&a).after(after).send().live().silent();
        assert_eq!(bed.heard(), ["loaded"]);
    }
    let b = bed.state().cookie(&a).after(1001).send().live().sets_for(2);
    assert_eq!(bed.heard(), ["loaded", "renewed"]);
    assert_eq!(a == b, home == Home::Store);
    bed.state().cookie(&b).after(3001).send().live();
    let b = bed.state().cookie(&short(&bed)).after(1200).send().sets_for(2);
    bed.state().cookie(&b).after(3201).send().blank().removes();
    let a = short(&bed);
    bed.get("/untouched").cookie(&a).after(1200).send().silent();
    bed.state().cookie(&a).after(2001).send().blank().removes();
}

// Fails when the lifetime shown is not the one that holds.
pub fn the_lifetime_in_force_is_shown(home: Home) {
    home.bed(&[]).state().send().shows("max_age_ms", DAY);
    home.bed(&["--max-age", "2000"]).state().send().shows("max_age_ms", 2000);
}

// Fails when a lifetime of a session's own is not kept, not obeyed, or is another session's too.
pub fn a_lifetime_set_alone_is_saved(home: Home) {
    let bed = home.bed(&[]);
    let made = bed.post("/max-age?ms=5000").send();
    let made = made.shows("max_age_ms", 5000).shows("changed", json!([]));
    let a = made.sets_for(5);
    let read = bed.state().cookie(&a).after(2500).send().live().silent();
    read.shows("max_age_ms", 5000);
    bed.state().cookie(&a).after(5000).send().live().sets_for(5);
    let other = bed.set(json!({"views": 1})).send().shows("max_age_ms", DAY);
    let own = bed.post("/max-age?ms=5000").cookie(&other.sets()).after(1).send().has("views", 1);
    let b = own.sets_for(5);
    bed.state().cookie(&b).after(5001).send().live().sets_for(5);
    bed.state().cookie(&b).after(15002).send().blank();
    // Whole seconds, upwards.
    bed.post("/max-age?ms=100").send().sets_for(1);
    bed.post("/max-age?ms=0").answers(400).silent().kind("bad_max_age");
    bed.post("/max-age?ms=session").answers(400).silent().kind("bad_query");
}

// Fails when a use does not extend the session, or what is no use of it does.
pub fn rolling_extends_every_use_of_a_session_that_is_there(home: Home) {
    let bed = home.bed(&["--rolling"]);
    bed.state().send().blank().silent();
    let a = bed.post("/replace").json(&json!({"note": "bar"})).send().sets();
    // The end would not move.
    bed.state().cookie(&a).send().live().silent();
    let used = bed.state().cookie(&a).after(1).send().live().has("note", "bar");
    let b = used.sets();
    assert_eq!(a == b, home == Home::Store);
    let b = bed.get("/extract").cookie(&b).after(2).send().sets();
    bed.get("/untouched").cookie(&b).after(3).send().silent();
    let c = bed.state().cookie(&b).after(DAY - 1).send().live().sets();
    bed.state().cookie(&c).after(2 * DAY - 1).send().live();
}

// Fails when a browser keeps the cookie, or the server the session, for longer than it should.
pub fn a_browser_session_never_has_an_end_in_its_cookie(home: Home) {
    let bed = home.bed(&["--max-age", "browser"]);
    let made = bed.count().send().shows("max_age_ms", ());
    let mut a = made.sets_without_end();
    for views in [2, 3] {
        let counted = bed.count().cookie(&a).after(views - 1).send().has("views", views);
        match home {
            Home::Cookie => a = counted.sets_without_end(),
            Home::Store => drop(counted.silent()),
        }
    }
    bed.post("/rotate").cookie(&a).after(10).send().live().sets_without_end();
    let counted = || -> String { bed.count().send().sets_without_end() };
    let at = |cookie: &str, after| -> Answer { bed.state().cookie(cookie).after(after).send() };
    at(&counted(), DAY + 1).blank();
    let b = at(&counted(), DAY).live().sets_without_end();
    at(&b, 2 * DAY + 1).blank();
}

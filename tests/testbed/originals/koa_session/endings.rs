//! Sessions that are ended, and tokens that are exchanged.

use crate::bed::Home;
use serde_json::json;

// Fails when an ended session keeps its cookie, or comes back where that can be helped.
pub fn null_ends_the_session(home: Home) {
    let bed = home.bed(&[]);
    let a = bed.set(json!({"note": "hello"})).send().sets();
    bed.post("/destroy").cookie(&a).after(1).send().blank().removes();
    bed.state().after(1).send().blank().silent();
    let again = bed.state().cookie(&a).after(1).send();
    match home {
        // The old token lives to its end.
        Home::Cookie => drop(again.live().has("note", "hello")),
        Home::Store => drop(again.blank().silent()),
    }
    let a = bed.set(json!({"note": "x"})).send().sets();
    bed.post("/fail?status=200&then=destroy").cookie(&a).send().blank().removes();
    let again = bed.post("/destroy").cookie(&a).send().blank();
    match home {
        Home::Cookie => drop(again.removes()),
        // An ended id is left alone.
        Home::Store => drop(again.silent()),
    }
}

// Fails when a session is made, or a cookie removed, for a session that never was.
pub fn null_on_a_new_session_sets_nothing(home: Home) {
    let bed = home.bed(&[]);
    bed.post("/destroy").send().blank().silent();
    bed.post("/fail?status=200&then=destroy").send().blank().silent();
}

// Fails when a new token costs content, or the old one still opens what is in a store.
pub fn rotate_changes_the_token_and_not_the_content(home: Home) {
    let bed = home.bed(&[]);
    bed.post("/rotate").send().blank().silent();
    let made = bed.set(json!({"note": "hi"})).send();
    let a = made.sets();
    let rotated = bed.post("/rotate").cookie(&a).after(1).send().live().has("note", "hi");
    assert_eq!(rotated.id(), made.id());
    let b = rotated.sets();
    assert_ne!(a, b);
    bed.state().cookie(&b).after(1).send().live().silent().has("note", "hi");
    let old = bed.state().cookie(&a).after(1).send();
    match home {
        Home::Cookie => drop(old.live()),
        Home::Store => {
            old.blank().silent();
            let write = bed.set(json!({"note": "x"})).cookie(&a).after(1);
            write.answers(409).without_cookie().kind("ended");
        }
    }
    // Both in one.
    let a = bed.set(json!({"views": 1})).send().sets();
    let both = bed.post("/fail?status=200&then=rotate").cookie(&a).after(1).send();
    let read = bed.state().cookie(&both.sets()).after(1).send().live();
    read.has("note", "failed").has("views", 1);
}

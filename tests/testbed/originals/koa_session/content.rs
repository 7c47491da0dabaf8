//! What is in a session, what counts as a change of it, and what a change sends.

use crate::answer::{Answer, state};
use crate::bed::{Ask, DAY, Home};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

// Fails when a character that means something to cookies, JSON or JavaScript is lost.
pub fn text_with_a_semicolon_survives(home: Home) {
    let bed = home.bed(&[]);
    let scratch = json!({"_expire": "1", "maxAge": "2", "__proto__": "3", "length": "4"});
    for note in [";", "é日本🦀;\"\\"] {
        let made = bed.set(json!({"note": note, "scratch": scratch})).send().has("note", note);
        let read = bed.state().cookie(&made.sets()).send().silent().live();
        read.has("note", note).has("scratch", scratch.clone());
    }
}

// Fails when a request whose handler takes no session renews it, removes it, or sets any header.
pub fn what_is_not_asked_for_sets_nothing(home: Home) {
    let bed = home.bed(&[]);
    let a = bed.set(json!({"note": "hello"})).send().sets();
    let nothing = |ask: Ask<'_>| {
        assert_eq!(ask.send().silent().says(json!("ok")).header("vary"), None);
    };
    nothing(bed.get("/untouched"));
    let asked = [(&*a, 0), (&a, DAY - 1), (&a, DAY + 1), ("__Host-session=bad", 0)];
    for (cookie, after) in asked {
        nothing(bed.get("/untouched").cookie(cookie).after(after));
    }
}

// Fails when a session is made for who only looks.
pub fn a_new_session_that_is_only_read_sets_nothing(home: Home) {
    let bed = home.bed(&[]);
    let vary = |answer: &Answer| {
        answer.header("vary").map(str::to_ascii_lowercase) == Some("cookie".into())
    };
    assert!(vary(&bed.get("/extract").send().silent().says(json!("ok"))));
    let first = bed.state().send().blank().silent().shows("changed", json!([]));
    assert!(vary(&first));
    bed.post("/same").send().blank().silent();
    bed.post("/flip").send().blank().silent();
    let second = bed.state().send().blank().silent();
    match home {
        Home::Cookie => assert!(first.id().is_null() && second.id().is_null()),
        Home::Store => {
            assert_eq!(first.id().as_str().map(str::len), Some(32));
            assert_ne!(first.id(), second.id());
        }
    }
}

// Fails when content is not saved, is shared between visitors, or stands in the cookie of a store.
pub fn a_new_session_with_content_sets_one_cookie(home: Home) {
    let bed = home.bed(&[]);
    let made = bed.set(json!({"note": "hello"})).send();
    let a = made.sets();
    made.shows("new", true)
        .shows("changed", json!(["note"]))
        .shows("state", state(json!({"note": "hello"})));
    let read = bed.state().cookie(&a).send().live().silent();
    read.shows("changed", json!([])).has("note", "hello");
    let b = bed.post("/edit").json(&json!({"colour": "blue"})).send().sets();
    assert_ne!(a, b);
    let (_, token) = a.split_once('=').expect("a pair");
    let bytes = URL_SAFE_NO_PAD.decode(token).expect("base64url");
    let readable = bytes.windows(5).any(|bytes| bytes == b"hello");
    assert_eq!(readable, home == Home::Cookie);
    assert!(!token.contains("hello"));
}

// Fails when reading, or writing what was there, sends a cookie.
pub fn a_saved_session_that_is_only_read_sets_nothing(home: Home) {
    let bed = home.bed(&[]);
    let made = bed.set(json!({"note": "hello"})).send();
    let a = made.sets();
    bed.get("/extract").cookie(&a).send().silent().says(json!("ok"));
    for _ in 0..2 {
        bed.state().cookie(&a).send().silent().live();
    }
    for path in ["/same", "/flip"] {
        bed.post(path).cookie(&a).send().silent().live();
    }
    let read = bed.state().cookie(&a).send().silent().live().has("note", "hello");
    assert_eq!(read.id(), made.id());
}

// Fails when a change is lost, takes others with it, or sends a cookie that says nothing new.
pub fn a_changed_session_is_saved(home: Home) {
    let bed = home.bed(&[]);
    let mut a = bed.set(json!({"note": "foo"})).send().sets();
    let changed = bed.set(json!({"colour": "blue"})).cookie(&a).after(1).send();
    let changed = changed.shows("changed", json!(["colour"]));
    match home {
        Home::Cookie => {
            let b = changed.sets();
            assert_ne!(a, b);
            a = b;
        }
        Home::Store => drop(changed.silent()),
    }
    let read = bed.state().cookie(&a).after(1).send().live().silent();
    read.has("note", "foo").has("colour", "blue");
}

// Fails when a session is made for a value that is the initial one.
pub fn an_empty_object_on_a_new_session_sets_nothing(home: Home) {
    let bed = home.bed(&[]);
    bed.post("/replace").json(&json!({})).send().blank().silent();
    bed.post("/replace").send().blank().silent();
}

// Fails when something of the old content outlives its replacement, or something that is no object
// replaces it.
pub fn an_object_is_the_whole_content(home: Home) {
    let bed = home.bed(&[]);
    let made = bed.post("/replace").json(&json!({"note": "hello", "views": 2})).send();
    let mut a = made.sets();
    let made = made.shows("changed", json!(["views", "note"]));
    let blue = json!({"colour": "blue"});
    let replaced = bed.post("/replace").json(&blue).cookie(&a).after(1).send();
    assert_eq!(replaced.id(), made.id());
    match home {
        Home::Cookie => a = replaced.sets(),
        Home::Store => drop(replaced.silent()),
    }
    let read = bed.state().cookie(&a).after(1).send().live();
    read.shows("state", state(blue.clone()));
    bed.post("/replace").json(&blue).cookie(&a).after(2).send().silent().live();
    let text = bed.post("/replace").json(&json!("asdf"));
    text.answers(400).silent().kind("bad_json");
    let unknown = bed.post("/replace").json(&json!({"nope": 1}));
    unknown.answers(400).silent().kind("unknown_field");
}

// Fails when `save()` writes nothing because nothing changed.
pub fn save_writes_what_nobody_changed(home: Home) {
    let bed = home.bed(&["--events"]);
    let made = bed.post("/save").send().shows("changed", json!([]));
    let a = made.sets();
    bed.state().cookie(&a).send().live().shows("state", state(json!({})));
    bed.events();
    let saved = bed.post("/save").cookie(&a).after(1).send();
    match home {
        Home::Cookie => drop(saved.sets()),
        Home::Store => drop(saved.silent()),
    }
    let events = bed.events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["event"], "loaded");
    assert_eq!((&events[1]["event"], &events[1]["fields"]), (&json!("changed"), &json!([])));
}

// Fails when an error that is the client's own takes its session with it.
pub fn a_client_error_is_saved(home: Home) {
    let bed = home.bed(&[]);
    for status in [400, 401, 404, 499] {
        let failed = bed.post(&format!("/fail?status={status}&then=set")).answers(status);
        let failed = failed.says(json!({"error": "as asked", "kind": "failed"}));
        bed.state().cookie(&failed.sets()).send().live().has("note", "failed");
    }
}

// Fails when what `before_save` changed is not saved, or when it runs though nothing is due.
pub fn what_before_save_changes_is_saved(home: Home) {
    let bed = home.bed(&[]);
    let made = bed.set(json!({"note": "s"})).header("X-Stamp", "1").send().has("colour", "red");
    let read = bed.state().cookie(&made.sets()).send().live();
    read.has("note", "s").has("colour", "stamped");
    let b = bed.set(json!({"note": "s"})).send().sets();
    let read = bed.state().cookie(&b).header("X-Stamp", "1").send().silent();
    read.has("colour", "red");
    bed.state().cookie(&b).send().has("colour", "red");
}

// Fails when a write happens without being asked for, or not though it was.
pub fn without_auto_commit_only_commit_writes(home: Home) {
    let bed = home.bed(&["--no-auto-commit"]);
    bed.set(json!({"note": "hi"})).send().silent().has("note", "hi");
    bed.post("/save").send().silent();
    let a = bed.post("/commit").json(&json!({"note": "dummy"})).send().sets();
    bed.state().cookie(&a).send().live().has("note", "dummy");
    bed.set(json!({"note": "lost"})).cookie(&a).send().silent();
    bed.state().cookie(&a).send().live().has("note", "dummy");
}

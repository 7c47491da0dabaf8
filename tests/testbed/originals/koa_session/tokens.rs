//! Tokens: those that name nothing, those that travel otherwise, and those of others.

use crate::answer::Answer;
use crate::bed::Home;
use serde_json::{Value, json};

// Fails when a session that `valid` refuses is used, or written over.
pub fn what_valid_refuses_is_a_new_session(home: Home) {
    let bed = home.bed(&["--events"]);
    // A plain commit is not looked at.
    let made = bed.set(json!({"note": "poison"})).send();
    let a = made.sets();
    bed.events();
    bed.state().cookie(&a).send().blank().removes();
    let refused =
        json!({"event": "invalid", "path": "/state", "reason": "refused", "session": "State"});
    let mut of_note = refused.clone();
    of_note["field"] = "note".into();
    assert_eq!(bed.events(), [of_note]);
    let good = bed.set(json!({"note": "ok"})).cookie(&a).send();
    let b = good.sets();
    assert_ne!(a, b);
    assert_eq!(good.id() == made.id(), home == Home::Cookie);
    bed.state().cookie(&b).send().live().has("note", "ok");
    let c = bed.set(json!({"colour": "invalid"})).send().sets();
    bed.events();
    bed.state().cookie(&c).send().blank().removes();
    assert_eq!(bed.events(), [refused]);
}

// Fails when `valid` does not see the request, or when a session is lost to who may have it.
pub fn valid_sees_the_request(home: Home) {
    let bed = home.bed(&["--events"]);
    let a = bed.set(json!({"note": "mine"})).header("X-Refuse", "1").send().sets();
    bed.events();
    bed.state().cookie(&a).header("X-Refuse", "1").send().blank().removes();
    assert_eq!(
        bed.events(),
        [json!({"event": "invalid", "path": "/state", "reason": "refused", "session": "State"})]
    );
    let other = bed.set(json!({"note": "other"})).cookie(&a).header("X-Refuse", "1").send();
    assert_ne!(other.sets(), a);
    bed.state().cookie(&a).send().live().has("note", "mine");
}

// Fails when a token that somebody made up is adopted, kept, or an error.
pub fn a_token_that_names_nothing_is_a_new_session(home: Home) {
    let bed = home.bed(&["--events"]);
    let id = "A".repeat(64);
    let signed = "s:dsfdss.PjOnUyhFG5bkeHsZ1UbEY7bDerxBINnZsD5MUguEph8";
    for value in ["invalid-key", "invalid-session", signed, &id] {
        let cookie = format!("__Host-session={value}");
        bed.events();
        bed.state().cookie(&cookie).send().blank().removes();
        let events = bed.events();
        assert_eq!(events.len(), 1, "{events:?}");
        if home == Home::Store && value == id {
            // It is an id: of no row.
            assert_eq!(events[0]["event"], "missing");
        } else {
            assert_eq!(events[0]["event"], "invalid");
            assert_eq!(events[0]["reason"], "forged");
        }
        assert_ne!(bed.count().cookie(&cookie).send().has("views", 1).sets(), cookie);
    }
}

// Fails when a token with one character changed opens a session, or is taken for one that was good:
// in a store it names a row, and does not open it.
pub fn a_token_with_a_changed_end_is_a_new_session(home: Home) {
    let bed = home.bed(&["--events"]);
    let a = bed.set(json!({"note": "x"})).send().sets();
    let (start, end) = a.split_at(a.len() - 1);
    let changed = format!("{start}{}", if end == "A" { "B" } else { "A" });
    bed.events();
    for after in [0, 1, 120_000] {
        bed.state().cookie(&changed).after(after).send().blank().removes();
        let events = bed.events();
        assert_eq!(events.len(), 1, "{events:?}");
        match home {
            Home::Cookie => assert_eq!(events[0]["reason"], "forged"),
            Home::Store => assert_eq!(events[0]["event"], "missing"),
        }
    }
    let other = bed.count().cookie(&changed).send().has("views", 1).sets();
    assert!(other != a && other != changed);
    bed.state().cookie(&a).send().live().has("note", "x");
}

// Fails when a token is looked for, or answered, anywhere else than in its headers.
pub fn a_header_carries_the_token_both_ways(home: Home) {
    let bed = home.bed(&["--carrier", "header:user-token"]);
    let token = |answer: Answer| {
        let answer = answer.without_cookie();
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("vary"), Some("user-token"));
        answer.header("user-token").expect("a token").to_owned()
    };
    let v = token(bed.set(json!({"note": ";"})).send());
    let read = bed.state().header("User-Token", &v).send().live().silent().has("note", ";");
    assert_eq!((read.header("user-token"), read.header("vary")), (None, Some("user-token")));
    for name in ["__Host-session", "user-token"] {
        bed.state().cookie(&format!("{name}={v}")).send().blank();
    }
    let ended = bed.post("/destroy").header("User-Token", &v).send().blank();
    assert_eq!(token(ended), "");
    if home == Home::Store {
        bed.state().header("User-Token", &v).send().blank();
    }
    let v = token(bed.set(json!({"note": ";"})).send());
    let w = token(bed.post("/rotate").header("User-Token", &v).after(1).send());
    assert_ne!(v, w);
    bed.state().header("User-Token", &w).after(1).send().live().has("note", ";");
}

// Fails when two session types of one app disturb one another, or take one another's tokens.
pub fn two_session_types_have_a_cookie_each(home: Home) {
    let bed = home.bed(&[]);
    let a = bed.set(json!({"note": "v"})).send().sets();
    let admin = bed.post("/admin/set").json(&json!({"note": "a"})).cookie(&a).send();
    let b = admin.pair();
    assert!(b.starts_with("__Host-admin="), "{b}");
    let both = format!("{a}; {b}");
    bed.state().cookie(&both).send().silent().live().has("note", "v");
    bed.get("/admin/state").cookie(&both).send().silent().live().has("note", "a");
    let value = |pair: &str| pair.split_once('=').expect("a pair").1.to_owned();
    let swapped = bed.get("/admin/state").cookie(&format!("__Host-admin={}", value(&a))).send();
    swapped.shows("new", true).has("note", Value::Null).removes_named("__Host-admin");
    bed.state().cookie(&format!("__Host-session={}", value(&b))).send().blank().removes();
    bed.post("/destroy").cookie(&both).send().blank().removes();
    bed.get("/admin/state").cookie(&b).send().live().has("note", "a");
}

// Fails when a response loses what it had of its own, or may be cached though it has a token.
pub fn a_foreign_set_cookie_stays(home: Home) {
    let answer = home.bed(&[]).post("/other-cookies").send();
    let lines = answer.all("set-cookie");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[..2], ["first=1; Path=/", "second=2; Path=/; HttpOnly"]);
    assert!(lines[2].starts_with("__Host-session="), "{lines:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let vary = answer.all("vary").join(", ").to_ascii_lowercase();
    let vary: Vec<&str> = vary.split(", ").collect();
    assert!(vary.contains(&"accept") && vary.contains(&"cookie"), "{vary:?}");
}

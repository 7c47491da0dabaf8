//! Row A.20: values of fields in the log, if that was asked for.

use http::StatusCode;
use session::{Event, Session, SessionBuilder, TypedSession, days};
use session_tests::{Shelf, Site, Traced, at_once, site, stored_site};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "correct-horse-battery-staple";

#[derive(Session)]
struct Open {
    #[session(valid = few)]
    views: u64,
    note: String,
    #[session(skip)]
    scratch: String,
}

#[derive(Session)]
struct Closed {
    #[session(valid = few)]
    views: u64,
    note: String,
    #[session(secret)]
    password: String,
    #[session(secret)]
    pin: u64,
    odd: BTreeMap<Vec<u8>, String>,
}

fn few(views: &u64) -> bool {
    *views < 1000
}

fn open(views: u64, note: &str) -> Open {
    Open { views, note: note.to_owned(), scratch: PASSWORD.to_owned() }
}

fn closed(views: u64, note: &str) -> Closed {
    let password = PASSWORD.to_owned();
    Closed { views, note: note.to_owned(), password, pin: 74_656, odd: BTreeMap::new() }
}

/// What callbacks were told: events and values.
type Told = Arc<Mutex<Vec<(&'static str, Option<String>)>>>;

fn telling<T: session::SessionData, M>(
    builder: SessionBuilder<T, M>,
    told: &Told,
) -> SessionBuilder<T, M> {
    let told = Arc::clone(told);
    builder.on_event_in(move |event, context| {
        let mut told = told.lock().expect("sane");
        told.push((event.name(), context.values().map(str::to_owned)));
    })
}

fn stored(told: &Told, log_values: bool) -> (Site<Closed>, Shelf) {
    stored_site::<Closed, _>(|b| telling(b, told).log_values(log_values))
}

/// The values that the last event of this name was traced with.
fn traced(log: &Traced, event: &str) -> Option<String> {
    let lines = log.take();
    let line = lines.iter().rfind(|line| line.field("event") == Some(event));
    line.unwrap_or_else(|| panic!("no {event}")).field("values").map(str::to_owned)
}

// Fails when a value is shown unasked, not shown when asked, or a secret one is; or when callbacks and
// `tracing` differ.
#[tokio::test]
async fn a_20_values_are_logged_only_when_asked() {
    for log_values in [false, true] {
        let log = Traced::default();
        let _guard = session_tests::hear(log.clone());
        let told = Told::default();
        let said = |event: &str, values: &str| {
            let expected = log_values.then(|| values.to_owned());
            assert_eq!(traced(&log, event), expected, "{event}");
            let told = std::mem::take(&mut *told.lock().expect("sane"));
            let told = told.into_iter().rfind(|(name, _)| *name == event);
            assert_eq!(told.map(|(_, values)| values), Some(expected), "{event}");
        };
        // In a cookie.
        let site = site::<Open, _>(|b| telling(b, &told).log_values(log_values));
        let warnings = log.take();
        let warnings: Vec<_> = warnings.iter().filter_map(|line| line.field("message")).collect();
        let warned = ["values of session fields are in the log"];
        assert_eq!(warnings, if log_values { &warned[..] } else { &[] });
        site.run("", async |mut s: TypedSession<Open>| s.note = "a".to_owned()).await;
        said("created", r#"{"views":0,"note":"a"}"#);
        let change = async |mut s: TypedSession<Open>| s.note = "b".to_owned();
        site.run(&site.cookie(open(1, "a")), change).await;
        said("changed", r#"{"note":"b"}"#);
        site.run(&site.cookie(open(1, "a")), async |mut s: TypedSession<Open>| s.save()).await;
        assert_eq!(traced(&log, "changed"), None, "forced: nothing changed");
        site.run(&site.cookie(open(1000, "a")), async |_: TypedSession<Open>| {}).await;
        said("invalid", r#"{"views":1000}"#);
        let cookie = site.cookie(open(1, "a"));
        site.clock.advance(days(2));
        site.run(&cookie, async |_: TypedSession<Open>| {}).await;
        said("expired", r#"{"views":1,"note":"a"}"#);

        // In a store.
        let (site, _) = stored(&told, log_values);
        type Handle = TypedSession<Closed>;
        site.run("", async |mut s: Handle| s.password = PASSWORD.to_owned()).await;
        let all = r#""password":"[secret]","pin":"[secret]","odd":{}"#;
        said("created", &format!(r#"{{"views":0,"note":"",{all}}}"#));
        let change = async |mut s: Handle| {
            s.views = 2;
            (s.password, s.pin) = (PASSWORD.repeat(2), 74_657);
        };
        site.run(&site.cookie(closed(1, "a")), change).await;
        said("changed", r#"{"views":2,"password":"[secret]","pin":"[secret]"}"#);
        site.run(&site.cookie(closed(1000, "a")), async |_: Handle| {}).await;
        said("invalid", r#"{"views":1000}"#);
        let cookie = site.cookie(closed(1, "a"));
        site.clock.advance(days(1));
        // The row is there still, and past its end.
        site.clock.advance(session::seconds(5));
        site.run(&cookie, async |_: Handle| {}).await;
        said("expired", &format!(r#"{{"views":1,"note":"a",{all}}}"#));
    }
}

// Fails when ids, tokens or secret values stand in any line or are told, or its callback gets values
// for events that have none.
#[tokio::test]
async fn a_20_nothing_secret_is_logged_ever() {
    let log = Traced::default();
    let _guard = session_tests::hear(log.clone());
    let told = Told::default();
    let (site, _) = stored(&told, true);
    let mut visitor = site.visitor();
    let (mut ids, mut cookies) = (Vec::new(), Vec::new());
    for act in [
        (|s: &mut TypedSession<Closed>| s.password = PASSWORD.to_owned()) as fn(&mut _),
        |s| s.rotate(),
        |s| s.pin = 74_656,
        |s| drop(s.odd.insert(vec![1], PASSWORD.to_owned())),
        |s| s.replace(closed(1, "")),
        |s| s.destroy(),
    ] {
        cookies.push(visitor.cookie.clone());
        let reply = visitor.sends(async move |mut s: TypedSession<Closed>| {
            act(&mut s);
            s.id().expect("in a store").to_string()
        });
        ids.push(reply.await.body);
    }
    let all = format!("{:?} {:?}", log.take(), told.lock().expect("sane"));
    assert!(all.contains("[secret]") && all.contains("rotated"), "{all}");
    let tokens = cookies.iter().filter_map(|cookie| Some(cookie.split_once('=')?.1));
    let secrets = tokens.chain(ids.iter().map(|id| &**id).filter(|id| !id.is_empty()));
    for secret in secrets.chain([PASSWORD, "74656", "74657"]) {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[derive(Session)]
#[session(schema = "Closed")]
struct Newer {
    views: String,
    note: u64,
    #[session(secret)]
    password: u64,
}

// Fails when what does not decode shows more than the field that does not, or its secret.
#[tokio::test]
async fn a_20_what_does_not_decode_is_shown_but_no_secret() {
    let log = Traced::default();
    let _guard = session_tests::hear(log.clone());
    let told = Told::default();
    let (older, shelf) = stored(&told, true);
    let cookie = older.cookie(closed(5, "a"));
    let builder = session::SessionLayer::<Newer>::stored(shelf.clone()).log_values(true);
    let site = older.beside(builder);
    site.run(&cookie, async |_: TypedSession<Newer>| {}).await;
    assert_eq!(traced(&log, "undecodable").as_deref(), Some(r#"{"views":5}"#));

    #[derive(Session)]
    #[session(schema = "Closed")]
    struct Third {
        #[session(secret)]
        password: u64,
    }
    let site = older.beside(session::SessionLayer::<Third>::stored(shelf).log_values(true));
    site.run(&cookie, async |_: TypedSession<Third>| {}).await;
    assert_eq!(traced(&log, "undecodable").as_deref(), Some(r#"{"password":"[secret]"}"#));
}

// Fails when what goes into the log has no bound, breaks a line, or is no JSON any more.
#[tokio::test]
async fn a_20_what_is_logged_is_bounded() {
    let log = Traced::default();
    let _guard = session_tests::hear(log.clone());
    let (site, _) = stored(&Told::default(), true);
    let said = |note: &str| {
        let note = note.to_owned();
        let handler = async move |mut s: TypedSession<Closed>| s.note = note;
        let reply = at_once(site.run("", handler));
        assert_eq!(reply.status, StatusCode::OK);
        let text = traced(&log, "created").expect("values");
        assert!(text.len() < 1024 && !text.chars().any(char::is_control), "{text}");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json["note"].as_str().expect("a text").to_owned()
    };
    let hostile = "\"\\\n\u{1b}[31m\u{9b}\u{7f}é";
    assert_eq!(said(hostile), hostile);
    // The bytes are those of the JSON text, with its quotes.
    assert_eq!(said(&"x".repeat(100_000)), format!("\"{}… (100002 bytes)", "x".repeat(255)));
    // Cut between characters.
    assert_eq!(said(&"é".repeat(1000)), format!("\"{}… (2002 bytes)", "é".repeat(127)));
    assert!(said(&hostile.repeat(100)).starts_with("\"\\\"\\\\\\n\\u001b[31m\u{9b}"));
}

// Fails when nobody listens and values are encoded all the same: what they encode counts here.
#[test]
fn a_20_nothing_is_encoded_for_nobody() {
    use serde::{Deserialize, Serialize, Serializer};
    use std::cell::Cell;

    thread_local! {
        static ENCODED: Cell<u32> = const { Cell::new(0) };
    }

    #[derive(Default, PartialEq, Deserialize)]
    struct Counted(u64);

    impl Serialize for Counted {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            ENCODED.set(ENCODED.get() + 1);
            to.serialize_u64(self.0)
        }
    }

    #[derive(Session)]
    struct Visit {
        counted: Counted,
    }

    let encodings = |log_values: bool, heard: bool| {
        let nothing = |_: &Event<'_>| {};
        let site = site::<Visit, _>(|b| b.on_event(nothing).log_values(log_values));
        let log = Traced::default();
        let _guard = heard.then(|| session_tests::hear(log));
        ENCODED.set(0);
        let change = async |mut s: TypedSession<Visit>| s.counted = Counted(1);
        at_once(site.run("", change));
        ENCODED.get()
    };
    let without = encodings(false, true);
    assert_eq!(encodings(true, false), without, "nobody would see it");
    assert_eq!(encodings(true, true), without + 1, "and that this test can see it");
}

/// Each field `[String; 8]`.
macro_rules! many {
    ($($field:ident)*) => {
        #[derive(Session)]
        struct Many {
            $($field: [String; 8],)*
        }

        fn fill(many: &mut Many) {
            $(many.$field = std::array::from_fn(|_| "y".repeat(50));)*
        }
    };
}
many! { a b c d e f g h i j k l m n o p q r s t u v w x }

// Fails when the whole has no bound of its own.
#[tokio::test]
async fn a_20_many_fields_are_bounded_too() {
    let log = Traced::default();
    let _guard = session_tests::hear(log.clone());
    let (site, _) = stored_site::<Many, _>(|b| b.log_values(true));
    site.run("", async |mut s: TypedSession<Many>| fill(&mut s)).await;
    let text = traced(&log, "created").expect("values");
    assert!((4096..5000).contains(&text.len()), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(json["a"].as_str().is_some_and(|a| a.ends_with("… (425 bytes)")), "{text}");
    let shown = json.as_object().map_or(0, |object| object.len() - 1);
    assert_eq!(json["…"], format!("{} more", 24 - shown));
}

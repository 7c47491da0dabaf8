//! Rule 32: no token, key or value of a field in logs, events, errors or `Debug`.

use session::{Keys, Session, SessionLayer, TypedSession, days};
use session_tests::{NAME, site, site_under};
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit as Visits};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const PASSWORD: &str = "correct-horse-battery-staple";
const KEY: &str = "raw-key-raw-key-raw-key-raw-key-";
const OLD_KEY: &str = "old-key-old-key-old-key-old-key-";

#[derive(Session)]
#[session(valid = whole)]
struct Visit {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    password: String,
    odd: std::collections::BTreeMap<Vec<u8>, String>,
}

fn whole(visit: &Visit) -> bool {
    visit.views != 13
}

fn visit() -> Visit {
    Visit { views: 1, user: None, password: PASSWORD.to_owned(), odd: Default::default() }
}

/// Writes everything that is traced, at any level, by anybody.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visits for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(&mut self.0.lock().expect("sane")));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().expect("sane")));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut log = self.0.lock().expect("sane");
        let _ = write!(log, "\n{} {}", event.metadata().level(), event.metadata().target());
        event.record(&mut Line(&mut log));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Everything that could be printed of a session's life, and the secrets that must not be in it.
#[derive(Default)]
struct Heard {
    text: String,
    secrets: Vec<String>,
}

impl Heard {
    fn say(&mut self, thing: impl fmt::Debug) {
        let _ = write!(self.text, "\n{thing:?}");
    }

    fn secret(&mut self, cookie: &str) {
        let token = cookie.rsplit('=').next().unwrap_or_default();
        // Its tag, as text.
        self.secrets.push(token[token.len() - 40..].to_owned());
    }
}

type Handle = TypedSession<Visit>;

// Fails when a `Debug`, a `Display`, an event or a log line shows what it must not.
#[tokio::test]
async fn rule_32_nothing_secret_is_ever_printed() {
    let everything = Everything::default();
    let _guard = session_tests::hear(everything.clone());
    let heard = Arc::new(Mutex::new(Heard::default()));
    let events = Arc::clone(&heard);
    let keys = Keys::new([KEY, OLD_KEY]).expect("good keys");
    let site = site_under::<Visit, _>(keys.clone(), |b| {
        b.http_only(false).on_event(move |event| events.lock().expect("sane").say(event))
    });
    let builder = SessionLayer::<Visit>::signed(keys.clone());
    heard.lock().expect("sane").say((&keys, &site.layer, &builder));
    let old = site_under::<Visit, _>(Keys::new([OLD_KEY]).expect("good"), |b| b);
    let stranger = site_under::<Visit, _>(session_tests::ring("x"), |b| b);

    let fresh = site.cookie(visit());
    let cookies = [
        fresh.clone(),
        String::new(),
        old.cookie(visit()),
        stranger.cookie(visit()),
        format!("{fresh}x"),
        format!("{fresh}; {}", site.cookie(Visit { views: 2, ..visit() })),
        site.cookie(Visit { views: 13, ..visit() }),
    ];
    let does: [fn(&mut Handle); 8] = [
        |s| s.views += 1,
        |s| s.password.push('!'),
        |s| s.set_user(Some(PASSWORD.to_owned())),
        |s| s.destroy(),
        |s| s.rotate(),
        |s| s.password = PASSWORD.repeat(200),
        |s| drop(s.odd.insert(vec![1], PASSWORD.to_owned())),
        |s| s.replace(visit()),
    ];
    for cookie in cookies {
        for does in does {
            let heard = Arc::clone(&heard);
            if !cookie.is_empty() {
                heard.lock().expect("sane").secret(&cookie);
            }
            let print = Arc::clone(&heard);
            let handler = async move |mut s: Handle| {
                does(&mut s);
                let committed = s.commit().await;
                let mut heard = print.lock().expect("sane");
                heard.say((&s, s.changed()));
                if let Err(error) = committed {
                    heard.say((error.to_string(), &error));
                }
            };
            let reply = site.run(&cookie, handler).await;
            let mut heard = heard.lock().expect("sane");
            if let Some(token) = reply.token() {
                heard.secret(token);
            }
            heard.say((&reply.headers, &reply.error));
        }
    }
    let two = async |mut a: Handle, mut b: Handle| {
        (a.password, b.password) = (PASSWORD.repeat(2), PASSWORD.repeat(3));
    };
    let conflict = site.run(&fresh, two).await;
    heard.lock().expect("sane").say(&conflict.error);
    site.clock.advance(days(2));
    site.run(&fresh, async |_: Handle| {}).await;

    let heard = heard.lock().expect("sane");
    let log = everything.0.lock().expect("sane");
    let all = format!("{}\n{}", heard.text, log);
    for part in ["WARN session", "INFO session", "DEBUG session", "too_large", "rotated", "expired"]
    {
        assert!(all.contains(part), "`{part}` was never said: is anything captured?");
    }
    assert!(heard.secrets.len() > 40);
    for secret in heard.secrets.iter().map(String::as_str).chain([PASSWORD, KEY, OLD_KEY]) {
        let at = all.find(secret);
        assert_eq!(at, None, "{}", at.map_or("", |at| &all[at.saturating_sub(200)..at + 20]));
    }
    // Nor as numbers, or as the payload's base64.
    for encoded in [
        "114, 97, 119, 45, 107, 101, 121",
        "Y29ycmVjdC1ob3JzZS1i",
        "99, 111, 114, 114, 101, 99, 116",
    ] {
        assert!(!all.contains(encoded), "{encoded}");
    }
}

#[derive(Session)]
#[session(schema = "Visit")]
struct Other {
    password: u64,
}

// Fails when serde's own words, which quote values, are passed on.
#[tokio::test]
async fn rule_32_what_a_codec_says_is_not_printed() {
    let everything = Everything::default();
    let _guard = session_tests::hear(everything.clone());
    let cookie = site::<Visit, _>(|b| b).cookie(visit());
    let heard = Arc::new(Mutex::new(String::new()));
    let events = Arc::clone(&heard);
    let site = site::<Other, _>(|b| {
        b.on_undecodable(session::OnUndecodable::Fail).on_event(move |event| {
            let _ = write!(events.lock().expect("sane"), "{event:?}");
        })
    });
    let print = async |session: Result<TypedSession<Other>, session::SessionRejection>| {
        let error = session.expect_err("another type");
        let mut text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            let _ = write!(text, " {error} {error:?}");
            source = error.source();
        }
        text
    };
    let reply = site.run(&cookie, print).await;
    assert!(cookie.starts_with(NAME));
    let log = everything.0.lock().expect("sane");
    for text in [&*reply.body, &*heard.lock().expect("sane"), &*log] {
        assert!(!text.contains("horse"), "{text}");
    }
    assert!(reply.body.contains("password"), "the field's name is no secret: {}", reply.body);
}

// Fails when the level or the fields of the lines that operators search for change.
#[tokio::test]
async fn rule_32_tracing_gets_the_events_under_stable_names() {
    let everything = Everything::default();
    let _guard = session_tests::hear(everything.clone());
    let site = site::<Visit, _>(|b| b);
    site.run(&format!("{NAME}=bad"), async |_: Handle| {}).await;
    let grow = async |mut s: Handle| s.password = PASSWORD.repeat(200);
    site.run(&site.cookie(visit()), grow).await;
    let log = everything.0.lock().expect("sane");
    assert!(log.contains("INFO session event=\"invalid\" session=\"Visit\""), "{log}");
    assert!(log.contains("DEBUG session event=\"loaded\" session=\"Visit\""), "{log}");
    let large = "WARN session event=\"too_large\" session=\"Visit\" field=\"password\"";
    assert!(log.contains(large), "{log}");
}

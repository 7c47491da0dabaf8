//! One client and one server over many requests, against a model.
//!
//! `model` and `request` say in the contract's words what each request must do; here the library
//! does it, and its tokens are read by the tests' own implementation of the format.

mod model;
mod request;
mod strategy;

use crate::reference::{BROWSER, Bound, EXPIRIES, OWN_LIFETIME, Parts, key_id};
use crate::serve::{SetCookie, cookies, extract, serve};
use http::{Response, StatusCode};
use model::{Answer, Ending, Exchange, Given, Model, Op, Sealed, Server, State};
use proptest::prelude::*;
use session::testing::ManualClock;
use session::{Keys, MaxAge, Session, SessionLayer, TypedSession};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;
use strategy::Step;

#[derive(Session)]
#[session(schema = "client")]
struct Client {
    views: u8,
    note: Option<u8>,
    #[session(keep, default = 3)]
    theme: u8,
    #[session(rotate)]
    user: Option<u8>,
    #[session(ttl = "10m")]
    sudo: Option<u8>,
}

const NAME: &str = "__Host-session";

fn key(index: usize) -> Vec<u8> {
    vec![u8::try_from(index).expect("small") + 1; 32]
}

impl Client {
    fn of(state: &State) -> Self {
        let State { views, note, theme, user, sudo } = *state;
        Self { views, note, theme, user, sudo }
    }

    fn model(&self) -> State {
        let Self { views, note, theme, user, sudo } = *self;
        State { views, note, theme, user, sudo }
    }
}

/// A server that has just been started.
fn layer(server: &Server, clock: &ManualClock) -> SessionLayer<Client> {
    let keys = Keys::new(server.ring.iter().map(|index| key(*index))).expect("good keys");
    SessionLayer::signed(keys)
        .clock(clock.clone())
        .max_age(Duration::from_millis(server.idle))
        .absolute(Duration::from_millis(server.absolute))
        .extend(server.extend)
        .auto_commit(server.auto_commit)
        .save_empty(server.save_empty)
        .commit_on_server_error(server.commit_on_server_error)
        .build()
        .expect("good options")
}

fn apply(op: &Op, session: &mut TypedSession<Client>) {
    match *op {
        Op::AddView => session.views = session.views.wrapping_add(1),
        Op::SetNote(note) => session.set_note(note),
        Op::TakeNote => drop(session.take_note()),
        Op::SetTheme(theme) => *session.theme_mut() = theme,
        Op::SameValues => **session = Client::of(&session.model()),
        Op::SetSudo(sudo) => session.set_sudo(sudo),
        Op::WriteSudo(sudo) => session.sudo = sudo,
        Op::SetUser(user) => session.set_user(user),
        Op::WriteUser(user) => session.user = user,
        Op::Rotate => session.rotate(),
        Op::Reauthenticated => session.reauthenticated(),
        Op::Replace(ref state) => session.replace(Client::of(state)),
        Op::Save => session.save(),
        Op::Discard => session.discard(),
        Op::Destroy => session.destroy(),
        Op::SetMaxAge(ms) => {
            session.set_max_age(Duration::from_millis(ms)).expect("a good lifetime");
        }
        Op::SetBrowser => session.set_max_age(MaxAge::Browser).expect("a good lifetime"),
    }
}

/// What the handler saw.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    at_first: Given,
    at_last: State,
    new_at_last: bool,
}

fn ask(
    sessions: &SessionLayer<Client>,
    tokens: &[&str],
    exchange: &Exchange,
) -> (Response<()>, Option<Seen>) {
    let mut seen = None;
    let response = serve(sessions, cookies(NAME, tokens), |request| {
        if !exchange.extracts {
            return StatusCode::NO_CONTENT;
        }
        let handled = catch_unwind(AssertUnwindSafe(|| {
            let mut session = extract::<Client>(request).expect("no rejection");
            let max_age = match session.max_age() {
                MaxAge::Idle(idle) => Some(u64::try_from(idle.as_millis()).expect("48 bits")),
                _ => None,
            };
            let at_first = Given { state: session.model(), new: session.is_new(), max_age };
            for op in &exchange.ops {
                apply(op, &mut session);
            }
            let (at_last, new_at_last) = (session.model(), session.is_new());
            seen = Some(Seen { at_first, at_last, new_at_last });
            if exchange.ending == Ending::Panic {
                // No message on the way.
                resume_unwind(Box::new(()));
            }
        }));
        match exchange.ending {
            _ if handled.is_err() => StatusCode::INTERNAL_SERVER_ERROR,
            Ending::Ok | Ending::Panic => StatusCode::OK,
            Ending::NotFound => StatusCode::NOT_FOUND,
            Ending::Fail => StatusCode::SERVICE_UNAVAILABLE,
        }
    });
    (response, seen)
}

/// Reads a token without the library.
fn unsealed(token: &str) -> Sealed {
    let (index, parts) = (0..3)
        .find_map(|index| {
            let key = key(index);
            let bound = Bound { key: &key, mode: "signed", cookie: NAME, schema: "client" };
            bound.open(token).map(|parts| (index, parts))
        })
        .expect("under one of the keys");
    let Parts { version, key_id: id, flags, payload_version, .. } = parts;
    assert_eq!((version, id, payload_version), (1, key_id(&key(index)), 0));
    assert_eq!(flags & EXPIRIES != 0, !parts.expiries.is_empty());
    let json: serde_json::Value = serde_json::from_slice(&parts.payload).expect("JSON");
    let number = |name: &str| json[name].as_u64().map(|n| u8::try_from(n).expect("a byte"));
    assert_eq!(json.as_object().map(serde_json::Map::len), Some(5), "every field, nothing else");
    Sealed {
        key: index,
        started: parts.started,
        rotated: parts.rotated,
        renewed: parts.renewed,
        idle: parts.idle,
        own: flags & OWN_LIFETIME != 0,
        browser: flags & BROWSER != 0,
        sudo_end: match &*parts.expiries {
            [] => None,
            [(name, end)] if name == "sudo" => Some(*end),
            other => panic!("ends of fields that have none: {other:?}"),
        },
        state: State {
            views: number("views").expect("a number"),
            note: number("note"),
            theme: number("theme").expect("a number"),
            user: number("user"),
            sudo: number("sudo"),
        },
    }
}

fn play(server: Server, steps: &[Step]) -> Result<(), TestCaseError> {
    let clock = ManualClock::default();
    let mut model = Model { server, now: clock.ms() };
    let mut jar: Option<usize> = None;
    // Everything that the server ever sent, as text and as the model has it.
    let mut history: Vec<(String, Sealed)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let exchange = match step {
            Step::Advance(ms) => {
                model.now += ms;
                clock.set(model.now);
                continue;
            }
            Step::Rewind(ms) => {
                model.now -= ms;
                clock.set(model.now);
                continue;
            }
            Step::Keys(ring) => {
                model.server.ring.clone_from(ring);
                continue;
            }
            Step::Replay(n) => {
                jar = (!history.is_empty()).then(|| n % history.len());
                continue;
            }
            Step::Exchange(exchange) => exchange,
        };
        let mut brought: Vec<usize> = jar.into_iter().collect();
        if let Some(n) = exchange.also
            && !history.is_empty()
        {
            brought.push(n % history.len());
        }
        let tokens: Vec<_> = brought.iter().map(|index| history[*index].0.as_str()).collect();
        let sealed: Vec<_> = brought.iter().map(|index| &history[*index].1).collect();
        let expected = model.answer(&sealed, exchange);

        let sessions = layer(&model.server, &clock);
        let (response, seen) = ask(&sessions, &tokens, exchange);
        let at = format!("step {number}, {step:?}, having brought {sealed:?} at {}", model.now);

        let expected_seen = expected.seen.map(|(at_first, at_last, new_at_last)| Seen {
            at_first,
            at_last,
            new_at_last,
        });
        prop_assert_eq!(seen, expected_seen, "{}", at);
        let set_cookie = SetCookie::of(&response);
        let answer = match &set_cookie {
            SetCookie::Untouched => Answer::Untouched,
            SetCookie::Removed => Answer::Removed,
            SetCookie::Token(token) => Answer::Token(unsealed(token)),
        };
        prop_assert_eq!(&answer, &expected.answer, "{}", at);
        check_headers(&response, exchange, &answer, &model)?;
        match (set_cookie, answer) {
            (SetCookie::Token(text), Answer::Token(sealed)) => {
                history.push((text, sealed));
                jar = Some(history.len() - 1);
            }
            (SetCookie::Removed, _) => jar = None,
            _ => {}
        }
    }
    Ok(())
}

/// Rule 19, and Max-Age of rule 18.
fn check_headers(
    response: &Response<()>,
    exchange: &Exchange,
    answer: &Answer,
    model: &Model,
) -> Result<(), TestCaseError> {
    let header = |name: &str| response.headers().get(name).map(|v| v.to_str().expect("ASCII"));
    prop_assert_eq!(header("vary"), exchange.extracts.then_some("Cookie"));
    let sent = *answer != Answer::Untouched;
    prop_assert_eq!(header("cache-control"), sent.then_some("no-store"));
    if let Answer::Token(sealed) = answer {
        let cookie = header("set-cookie").expect("sent");
        let max_age = cookie.split("; ").find_map(|part| part.strip_prefix("Max-Age="));
        let left = model.end(sealed).saturating_sub(model.now).div_ceil(1000).to_string();
        prop_assert_eq!(max_age, (!sealed.browser).then_some(left.as_str()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    // Fails when any rule of the model is broken: what a handler is given, whether a cookie comes,
    // what it holds, and when it ends (rules 7 to 9, 11, 13, 17 to 19, 30, 31).
    #[test]
    fn one_client_over_many_requests(server in strategy::server(), steps in strategy::steps()) {
        play(server, &steps)?;
    }
}

// Fails when the strategy no longer reaches what the test is about.
#[test]
fn the_random_runs_reach_every_answer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let tree = (strategy::server(), strategy::steps()).new_tree(&mut runner).expect("a value");
        let (server, steps) = tree.current();
        let mut model = Model { server, now: 1_700_000_000_000 };
        let mut history: Vec<Sealed> = Vec::new();
        let mut jar = None;
        for step in steps {
            match step {
                Step::Advance(ms) => model.now += ms,
                Step::Rewind(ms) => model.now -= ms,
                Step::Keys(ring) => model.server.ring = ring,
                Step::Replay(n) => jar = (!history.is_empty()).then(|| n % history.len()),
                Step::Exchange(exchange) => {
                    let mut brought: Vec<_> = jar.iter().map(|n: &usize| &history[*n]).collect();
                    if let Some(n) = exchange.also.filter(|_| !history.is_empty()) {
                        brought.push(&history[n % history.len()]);
                    }
                    let expected = model.answer(&brought, &exchange);
                    reached.extend(expected.because);
                    match expected.answer {
                        Answer::Token(sealed) => {
                            history.push(sealed);
                            jar = Some(history.len() - 1);
                        }
                        Answer::Removed => jar = None,
                        Answer::Untouched => {}
                    }
                }
            }
        }
    }
    let missing: Vec<_> = model::REASONS.iter().filter(|why| !reached.contains(*why)).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}");
}

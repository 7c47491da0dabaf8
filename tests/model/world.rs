//! Random sequences by several clients on one store, beside a small model of a session's life.

use crate::state::{Handle, Visit, VisitIndexes, visit};
use proptest::collection::vec;
use proptest::prelude::*;
use session::store::CompareAndSet;
use session::{SessionBuilder, TypedSession};
use session::{hours, minutes};
use session_tests::{NAME, Reply, Shelf, Site, request, site_of};
use tokio::runtime::Runtime;

/// What somebody does with the cookie that they have: their own latest, or one that they kept.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Read,
    Add(u8),
    SetBack,
    Login(u8),
    LoginAgain,
    Logout,
    Rotate,
    Destroy,
    DestroyAndAdd,
    Fail,
    Commit(u8),
    MaxAge(u8),
    Replace,
    /// All sessions of a user are ended from outside.
    EndAll(u8),
}

#[derive(Debug, Clone, Copy)]
pub struct Move {
    pub client: usize,
    pub stale: bool,
    pub wait: u32,
    pub step: Step,
}

pub fn moves() -> impl Strategy<Value = Vec<Move>> {
    let step = prop_oneof![
        3 => Just(Step::Read),
        5 => (1..9_u8).prop_map(Step::Add),
        1 => Just(Step::SetBack),
        4 => (0..2_u8).prop_map(Step::Login),
        1 => Just(Step::LoginAgain),
        2 => Just(Step::Logout),
        2 => Just(Step::Rotate),
        2 => Just(Step::Destroy),
        1 => Just(Step::DestroyAndAdd),
        2 => Just(Step::Fail),
        2 => (1..9_u8).prop_map(Step::Commit),
        1 => (1..9_u8).prop_map(Step::MaxAge),
        1 => Just(Step::Replace),
        1 => (0..2_u8).prop_map(Step::EndAll),
    ];
    let wait = prop_oneof![4 => Just(0), 2 => 1..30_u32, 1 => 30..1500_u32];
    let one = (0..3_usize, prop::bool::weighted(0.2), wait, step);
    vec(one.prop_map(|(client, stale, wait, step)| Move { client, stale, wait, step }), 1..60)
}

/// A live session as the model has it.
#[derive(Debug, Clone)]
struct Session {
    cookie: String,
    hits: u64,
    user: Option<u8>,
    started: u64,
    renewed: u64,
    idle: u64,
}

const ABSOLUTE: u64 = 40 * 3_600_000;
const IDLE: u64 = 10 * 3_600_000;

impl Session {
    fn end(&self) -> u64 {
        (self.renewed + self.idle).min(self.started + ABSOLUTE)
    }

    fn renew(&mut self, now: u64) -> bool {
        let left = (self.renewed + self.idle).saturating_sub(now);
        let due =
            left * 2 < self.idle && (now + self.idle).min(self.started + ABSOLUTE) > self.end();
        if due {
            self.renewed = now;
        }
        due
    }
}

fn user(n: u8) -> String {
    ["ann", "bob"][usize::from(n)].to_owned()
}

/// Sessions in some store.
pub type Stored = SessionBuilder<Visit, CompareAndSet>;

pub struct World<'r> {
    runtime: &'r Runtime,
    site: Site<Visit>,
    /// Where rows can be counted.
    shelf: Option<Shelf>,
    live: Vec<Session>,
    /// For each client: the newest cookie, and one of before.
    cookies: [(String, String); 3],
}

impl<'r> World<'r> {
    /// On a store where nobody else's sessions are.
    pub fn new(runtime: &'r Runtime, layer: Stored, shelf: Option<Shelf>) -> Self {
        let site = site_of(layer.max_age(hours(10)).absolute(hours(40)));
        Self { runtime, site, shelf, live: Vec::new(), cookies: Default::default() }
    }

    /// The cookie of a client.
    pub fn cookie(&self, client: usize) -> &str {
        &self.cookies[client].0
    }

    /// The session that a cookie brings.
    pub fn open(&self, cookie: &str) -> TypedSession<Visit> {
        let (head, _) = request(cookie).into_parts();
        self.runtime.block_on(self.site.layer.open(&head.headers)).expect("no rejection")
    }

    /// Commits what is in a session.
    pub fn close(&self, session: TypedSession<Visit>) {
        let mut sent = http::HeaderMap::new();
        self.runtime.block_on(self.site.layer.close(session, &mut sent)).expect("written");
    }

    fn send(&self, cookie: &str, step: Step) -> Reply {
        let fail = matches!(step, Step::Fail);
        let commit = matches!(step, Step::Commit(_));
        let app = self.site.app(async move |mut s: Handle| {
            act(&mut s, step);
            if commit {
                // A straggler's is refused, as the response says.
                let _ = s.commit().await;
            }
            if fail { http::StatusCode::BAD_GATEWAY } else { http::StatusCode::OK }
        });
        self.runtime.block_on(self.site.send(app, request(cookie)))
    }

    pub fn play(&mut self, Move { client, stale, wait, step }: Move) {
        self.site.clock.advance(minutes(u64::from(wait)));
        let now = self.site.clock.ms();
        self.live.retain(|session| now <= session.end());
        let (newest, kept) = self.cookies[client].clone();
        let cookie = if stale { kept } else { newest };
        if let Step::EndAll(n) = step {
            let sessions = self.site.layer.sessions();
            let ended =
                self.runtime.block_on(sessions.by_user(&user(n)).end_all()).expect("a store");
            let before = self.live.len();
            self.live.retain(|session| session.user != Some(n));
            assert_eq!(ended, before - self.live.len());
            return;
        }
        let found = self.live.iter().position(|session| session.cookie == cookie);
        let reply = self.send(&cookie, step);
        let token = reply.seals().then(|| format!("{NAME}={}", reply.token().expect("a token")));
        match found {
            Some(at) => self.on_live(at, step, now, token.clone(), &reply),
            None => self.on_none(step, now, token.clone(), &reply),
        }
        if let Some(token) = token {
            let before = std::mem::replace(&mut self.cookies[client].0, token);
            self.cookies[client].1 = before;
        } else if reply.removes() && !stale {
            self.cookies[client].1 = std::mem::take(&mut self.cookies[client].0);
        }
    }

    fn on_live(&mut self, at: usize, step: Step, now: u64, token: Option<String>, reply: &Reply) {
        let before = self.live[at].clone();
        let s = &mut self.live[at];
        let renewed =
            !matches!(step, Step::Fail | Step::Destroy | Step::DestroyAndAdd) && s.renew(now);
        let mut moved = renewed;
        let turn = |s: &mut Session, login: bool| {
            if login {
                (s.started, s.renewed) = (now, now);
            }
        };
        match step {
            Step::Read | Step::SetBack | Step::EndAll(_) | Step::Fail => {}
            Step::Add(n) | Step::Commit(n) => s.hits += u64::from(n),
            Step::Login(n) => {
                if s.user != Some(n) {
                    if s.user.is_some() {
                        (s.hits, s.idle) = (0, IDLE);
                    }
                    s.user = Some(n);
                    turn(s, true);
                    moved = true;
                }
            }
            Step::LoginAgain => {
                if s.user.is_some() {
                    turn(s, true);
                    moved = true;
                }
            }
            Step::Logout => moved |= s.user.take().is_some(),
            Step::Rotate => moved = true,
            Step::MaxAge(n) => {
                s.idle = u64::from(n) * 3_600_000;
                s.renewed = now;
                moved = true;
            }
            Step::Replace => s.hits = 100,
            Step::Destroy => {
                self.live.remove(at);
                assert!(reply.removes());
                return;
            }
            Step::DestroyAndAdd => {
                let cookie = token.expect("a new one");
                self.live[at] = Session { cookie, hits: 1, user: None, ..fresh(now) };
                return;
            }
        }
        assert_eq!(token.is_some(), moved, "{step:?} on {before:?}: {reply:?}");
        if let Some(token) = token {
            self.live[at].cookie = token;
        }
    }

    fn on_none(&mut self, step: Step, now: u64, token: Option<String>, reply: &Reply) {
        let made = match step {
            Step::Add(n) | Step::Commit(n) => Some((u64::from(n), None)),
            Step::Login(n) => Some((0, Some(n))),
            Step::MaxAge(_) => Some((0, None)),
            Step::Replace => Some((100, None)),
            Step::DestroyAndAdd => Some((1, None)),
            _ => None,
        };
        match (made, token) {
            (Some((hits, user)), Some(cookie)) => {
                let mut session = Session { cookie, hits, user, ..fresh(now) };
                if let Step::MaxAge(n) = step {
                    session.idle = u64::from(n) * 3_600_000;
                }
                self.live.push(session);
            }
            // A straggler.
            (Some((_, user)), None) => {
                assert!(user.is_none(), "a login always goes on");
                assert!(reply.status == 409 || reply.status == 500, "{step:?}: {reply:?}");
            }
            (None, token) => assert!(token.is_none(), "{step:?} made a session"),
        }
    }

    /// Everything that can be seen is as the model says.
    pub fn compare(&self) {
        for session in &self.live {
            let s = self.open(&session.cookie);
            let user = session.user.map(user);
            assert_eq!(
                (s.is_new(), s.hits, s.user.clone()),
                (false, session.hits, user),
                "{session:?}"
            );
        }
        let now = self.site.clock.ms();
        if let Some(shelf) = &self.shelf {
            let rows = shelf.rows();
            let alive = rows.iter().filter(|(_, record)| now <= record.times.ends().ms()).count();
            assert_eq!(alive, self.live.len(), "rows and sessions");
        }
        for n in 0..2 {
            let sessions = self.site.layer.sessions();
            let count = self.runtime.block_on(sessions.by_user(&user(n)).count()).expect("a store");
            let expected = self.live.iter().filter(|session| session.user == Some(n)).count();
            assert_eq!(count, expected, "the index of {}", user(n));
        }
    }
}

fn fresh(now: u64) -> Session {
    Session { cookie: String::new(), hits: 0, user: None, started: now, renewed: now, idle: IDLE }
}

fn act(s: &mut Handle, step: Step) {
    use crate::state::VisitFields;
    match step {
        Step::Read | Step::EndAll(_) => {}
        Step::Add(n) | Step::Commit(n) => s.hits += u64::from(n),
        Step::SetBack => {
            s.note = Some("x".into());
            s.note = None;
        }
        Step::Login(n) => s.user = Some(user(n)),
        Step::LoginAgain => {
            let user = s.user.clone();
            s.set_user(user);
        }
        Step::Logout => s.user = None,
        Step::Rotate => s.rotate(),
        Step::Destroy => s.destroy(),
        Step::DestroyAndAdd => {
            s.destroy();
            s.hits += 1;
        }
        Step::Fail => {
            s.hits += 1000;
            s.rotate();
        }
        Step::MaxAge(n) => s.set_max_age(hours(u64::from(n))).expect("good"),
        Step::Replace => {
            let user = s.user.clone();
            s.replace(Visit { hits: 100, user, ..visit(0) });
        }
    }
}

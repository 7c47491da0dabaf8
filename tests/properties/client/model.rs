//! What the contract says of one client, as plainly as it can be said.

use super::request::Request;
use session::Extend;
use std::collections::BTreeSet;

const SKEW: u64 = 60_000;

/// The content of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub views: u8,
    pub note: Option<u8>,
    pub theme: u8,
    pub user: Option<u8>,
    pub sudo: Option<u8>,
}

pub const INITIAL: State = State { views: 0, note: None, theme: 3, user: None, sudo: None };

/// The content of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    pub key: usize,
    pub started: u64,
    pub rotated: u64,
    pub renewed: u64,
    pub idle: u64,
    pub own: bool,
    pub browser: bool,
    pub sudo_end: Option<u64>,
    pub state: State,
}

#[derive(Debug, Clone)]
pub struct Server {
    /// The first signs.
    pub ring: Vec<usize>,
    pub idle: u64,
    pub absolute: u64,
    pub extend: Extend,
    pub auto_commit: bool,
    pub save_empty: bool,
    pub commit_on_server_error: bool,
}

#[derive(Debug, Clone)]
pub enum Op {
    AddView,
    SetNote(Option<u8>),
    TakeNote,
    SetTheme(u8),
    SameValues,
    SetSudo(Option<u8>),
    WriteSudo(Option<u8>),
    SetUser(Option<u8>),
    WriteUser(Option<u8>),
    Rotate,
    Reauthenticated,
    Replace(State),
    Save,
    Discard,
    Destroy,
    SetMaxAge(u64),
    SetBrowser,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Ok,
    NotFound,
    Fail,
    Panic,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub extracts: bool,
    pub ops: Vec<Op>,
    pub ending: Ending,
    /// Another cookie of our name, from the history.
    pub also: Option<usize>,
}

/// What a handler is given.
#[derive(Debug, PartialEq, Eq)]
pub struct Given {
    pub state: State,
    pub new: bool,
    /// `None`: a browser session.
    pub max_age: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Untouched,
    Removed,
    Token(Sealed),
}

#[derive(Debug)]
pub struct Expected {
    /// What the handler is given, and what it leaves behind.
    pub seen: Option<(Given, State, bool)>,
    pub answer: Answer,
    /// Which rules were met on the way.
    pub because: BTreeSet<&'static str>,
}

/// Every reason that `answer` can give.
pub const REASONS: &[&str] = &[
    "not extracted",
    "ambiguous",
    "ambiguous, but a login",
    "loaded",
    "expired",
    "from the future",
    "unknown key",
    "sudo ended",
    "failed, and ended all the same",
    "failed, nothing to end",
    "failed, a dead token goes",
    "new and written",
    "new and destroyed",
    "new, a dead token goes",
    "new, nothing",
    "written",
    "login",
    "login of another user",
    "logout",
    "rotated",
    "renewed",
    "sealed under the new key",
    "own lifetime",
    "nothing",
];

pub struct Model {
    pub server: Server,
    pub now: u64,
}

/// What a request asks for, beside the content.
#[derive(Default)]
pub struct Asked {
    pub destroyed: bool,
    pub user_set: bool,
    pub sudo_set: bool,
    pub rotate: bool,
    pub reauthenticated: bool,
    pub saved: bool,
    pub discarded: bool,
    /// `None` inside: a browser session.
    pub max_age: Option<Option<u64>>,
}

impl Model {
    fn idle_of(&self, token: &Sealed) -> u64 {
        if token.own { token.idle } else { token.idle.min(self.server.idle) }
    }

    /// The last millisecond of its life.
    pub fn end(&self, token: &Sealed) -> u64 {
        (token.renewed + self.idle_of(token)).min(token.started + self.server.absolute)
    }

    /// Rule 30: whether using it now extends it.
    pub fn renewal_is_due(&self, token: &Sealed) -> bool {
        let wanted = match self.server.extend {
            Extend::Rolling => true,
            Extend::Renew => {
                let idle_end = token.renewed + self.idle_of(token);
                2 * idle_end.saturating_sub(self.now) < self.idle_of(token)
            }
            _ => false,
        };
        wanted && self.end(&Sealed { renewed: self.now, ..*token }) > self.end(token)
    }

    /// What must come of a request that brings these tokens.
    pub fn answer(&self, brought: &[&Sealed], exchange: &Exchange) -> Expected {
        let mut because = BTreeSet::new();
        if !exchange.extracts {
            because.insert("not extracted");
            return Expected { seen: None, answer: Answer::Untouched, because };
        }
        let mut alive: Vec<&Sealed> = Vec::new();
        let (mut unknown, mut dead) = (false, false);
        for token in brought {
            let newest = token.started.max(token.rotated).max(token.renewed);
            if !self.server.ring.contains(&token.key) {
                because.insert("unknown key");
                unknown = true;
            } else if newest > self.now + SKEW {
                because.insert("from the future");
                dead = true;
            } else if self.now > self.end(token) {
                because.insert("expired");
                dead = true;
            } else if !alive.contains(token) {
                alive.push(token);
            }
        }
        let ambiguous = alive.len() > 1;
        let found = if ambiguous { None } else { alive.first().map(|token| **token) };
        // Rule 17: nobody will ever take these tokens again.
        let dead = dead && !unknown && alive.is_empty();
        let loaded = found.map(|mut token| {
            if token.sudo_end.is_some_and(|end| self.now > end) {
                because.insert("sudo ended");
                token.sudo_end = None;
                token.state.sudo = None;
            }
            token
        });
        let given = Given {
            state: loaded.map_or(INITIAL, |token| token.state),
            new: loaded.is_none(),
            max_age: match loaded {
                Some(token) => (!token.browser).then(|| self.idle_of(&token)),
                None => Some(self.server.idle),
            },
        };
        let mut state = given.state;
        let mut asked = Asked::default();
        for op in &exchange.ops {
            asked.apply(op, &mut state);
        }
        let left = (state, given.new || asked.destroyed);
        let request = Request {
            model: self,
            session: loaded.filter(|_| !asked.destroyed),
            asked,
            state,
            brought: !brought.is_empty(),
            dead,
            ambiguous,
            ending: exchange.ending,
        };
        let answer = request.answer(&mut because);
        Expected { seen: Some((given, left.0, left.1)), answer, because }
    }
}

impl Asked {
    fn apply(&mut self, op: &Op, state: &mut State) {
        match *op {
            Op::AddView => state.views = state.views.wrapping_add(1),
            Op::SetNote(note) => state.note = note,
            Op::TakeNote => state.note = None,
            Op::SetTheme(theme) => state.theme = theme,
            Op::SameValues => {}
            Op::SetSudo(sudo) => {
                state.sudo = sudo;
                self.sudo_set = true;
            }
            Op::WriteSudo(sudo) => state.sudo = sudo,
            Op::SetUser(user) => {
                state.user = user;
                self.user_set = true;
            }
            Op::WriteUser(user) => state.user = user,
            Op::Rotate => self.rotate = true,
            Op::Reauthenticated => self.reauthenticated = true,
            Op::Replace(replaced) => *state = replaced,
            Op::Save => (self.saved, self.discarded) = (true, false),
            Op::Discard => self.discarded = true,
            Op::Destroy => {
                *state = INITIAL;
                // What was forbidden stays forbidden; the rest was asked of the ended session.
                *self = Self { destroyed: true, discarded: self.discarded, ..Self::default() };
            }
            Op::SetMaxAge(ms) => self.max_age = Some(Some(ms)),
            Op::SetBrowser => self.max_age = Some(None),
        }
    }
}

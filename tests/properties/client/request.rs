//! How a request ends, by the model.

use super::model::{Answer, Asked, Ending, INITIAL, Model, Sealed, State};
use session::Extend;
use std::collections::BTreeSet;

const SUDO_TTL: u64 = 600_000;

/// A request at its end.
pub struct Request<'a> {
    pub model: &'a Model,
    /// The session that it works on: none when it is new, or was destroyed.
    pub session: Option<Sealed>,
    pub asked: Asked,
    pub state: State,
    pub brought: bool,
    pub dead: bool,
    pub ambiguous: bool,
    pub ending: Ending,
}

impl Request<'_> {
    fn base(&self) -> State {
        self.session.map_or(INITIAL, |session| session.state)
    }

    fn changed(&self) -> bool {
        self.state != self.base()
    }

    /// Rule 31: the user changed to somebody, or was set again, or proved who they are.
    fn is_login(&self) -> bool {
        let somebody = self.state.user.is_some();
        let another = self.state.user != self.base().user;
        somebody && (another || self.asked.user_set) || self.asked.reauthenticated
    }

    /// Rule 11: the user is back at nobody, in a session that was there before.
    fn is_logout(&self) -> bool {
        self.base().user.is_some() && self.state.user.is_none()
    }

    fn is_another_user(&self) -> bool {
        let (before, now) = (self.base().user, self.state.user);
        before.is_some() && now.is_some() && before != now
    }

    fn fails(&self) -> bool {
        match self.ending {
            Ending::Ok | Ending::NotFound => false,
            Ending::Fail => !self.model.server.commit_on_server_error,
            Ending::Panic => true,
        }
    }

    fn writes(&self) -> bool {
        let empty = self.session.is_none() && self.model.server.save_empty && !self.asked.destroyed;
        self.changed()
            || self.sudo_starts_anew()
            || self.asked.saved
            || self.asked.max_age.is_some()
            || self.is_login()
            || empty
    }

    /// A field with a `ttl` was set again by its accessor, and its end moves.
    fn sudo_starts_anew(&self) -> bool {
        let end = self.session.and_then(|session| session.sudo_end);
        self.asked.sudo_set
            && self.state.sudo.is_some()
            && end.is_some_and(|end| end != self.model.now + SUDO_TTL)
    }

    /// What the client gets.
    pub fn answer(&self, because: &mut BTreeSet<&'static str>) -> Answer {
        if self.fails() || self.asked.discarded || !self.model.server.auto_commit {
            return self.unwritten(because);
        }
        if self.ambiguous {
            if !self.is_login() {
                because.insert("ambiguous");
                return if self.asked.destroyed { Answer::Removed } else { Answer::Untouched };
            }
            because.insert("ambiguous, but a login");
        }
        match self.session {
            None if self.writes() => {
                because.insert("new and written");
                self.token(None)
            }
            None if self.asked.destroyed && self.brought => {
                because.insert("new and destroyed");
                Answer::Removed
            }
            None if self.dead => {
                because.insert("new, a dead token goes");
                Answer::Removed
            }
            None => {
                because.insert("new, nothing");
                Answer::Untouched
            }
            Some(session) => {
                because.insert("loaded");
                self.loaded(session, because)
            }
        }
    }

    /// Rule 11: nothing is written, but what was ended ends.
    fn unwritten(&self, because: &mut BTreeSet<&'static str>) -> Answer {
        if self.asked.destroyed || self.is_logout() {
            if self.brought {
                because.insert("failed, and ended all the same");
                return Answer::Removed;
            }
            because.insert("failed, nothing to end");
            return Answer::Untouched;
        }
        if self.dead && !self.asked.discarded {
            because.insert("failed, a dead token goes");
            return Answer::Removed;
        }
        Answer::Untouched
    }

    fn loaded(&self, session: Sealed, because: &mut BTreeSet<&'static str>) -> Answer {
        let reasons = [
            (self.writes(), "written"),
            (self.is_login(), "login"),
            (self.is_another_user(), "login of another user"),
            (self.is_logout(), "logout"),
            (self.asked.rotate, "rotated"),
            (self.model.renewal_is_due(&session), "renewed"),
            (session.key != self.model.server.ring[0], "sealed under the new key"),
            (self.asked.max_age.is_some(), "own lifetime"),
        ];
        let met: Vec<_> = reasons.iter().filter(|(met, _)| *met).map(|(_, why)| *why).collect();
        if met.is_empty() {
            because.insert("nothing");
            return Answer::Untouched;
        }
        because.extend(met);
        self.token(Some(session))
    }

    /// The token that is sent.
    fn token(&self, session: Option<Sealed>) -> Answer {
        let (server, now) = (&self.model.server, self.model.now);
        let begun = Sealed {
            key: server.ring[0],
            started: now,
            rotated: now,
            renewed: now,
            idle: server.idle,
            own: false,
            browser: false,
            sudo_end: None,
            state: INITIAL,
        };
        let mut token = match session {
            None => begun,
            Some(session) => Sealed { key: server.ring[0], ..session },
        };
        if self.is_login() {
            // Both lifetimes start anew; a lifetime of the session's own stays, unless it was
            // somebody else's.
            let rotated = session.map_or(now, |session| now.max(session.rotated + 1));
            let kept = Sealed { started: now, renewed: now, ..token };
            token = if token.own && !self.is_another_user() { kept } else { begun };
            token.rotated = rotated;
        } else if self.is_logout() || self.asked.rotate {
            // Twice in one millisecond gives two tokens all the same.
            token.rotated = session.map_or(now, |session| now.max(session.rotated + 1));
        }
        let due = session.is_some_and(|session| self.model.renewal_is_due(&session));
        if due || self.writes() && server.extend == Extend::OnWrite {
            token.renewed = now;
        }
        match self.asked.max_age {
            Some(Some(idle)) => {
                (token.idle, token.own, token.browser, token.renewed) = (idle, true, false, now);
            }
            Some(None) => {
                (token.idle, token.own, token.browser) = (server.idle, true, true);
                token.renewed = now;
            }
            None => {}
        }
        token.state = self.final_state();
        token.sudo_end = match token.state.sudo {
            None => None,
            Some(_) => {
                let kept = session.and_then(|session| session.sudo_end);
                let set = self.asked.sudo_set || self.state.sudo != self.base().sudo;
                if set && self.writes() { Some(now + SUDO_TTL) } else { kept }
            }
        };
        Answer::Token(token)
    }

    /// Rule 31: another user starts from initial values, but for what is kept and what this
    /// request changed.
    fn final_state(&self) -> State {
        if !self.is_another_user() {
            return self.state;
        }
        fn own<V: PartialEq + Copy>(now: V, before: V, initial: V) -> V {
            if now == before { initial } else { now }
        }
        let (now, before) = (&self.state, &self.base());
        State {
            views: own(now.views, before.views, INITIAL.views),
            note: own(now.note, before.note, INITIAL.note),
            theme: now.theme,
            user: now.user,
            sudo: own(now.sudo, before.sudo, INITIAL.sudo),
        }
    }
}

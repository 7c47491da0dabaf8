//! What a request does to the client's token: a pure function of what happened (DESIGN rule 8).

/// Where the session of a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// There was none, or the one there was ended in this request.
    #[default]
    New,
    /// The request brought it.
    Loaded,
}

/// What became of the content, decided by content (rule 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nobody wrote.
    Untouched,
    /// Somebody wrote, and it is what it was.
    Equal,
    /// It is something else.
    Changed,
}

/// What `rotate` fields and `rotate()` ask for (rule 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    None,
    /// `rotate()`: a new token, no lifetime moves.
    Rotate,
    /// A `rotate` field is back at its initial value.
    Logout,
    /// A `rotate` field has a new value, or was set to its own again, or `reauthenticated()`: a
    /// new token, and both lifetimes start anew.
    Login,
}

/// How the request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With any status below 500.
    Answered,
    /// With a 5xx.
    ServerError,
    /// A handler panicked while it held the session.
    Panicked,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, one line each")]
pub(crate) struct Facts {
    /// A handler or middleware extracted the session.
    pub(crate) extracted: bool,
    pub(crate) origin: Origin,
    pub(crate) content: Content,
    pub(crate) turn: Turn,
    /// `destroy()`. What came afterwards is a new session: `origin` is `New`.
    pub(crate) destroyed: bool,
    /// And there was a live session to end.
    pub(crate) ended: bool,
    /// The request carried a token under our name, good or bad.
    pub(crate) brought_token: bool,
    /// That token will never be good again (rule 17).
    pub(crate) dead_token: bool,
    /// Two different valid tokens came (rule 18).
    pub(crate) ambiguous: bool,
    /// The request names a session that has ended in its store (rule 31).
    pub(crate) straggler: bool,
    /// A `commit()` wrote, and left this to the response (rule 12).
    pub(crate) owed: Option<Times>,
    /// `save()`.
    pub(crate) forced: bool,
    /// `discard()`.
    pub(crate) forbidden: bool,
    /// `set_max_age()`.
    pub(crate) lifetime_set: bool,
    /// The idle lifetime is to be extended because the session was used.
    pub(crate) extension_due: bool,
    /// It is another library's, and becomes one of ours.
    pub(crate) moved: bool,
    /// The token is under a key that no longer signs.
    pub(crate) old_key: bool,
    pub(crate) outcome: Outcome,
    pub(crate) policy: Policy,
}

/// What the layer was told.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent options, one line each")]
pub(crate) struct Policy {
    pub(crate) auto_commit: bool,
    pub(crate) save_empty: bool,
    pub(crate) commit_on_server_error: bool,
    /// `Extend::OnWrite`.
    pub(crate) extend_on_write: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    Nothing,
    /// Tell the client to forget its token. `ended`: because a live session was ended.
    Remove {
        ended: bool,
    },
    Seal(Seal),
    /// Write nothing, and say that the session had ended (rules 24 and 31).
    Refuse,
}

/// How to make the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seal {
    /// The content is encoded anew, not taken as it was loaded.
    pub(crate) fresh: bool,
    pub(crate) times: Times,
    /// The idle lifetime starts anew.
    pub(crate) extend: bool,
}

/// Which times move, beside the idle lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// None.
    Keep,
    /// The time of rotation.
    Rotate,
    /// All.
    Restart,
}

pub(crate) fn decide(facts: &Facts) -> Plan {
    if !facts.extracted {
        return Plan::Nothing;
    }
    if !facts.may_write() {
        return facts.without_writing();
    }
    if facts.ambiguous && facts.turn != Turn::Login {
        return if facts.destroyed { Plan::Remove { ended: facts.ended } } else { Plan::Nothing };
    }
    if facts.straggler && facts.turn != Turn::Login {
        let asks = facts.content == Content::Changed || facts.forced || facts.lifetime_set;
        return if asks { Plan::Refuse } else { Plan::Nothing };
    }
    match facts.origin {
        Origin::New if facts.writes() => {
            Plan::Seal(Seal { fresh: true, times: Times::Restart, extend: true })
        }
        Origin::New => facts.without_session(),
        Origin::Loaded => facts.on_loaded(),
    }
}

impl Facts {
    pub(super) fn may_write(&self) -> bool {
        let failed = match self.outcome {
            Outcome::Answered => false,
            Outcome::ServerError => !self.policy.commit_on_server_error,
            // What a panic left behind may be half done: no option saves that.
            Outcome::Panicked => true,
        };
        !failed && !self.forbidden && self.policy.auto_commit
    }

    /// Ending a session is stronger than failing (rule 11).
    fn without_writing(&self) -> Plan {
        if self.straggler {
            return Plan::Nothing;
        }
        let logged_out = self.turn == Turn::Logout && self.origin == Origin::Loaded;
        if self.destroyed || logged_out {
            let ended = self.ended || logged_out;
            return if self.brought_token { Plan::Remove { ended } } else { Plan::Nothing };
        }
        if self.dead_token && !self.forbidden {
            return Plan::Remove { ended: false };
        }
        match self.owed {
            Some(times) => {
                Plan::Seal(Seal { fresh: false, times, extend: times == Times::Restart })
            }
            None => Plan::Nothing,
        }
    }

    fn without_session(&self) -> Plan {
        if self.destroyed && self.brought_token {
            Plan::Remove { ended: self.ended }
        } else if self.dead_token {
            Plan::Remove { ended: false }
        } else {
            Plan::Nothing
        }
    }

    fn writes(&self) -> bool {
        let saved_empty = self.origin == Origin::New && self.policy.save_empty && !self.destroyed;
        self.content == Content::Changed
            || self.forced
            || self.lifetime_set
            || saved_empty
            || self.turn == Turn::Login
    }

    fn on_loaded(&self) -> Plan {
        let fresh = self.writes() || self.moved;
        let times = match self.turn {
            Turn::None => Times::Keep,
            Turn::Rotate | Turn::Logout => Times::Rotate,
            Turn::Login => Times::Restart,
        };
        let extend = self.extension_due
            || self.lifetime_set
            || times == Times::Restart
            || fresh && self.policy.extend_on_write;
        if fresh || times != Times::Keep || extend || self.old_key {
            Plan::Seal(Seal { fresh, times, extend })
        } else {
            Plan::Nothing
        }
    }
}

#[cfg(test)]
mod tests;

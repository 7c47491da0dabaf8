//! Rule 8 row by row, and every combination of facts against the contract in other words.

use super::*;

const POLICY: Policy = Policy {
    auto_commit: true,
    save_empty: false,
    commit_on_server_error: false,
    extend_on_write: false,
};

/// A request without a cookie whose handler extracted the session and did nothing.
const NEW: Facts = Facts {
    extracted: true,
    origin: Origin::New,
    content: Content::Untouched,
    turn: Turn::None,
    destroyed: false,
    ended: false,
    brought_token: false,
    dead_token: false,
    ambiguous: false,
    straggler: false,
    owed: None,
    forced: false,
    forbidden: false,
    lifetime_set: false,
    extension_due: false,
    old_key: false,
    moved: false,
    outcome: Outcome::Answered,
    policy: POLICY,
};

/// One with a live session.
const LOADED: Facts = Facts { origin: Origin::Loaded, brought_token: true, ..NEW };

/// One whose live session was ended by `destroy()`.
const DESTROYED: Facts = Facts { destroyed: true, ended: true, brought_token: true, ..NEW };

const fn seal(fresh: bool, times: Times, extend: bool) -> Plan {
    Plan::Seal(Seal { fresh, times, extend })
}

/// A session that did not exist before.
const CREATED: Plan = seal(true, Times::Restart, true);
/// New content, the times as they were.
const WRITTEN: Plan = seal(true, Times::Keep, false);
const REMOVED: Plan = Plan::Remove { ended: false };
const ENDED: Plan = Plan::Remove { ended: true };

// Fails when a row of rule 8's table, or of the rules that it refers to, gets another answer.
#[test]
fn rule_8_row_by_row() {
    let changed = Content::Changed;
    let manual = Policy { auto_commit: false, ..POLICY };
    let save_empty = Policy { save_empty: true, ..POLICY };
    let on_error = Policy { commit_on_server_error: true, ..POLICY };
    let on_write = Policy { extend_on_write: true, ..POLICY };
    let rows = [
        ("did not extract", Facts { extracted: false, brought_token: true, ..NEW }, Plan::Nothing),
        ("extracted, nothing changed", LOADED, Plan::Nothing),
        (
            "a due renewal re-seals",
            Facts { extension_due: true, ..LOADED },
            seal(false, Times::Keep, true),
        ),
        (
            "an older key re-seals, and the times stay (17)",
            Facts { old_key: true, ..LOADED },
            seal(false, Times::Keep, false),
        ),
        ("new, nothing changed", NEW, Plan::Nothing),
        (
            "new, a cookie that failed for good (17)",
            Facts { brought_token: true, dead_token: true, ..NEW },
            REMOVED,
        ),
        (
            "new, a cookie under an unknown key (17)",
            Facts { brought_token: true, ..NEW },
            Plan::Nothing,
        ),
        ("the same value", Facts { content: Content::Equal, ..LOADED }, Plan::Nothing),
        ("the same value in a new one", Facts { content: Content::Equal, ..NEW }, Plan::Nothing),
        ("changed", Facts { content: changed, ..LOADED }, WRITTEN),
        ("new and changed", Facts { content: changed, ..NEW }, CREATED),
        (
            "new and changed, in place of a dead one",
            Facts { content: changed, brought_token: true, dead_token: true, ..NEW },
            CREATED,
        ),
        ("rotated", Facts { turn: Turn::Rotate, ..LOADED }, seal(false, Times::Rotate, false)),
        (
            "rotated and changed",
            Facts { turn: Turn::Rotate, content: changed, ..LOADED },
            seal(true, Times::Rotate, false),
        ),
        ("rotated, but new and empty", Facts { turn: Turn::Rotate, ..NEW }, Plan::Nothing),
        (
            "a login restarts both lifetimes (31)",
            Facts { turn: Turn::Login, content: changed, ..LOADED },
            seal(true, Times::Restart, true),
        ),
        (
            "a new login of the same user (31)",
            Facts { turn: Turn::Login, content: Content::Equal, ..LOADED },
            seal(true, Times::Restart, true),
        ),
        (
            "a logout rotates and restarts nothing (31)",
            Facts { turn: Turn::Logout, content: changed, ..LOADED },
            seal(true, Times::Rotate, false),
        ),
        ("destroyed", DESTROYED, ENDED),
        ("destroyed, and there was nothing", Facts { destroyed: true, ..NEW }, Plan::Nothing),
        ("destroyed, and the token was a bad one", Facts { ended: false, ..DESTROYED }, REMOVED),
        ("destroyed, then written", Facts { content: changed, ..DESTROYED }, CREATED),
        ("forced", Facts { forced: true, ..LOADED }, WRITTEN),
        ("forced and new", Facts { forced: true, ..NEW }, CREATED),
        ("forbidden", Facts { forbidden: true, content: changed, ..LOADED }, Plan::Nothing),
        ("forbidden, but destroyed", Facts { forbidden: true, ..DESTROYED }, ENDED),
        ("its own lifetime", Facts { lifetime_set: true, ..LOADED }, seal(true, Times::Keep, true)),
        (
            "on_write, changed",
            Facts { content: changed, policy: on_write, ..LOADED },
            seal(true, Times::Keep, true),
        ),
        ("on_write, used", Facts { policy: on_write, ..LOADED }, Plan::Nothing),
        ("save_empty", Facts { policy: save_empty, ..NEW }, CREATED),
        ("save_empty, destroyed", Facts { policy: save_empty, ..DESTROYED }, ENDED),
        ("auto_commit off", Facts { policy: manual, content: changed, ..LOADED }, Plan::Nothing),
        (
            "auto_commit off, renewal due",
            Facts { policy: manual, extension_due: true, ..LOADED },
            Plan::Nothing,
        ),
        ("auto_commit off, destroyed (11)", Facts { policy: manual, ..DESTROYED }, ENDED),
        (
            "auto_commit off, logged out (11)",
            Facts { policy: manual, turn: Turn::Logout, content: changed, ..LOADED },
            ENDED,
        ),
        (
            "ambiguous (18)",
            Facts { ambiguous: true, brought_token: true, content: changed, ..NEW },
            Plan::Nothing,
        ),
        (
            "ambiguous, and logs in (18)",
            Facts {
                ambiguous: true,
                brought_token: true,
                content: changed,
                turn: Turn::Login,
                ..NEW
            },
            CREATED,
        ),
        ("ambiguous, destroyed", Facts { ambiguous: true, ended: false, ..DESTROYED }, REMOVED),
    ];
    for (row, facts, expected) in rows {
        assert_eq!(decide(&facts), expected, "{row}");
    }
    for outcome in [Outcome::ServerError, Outcome::Panicked] {
        let rows = [
            ("changed", Facts { content: changed, ..LOADED }, Plan::Nothing),
            ("rotated", Facts { turn: Turn::Rotate, ..LOADED }, Plan::Nothing),
            ("logged in", Facts { turn: Turn::Login, content: changed, ..LOADED }, Plan::Nothing),
            ("new", Facts { content: changed, ..NEW }, Plan::Nothing),
            ("renewal due", Facts { extension_due: true, ..LOADED }, Plan::Nothing),
            ("forced", Facts { forced: true, content: changed, ..LOADED }, Plan::Nothing),
            ("destroyed", DESTROYED, ENDED),
            ("destroyed, then written", Facts { content: changed, ..DESTROYED }, ENDED),
            ("logged out", Facts { turn: Turn::Logout, content: changed, ..LOADED }, ENDED),
            ("dead token", Facts { dead_token: true, brought_token: true, ..NEW }, REMOVED),
        ];
        for (row, facts, expected) in rows {
            assert_eq!(decide(&Facts { outcome, ..facts }), expected, "{outcome:?}, {row}");
        }
        let opted = Facts { content: changed, policy: on_error, outcome, ..LOADED };
        let expected = if outcome == Outcome::ServerError { WRITTEN } else { Plan::Nothing };
        assert_eq!(decide(&opted), expected, "commit_on_server_error, {outcome:?}");
    }
}

/// Calls `each` with every combination there is.
fn every_combination(mut each: impl FnMut(&Facts)) -> u32 {
    let mut count = 0;
    for bits in 0..1_u32 << 16 {
        let bit = |n: u32| bits & 1 << n != 0;
        let policy = Policy {
            auto_commit: bit(10),
            save_empty: bit(11),
            commit_on_server_error: bit(12),
            extend_on_write: bit(13),
        };
        for origin in [Origin::New, Origin::Loaded] {
            for content in [Content::Untouched, Content::Equal, Content::Changed] {
                for turn in [Turn::None, Turn::Rotate, Turn::Logout, Turn::Login] {
                    for outcome in [Outcome::Answered, Outcome::ServerError, Outcome::Panicked] {
                        count += 1;
                        each(&Facts {
                            extracted: bit(0),
                            destroyed: bit(1),
                            brought_token: bit(2),
                            dead_token: bit(3),
                            ambiguous: bit(4),
                            forced: bit(5),
                            forbidden: bit(6),
                            lifetime_set: bit(7),
                            extension_due: bit(8),
                            old_key: bit(9),
                            moved: false,
                            straggler: bit(14),
                            ended: bit(15),
                            owed: None,
                            origin,
                            content,
                            turn,
                            outcome,
                            policy,
                        });
                    }
                }
            }
        }
    }
    count
}

/// Whether a request can be like this. What is loaded was brought, alive and not destroyed; what is
/// dead or ambiguous was brought and not loaded; only what is loaded can be due or under an old key.
fn is_possible(facts: &Facts) -> bool {
    let loaded = facts.origin == Origin::Loaded;
    let was_loaded = !loaded || facts.brought_token && !facts.destroyed;
    let was_brought = facts.brought_token || !(facts.dead_token || facts.ambiguous);
    let was_not_used = !loaded || !(facts.dead_token || facts.ambiguous);
    let is_of_the_loaded = loaded || !(facts.extension_due || facts.old_key);
    was_loaded
        && was_brought
        && was_not_used
        && is_of_the_loaded
        && !(facts.dead_token && facts.ambiguous)
        && is_possible_straggler(facts)
        && is_possible_end(facts)
}

/// What `destroy()` ended was brought, alive.
fn is_possible_end(facts: &Facts) -> bool {
    let other = facts.dead_token || facts.ambiguous || facts.straggler;
    !facts.ended || facts.destroyed && facts.brought_token && !other
}

/// A straggler brought a token that is neither live nor dead for good.
fn is_possible_straggler(facts: &Facts) -> bool {
    let other = facts.origin == Origin::Loaded || facts.dead_token || facts.ambiguous;
    !facts.straggler || facts.brought_token && !other
}

/// Rules 11 and 13: whether the layer may write at the end of this request.
fn is_allowed(facts: &Facts) -> bool {
    let server_error_is_fine = facts.policy.commit_on_server_error;
    facts.policy.auto_commit
        && !facts.forbidden
        && facts.outcome != Outcome::Panicked
        && (facts.outcome == Outcome::Answered || server_error_is_fine)
}

/// Rules 8, 13, 31: whether somebody asked for the content to be written.
fn is_asked_for(facts: &Facts) -> bool {
    let asked = [
        facts.content == Content::Changed,
        facts.forced,
        facts.lifetime_set,
        facts.turn == Turn::Login,
        facts.policy.save_empty && facts.origin == Origin::New && !facts.destroyed,
    ];
    asked.contains(&true)
}

/// Whether a token is sent.
fn is_sealed(facts: &Facts) -> bool {
    let loaded = facts.origin == Origin::Loaded;
    let moved = loaded && (facts.turn != Turn::None || facts.extension_due || facts.old_key);
    facts.extracted
        && is_allowed(facts)
        && (is_asked_for(facts) || moved)
        // Rule 18: which of the two sessions it would be nobody knows.
        && (!facts.ambiguous || facts.turn == Turn::Login)
        // Rule 31: an ended session is not written, unless somebody logs in.
        && (!facts.straggler || facts.turn == Turn::Login)
}

/// Rule 31: a straggler's change is refused, and it learns of that.
fn is_refused(facts: &Facts) -> bool {
    let asked = facts.content == Content::Changed || facts.forced || facts.lifetime_set;
    facts.extracted && facts.straggler && is_allowed(facts) && asked
}

/// Whether a session that the client has is over.
fn is_ended(facts: &Facts) -> bool {
    let logged_out =
        facts.turn == Turn::Logout && facts.origin == Origin::Loaded && !is_allowed(facts);
    let names_one = facts.brought_token && !facts.straggler;
    facts.extracted && names_one && (facts.destroyed && facts.ended || logged_out)
}

/// Rules 11 and 17: whether the client is told to forget what will never be good, or what a handler
/// destroyed though there was no live session to end.
fn is_forgotten(facts: &Facts) -> bool {
    let destroyed = facts.destroyed && facts.brought_token && !facts.straggler;
    facts.extracted && (destroyed || facts.dead_token && !facts.forbidden)
}

// Fails when any fact gets more, less or another weight than the contract gives it.
#[test]
fn rule_8_every_combination() {
    let mut possible = 0;
    let all = every_combination(|facts| {
        if !is_possible(facts) {
            return;
        }
        possible += 1;
        let expected = if is_sealed(facts) {
            let loaded = facts.origin == Origin::Loaded;
            let times = match facts.turn {
                _ if !loaded => Times::Restart,
                Turn::Login => Times::Restart,
                Turn::Rotate | Turn::Logout => Times::Rotate,
                Turn::None => Times::Keep,
            };
            let extended = [
                times == Times::Restart,
                facts.extension_due,
                facts.lifetime_set,
                facts.policy.extend_on_write && is_asked_for(facts),
            ];
            seal(is_asked_for(facts), times, extended.contains(&true))
        } else if is_refused(facts) {
            Plan::Refuse
        } else if is_ended(facts) {
            ENDED
        } else if is_forgotten(facts) {
            REMOVED
        } else {
            Plan::Nothing
        };
        assert_eq!(decide(facts), expected, "{facts:?}");
    });
    assert_eq!(all, (1 << 16) * 2 * 3 * 4 * 3);
    assert_eq!(possible, 138_240);
}

// Fails when a promise that users rely on is broken, whatever the combination, possible or not.
#[test]
fn rule_8_promises() {
    every_combination(|facts| {
        let plan = decide(facts);
        let sealed = match plan {
            Plan::Seal(seal) => Some(seal),
            _ => None,
        };
        let promise =
            |holds: bool, sentence: &str| assert!(holds, "{sentence}: {facts:?} {plan:?}");
        if !facts.extracted {
            promise(plan == Plan::Nothing, "7: what was not extracted costs nothing");
        }
        if facts.outcome == Outcome::Panicked {
            promise(sealed.is_none(), "11: what a panic left is never written");
        }
        if facts.outcome == Outcome::ServerError && !facts.policy.commit_on_server_error {
            promise(sealed.is_none(), "11: a 5xx writes nothing");
        }
        if facts.forbidden || !facts.policy.auto_commit {
            promise(sealed.is_none(), "13: what is forbidden is not written");
        }
        let names_one = facts.brought_token && !facts.straggler;
        if facts.extracted && facts.destroyed && names_one && facts.origin == Origin::New {
            promise(plan != Plan::Nothing, "11: destroy() is always carried out");
        }
        if let Some(seal) = sealed {
            if facts.content == Content::Changed {
                promise(seal.fresh, "9: a change is in the token");
            }
            if facts.origin == Origin::New {
                promise(seal.times == Times::Restart, "30: a new session begins now");
            }
            if facts.origin == Origin::Loaded && facts.turn != Turn::Login {
                promise(seal.times != Times::Restart, "30: only a login moves the absolute end");
            }
            if facts.turn != Turn::None {
                promise(seal.times != Times::Keep, "31: a turn is noted in the token");
            }
            if facts.straggler {
                promise(facts.turn == Turn::Login, "31: an ended session is never written");
            }
            if facts.ambiguous {
                promise(facts.turn == Turn::Login, "18: two sessions give none");
            }
        }
        if plan == ENDED {
            promise(facts.ended || facts.turn == Turn::Logout, "only what was ended ends");
        }
        if plan == REMOVED {
            promise(
                facts.dead_token || facts.destroyed,
                "17: what may be good elsewhere is left alone",
            );
        }
    });
}

// Fails when a rotation that waits for the response is lost because the response failed: the session
// would go on under an id that somebody else may know.
#[test]
fn rule_12_a_rotation_that_is_owed_is_carried_out_whatever_the_status() {
    for (times, extend) in [(Times::Rotate, false), (Times::Restart, true)] {
        for outcome in [Outcome::ServerError, Outcome::Panicked] {
            let facts = Facts { owed: Some(times), outcome, ..LOADED };
            assert_eq!(decide(&facts), seal(false, times, extend), "{facts:?}");
            let destroyed = Facts { owed: Some(times), outcome, ..DESTROYED };
            assert_eq!(decide(&destroyed), ENDED, "{destroyed:?}");
        }
    }
}

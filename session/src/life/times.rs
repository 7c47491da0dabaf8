//! Life and death by the clock (DESIGN rule 30). Pure.

use crate::data::{Extend, MaxAge};
use crate::seal::Envelope;
use crate::time::{Millis, in_ms};

/// How far the clock of another instance may be ahead.
const SKEW_MS: u64 = 60_000;

/// The configured lifetimes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    /// In milliseconds.
    pub(crate) idle: u64,
    /// Cookies without Max-Age.
    pub(crate) browser: bool,
    /// In milliseconds.
    pub(crate) absolute: u64,
    pub(crate) extend: Extend,
}

/// Whether a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vitality {
    Alive,
    Expired,
    FromTheFuture,
}

impl Lifetimes {
    /// A session that begins now.
    pub(crate) fn begin(&self, now: Millis, payload_version: u32) -> Envelope {
        Envelope {
            started: now,
            rotated: now,
            renewed: now,
            idle: self.idle,
            own_lifetime: false,
            browser: self.browser,
            payload_version,
            expiries: Vec::new(),
        }
    }

    pub(crate) fn vitality(&self, session: &Envelope, now: Millis) -> Vitality {
        let newest = session.renewed.max(session.started).max(session.rotated);
        if newest > now.plus(SKEW_MS) {
            Vitality::FromTheFuture
        } else if now > self.end(session) {
            Vitality::Expired
        } else {
            Vitality::Alive
        }
    }

    /// Whether a use at `now` extends the session: never when its end would not move.
    pub(crate) fn extension_due(&self, session: &Envelope, now: Millis) -> bool {
        let idle = self.idle_of(session);
        let wanted = match self.extend {
            Extend::Rolling => true,
            Extend::Renew => {
                // Strictly less than half is left.
                let left = session.renewed.plus(idle).since(now);
                left.saturating_mul(2) < idle
            }
            Extend::OnWrite | Extend::Fixed => false,
        };
        wanted && self.end_if_renewed(session, now) > self.end(session)
    }

    /// Seconds for the cookie's Max-Age, rounded up; `None` for a browser session. Only a hint: the
    /// end is enforced here.
    pub(crate) fn cookie_max_age(&self, session: &Envelope, now: Millis) -> Option<u64> {
        (!session.browser).then(|| self.end(session).since(now).div_ceil(1000))
    }

    /// What `max_age()` shows.
    pub(crate) fn max_age(&self, session: &Envelope) -> MaxAge {
        if session.browser {
            MaxAge::Browser
        } else {
            MaxAge::Idle(std::time::Duration::from_millis(self.idle_of(session)))
        }
    }

    /// What `max_age()` shows of a new session.
    pub(crate) fn configured(&self) -> MaxAge {
        if self.browser {
            MaxAge::Browser
        } else {
            MaxAge::Idle(std::time::Duration::from_millis(self.idle))
        }
    }

    /// What a row of a store does not say: a session without a lifetime of its own is a browser
    /// session if sessions are today.
    pub(crate) fn adopt(&self, session: &mut Envelope) {
        if !session.own_lifetime {
            session.browser = self.browser;
        }
    }

    /// The last millisecond of the session's life.
    pub(crate) fn end(&self, session: &Envelope) -> Millis {
        self.end_if_renewed(session, session.renewed)
    }

    /// The absolute end.
    pub(crate) fn last_end(&self, session: &Envelope) -> Millis {
        session.started.plus(self.absolute)
    }

    fn end_if_renewed(&self, session: &Envelope, renewed: Millis) -> Millis {
        renewed.plus(self.idle_of(session)).min(self.last_end(session))
    }

    /// The idle lifetime in force. A lifetime of the session's own beats the configured one; else
    /// the shorter of sealed and configured holds, so that shortening takes effect at once and
    /// lengthening revives nobody.
    fn idle_of(&self, session: &Envelope) -> u64 {
        if session.own_lifetime { session.idle } else { session.idle.min(self.idle) }
    }

    /// Starts the idle lifetime anew, as long as it is configured today.
    pub(crate) fn renew(&self, session: &mut Envelope, now: Millis) {
        session.renewed = now;
        if !session.own_lifetime {
            session.idle = self.idle;
            session.browser = self.browser;
        }
    }

    /// Makes `lifetime` this session's own, counted from now.
    pub(crate) fn give_own(&self, session: &mut Envelope, lifetime: MaxAge, now: Millis) {
        let (idle, browser) = match lifetime {
            MaxAge::Idle(idle) => (in_ms(idle), false),
            MaxAge::Browser => (self.idle, true),
        };
        session.idle = idle;
        session.browser = browser;
        session.own_lifetime = true;
        session.renewed = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn lifetimes(extend: Extend) -> Lifetimes {
        Lifetimes { idle: DAY, browser: false, absolute: 30 * DAY, extend }
    }

    fn at(ms: u64) -> Millis {
        Millis::from_ms(1_700_000_000_000 + ms)
    }

    #[test]
    fn rule_30_alive_at_the_very_millisecond_of_expiry_dead_one_later() {
        let config = lifetimes(Extend::Renew);
        let session = config.begin(at(0), 0);
        assert_eq!(config.vitality(&session, at(DAY)), Vitality::Alive);
        assert_eq!(config.vitality(&session, at(DAY + 1)), Vitality::Expired);
    }

    #[test]
    fn rule_30_the_absolute_end_holds_however_often_a_session_is_renewed() {
        let config = lifetimes(Extend::Rolling);
        let mut session = config.begin(at(0), 0);
        session.renewed = at(30 * DAY - 1);
        assert_eq!(config.vitality(&session, at(30 * DAY)), Vitality::Alive);
        assert_eq!(config.vitality(&session, at(30 * DAY + 1)), Vitality::Expired);
        assert!(!config.extension_due(&session, at(30 * DAY)), "it can't move the end");
    }

    #[test]
    fn rule_30_renewal_is_due_with_strictly_less_than_half_left() {
        let config = lifetimes(Extend::Renew);
        let session = config.begin(at(0), 0);
        assert!(!config.extension_due(&session, at(DAY / 2)));
        assert!(config.extension_due(&session, at(DAY / 2 + 1)));
    }

    #[test]
    fn rule_30_rolling_extends_on_every_use_that_moves_the_end() {
        let config = lifetimes(Extend::Rolling);
        let session = config.begin(at(0), 0);
        assert!(!config.extension_due(&session, at(0)));
        assert!(config.extension_due(&session, at(1)));
    }

    #[test]
    fn rule_30_on_write_and_fixed_extend_on_no_use() {
        for extend in [Extend::OnWrite, Extend::Fixed] {
            let config = lifetimes(extend);
            assert!(!config.extension_due(&config.begin(at(0), 0), at(DAY)), "{extend:?}");
        }
    }

    #[test]
    fn rule_30_issued_in_the_future_beyond_a_small_skew_is_dead() {
        let config = lifetimes(Extend::Renew);
        let session = config.begin(at(SKEW_MS), 0);
        assert_eq!(config.vitality(&session, at(0)), Vitality::Alive);
        let session = config.begin(at(SKEW_MS + 1), 0);
        assert_eq!(config.vitality(&session, at(0)), Vitality::FromTheFuture);
    }

    #[test]
    fn rule_30_a_lifetime_of_its_own_beats_the_configured_one() {
        let config = lifetimes(Extend::Renew);
        let mut session = config.begin(at(0), 0);
        config.give_own(&mut session, MaxAge::Idle(crate::days(7)), at(0));
        assert_eq!(config.vitality(&session, at(7 * DAY)), Vitality::Alive);
        assert_eq!(config.cookie_max_age(&session, at(0)), Some(7 * 86_400));
    }

    #[test]
    fn a_shortened_configuration_holds_at_once_and_a_longer_one_revives_nobody() {
        let session = lifetimes(Extend::Renew).begin(at(0), 0);
        let shorter = Lifetimes { idle: DAY / 2, ..lifetimes(Extend::Renew) };
        assert_eq!(shorter.vitality(&session, at(DAY / 2 + 1)), Vitality::Expired);
        let longer = Lifetimes { idle: 2 * DAY, ..lifetimes(Extend::Renew) };
        assert_eq!(longer.vitality(&session, at(DAY + 1)), Vitality::Expired);
    }

    #[test]
    fn rule_18_max_age_is_what_is_left_of_the_nearer_end() {
        let config = lifetimes(Extend::Fixed);
        let session = config.begin(at(0), 0);
        assert_eq!(config.cookie_max_age(&session, at(0)), Some(86_400));
        assert_eq!(config.cookie_max_age(&session, at(DAY - 1)), Some(1));
        let short = Lifetimes { absolute: 5_000, ..config };
        assert_eq!(short.cookie_max_age(&session, at(0)), Some(5));
    }
}

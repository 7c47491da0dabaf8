//! From options to a layer: checked, warned about, put together.

use super::builder::{HomeOption, OnUndecodable, SessionBuilder};
use super::place::Place;
use super::warnings::{Facts, warnings};
use super::{SessionLayer, Shared};
use crate::base64url;
use crate::carrier::{Cookie, CookieOptions};
use crate::data::{Extend, SessionData};
use crate::error::BuildError;
use crate::event::{Event, Events};
use crate::id::SessionId;
use crate::life::{Engine, Home, Lifetimes, Old, Policy};
use crate::seal::Signed;
use crate::time::{Millis, in_ms};
use std::sync::Arc;
use std::time::Duration;

impl<T: SessionData, M> SessionBuilder<T, M> {
    /// [`build`](Self::build).
    pub(super) fn put_together(mut self) -> Result<SessionLayer<T>, BuildError> {
        let lifetimes = self.lifetimes()?;
        if self.insecure {
            self.cookie.make_insecure();
        }
        if let HomeOption::Foreign(foreign) = &self.home {
            foreign.check::<T>()?;
            if self.carrier.is_some() {
                return Err(BuildError::Foreign { option: "carrier" });
            }
        }
        if self.log_values {
            tracing::warn!(
                target: "session",
                session = T::SCHEMA,
                "values of session fields are in the log"
            );
        }
        // Their payloads are JSON, also where they are only read.
        if self.codec_given && (self.old.is_some() || matches!(self.home, HomeOption::Foreign(_))) {
            return Err(BuildError::Foreign { option: "codec" });
        }
        let carrier = match self.carrier {
            Some(carrier) => match self.cookie.given {
                Some(option) => {
                    self.cookie.check()?;
                    return Err(BuildError::CookieOption { option });
                }
                None => carrier,
            },
            None => Box::new(Cookie::new(&self.cookie)?),
        };
        let least = match self.home {
            HomeOption::Signed(_) => 128,
            HomeOption::Stored(_) => SessionId::BYTES,
            HomeOption::Foreign(_) => 0,
        };
        if carrier.capacity() < base64url::encoded_len(least) {
            return Err(BuildError::Capacity);
        }
        let patience = self.store.patience();
        let warnings = warnings(&Facts {
            insecure: self.insecure,
            http_only: self.cookie.http_only,
            volatile: match &self.home {
                HomeOption::Signed(_) | HomeOption::Foreign(_) => false,
                HomeOption::Stored(pick) => {
                    pick.store_outside(None).is_some_and(|store| store.is_volatile())
                }
            },
            release: !cfg!(debug_assertions),
        });
        let home = match (self.home, self.store.given) {
            (HomeOption::Signed(_), Some(option)) => {
                return Err(BuildError::StoreOption { option });
            }
            (HomeOption::Signed(keys), None) => {
                Home::Cookie(Signed::new(&keys, carrier.binding(), T::SCHEMA))
            }
            (HomeOption::Stored(pick), _) => {
                self.store.check::<T>()?;
                Home::Store(Box::new(self.store.home::<T>(pick)))
            }
            (HomeOption::Foreign(foreign), _) => {
                Home::Foreign(self.store.foreign(foreign.make(&self.cookie)?)?)
            }
        };
        let old = match self.old {
            None => None,
            Some((option, until)) => {
                let secure = self.cookie.secure;
                let options = CookieOptions { secure, ..option.options.clone() };
                Some(Old { foreign: option.make(&options)?, until, patience })
            }
        };
        let engine = Engine {
            home,
            old,
            coder: self.coder,
            carrier,
            lifetimes,
            policy: Policy {
                auto_commit: self.auto_commit,
                save_empty: self.save_empty,
                commit_on_server_error: self.commit_on_server_error,
                extend_on_write: self.extend == Extend::OnWrite,
            },
            fail_on_undecodable: self.on_undecodable == OnUndecodable::Fail,
            hooks: self.hooks,
            clock: self.clock,
            events: Events::new(T::SCHEMA, self.on_event, self.log_values),
        };
        for warning in warnings {
            tracing::warn!(target: "session", session = T::SCHEMA, "{warning}");
        }
        let engine = Arc::new(engine);
        watch_evictions(&engine);
        let shared = Shared { engine, place: Place::new::<T>() };
        Ok(SessionLayer { shared: Arc::new(shared) })
    }

    fn lifetimes(&self) -> Result<Lifetimes, BuildError> {
        let checked = |lifetime: Duration, error: BuildError| match in_ms(lifetime) {
            0 => Err(error),
            ms if ms > Millis::MAX.ms() => Err(error),
            ms => Ok(ms),
        };
        Ok(Lifetimes {
            idle: checked(self.idle, BuildError::MaxAge)?,
            browser: self.browser,
            absolute: checked(self.absolute, BuildError::Absolute)?,
            extend: self.extend,
        })
    }
}

/// A store that makes room tells the layer's events, as long as there is the layer.
fn watch_evictions<T: SessionData>(engine: &Arc<Engine<T>>) {
    let Home::Store(home) = &engine.home else {
        return;
    };
    if let Some(store) = home.pick.store_outside(None) {
        let layer = Arc::downgrade(engine);
        store.on_evict(Arc::new(move || {
            if let Some(engine) = layer.upgrade() {
                engine.emit(&Event::Evicted);
            }
        }));
    }
}

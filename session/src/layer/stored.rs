//! The options of layers whose sessions are in a store. In cookie homes each of them is an error.

use super::SessionBuilder;
use crate::data::SessionData;
use crate::error::{BoxError, BuildError};
use crate::life::{
    Foreign, ForeignHome, Names, OnEnded, OnOutage, Pick, Queues, Secrets, StoreHome, StoreTtl,
};
use crate::time::in_ms;
use std::sync::Arc;
use std::time::Duration;

/// How long one call of a store may take unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an ended session is remembered unless told otherwise.
const REMEMBER: Duration = Duration::from_secs(60);

/// What the builder collects for a store.
#[derive(Default)]
pub(super) struct StoreOptions {
    secrets: Option<Secrets>,
    on_outage: OnOutage,
    on_ended: OnEnded,
    patience: Option<Duration>,
    remember: Option<Duration>,
    ttl: StoreTtl,
    pub(super) max_sessions: Option<usize>,
    /// The first of these options that was given, for the error where no store is.
    pub(super) given: Option<&'static str>,
}

impl StoreOptions {
    pub(super) fn patience(&self) -> Duration {
        self.patience.unwrap_or(PATIENCE)
    }

    /// As far as rows of another library's know them.
    pub(super) fn foreign(self, foreign: Box<dyn Foreign>) -> Result<ForeignHome, BuildError> {
        let known = match foreign.rows() {
            Some(_) => ["on_outage", "store_timeout"].as_slice(),
            None => &[],
        };
        match self.given {
            Some(option) if !known.contains(&option) => Err(BuildError::StoreOption { option }),
            _ => {
                let patience = self.patience();
                Ok(ForeignHome { foreign, on_outage: self.on_outage, patience })
            }
        }
    }

    pub(super) fn check<T: SessionData>(&self) -> Result<(), BuildError> {
        let indexed = T::FIELDS.iter().any(|field| field.index);
        if self.max_sessions.is_some_and(|most| most == 0 || !indexed) {
            return Err(BuildError::MaxSessions);
        }
        if self.patience.is_some_and(|patience| in_ms(patience) == 0) {
            return Err(BuildError::StoreTimeout);
        }
        Ok(())
    }

    pub(super) fn home<T: SessionData>(self, pick: Pick) -> StoreHome {
        let patience = self.patience();
        StoreHome {
            pick: pick.timed(T::SCHEMA),
            names: Names::new(T::SCHEMA),
            secrets: self.secrets.unwrap_or(Secrets::System),
            on_outage: self.on_outage,
            on_ended: self.on_ended,
            patience,
            remember: self.remember.unwrap_or(REMEMBER),
            ttl: self.ttl,
            max_sessions: self.max_sessions,
            indexed: T::FIELDS.iter().any(|field| field.index),
            queues: Queues::default(),
        }
    }
}

impl<T: SessionData, M> SessionBuilder<T, M> {
    /// The options, to change this one.
    fn store(&mut self, option: &'static str) -> &mut StoreOptions {
        self.store.given.get_or_insert(option);
        &mut self.store
    }

    /// What happens to a request whose session can't be loaded because the store fails; by default
    /// it is refused with a 503. Requests that don't extract their session are never concerned.
    pub fn on_outage(mut self, on_outage: OnOutage) -> Self {
        self.store("on_outage").on_outage = on_outage;
        self
    }

    /// What happens to a request that changed a session which had ended meanwhile; by default it is
    /// answered with a 409.
    pub fn on_ended(mut self, on_ended: OnEnded) -> Self {
        self.store("on_ended").on_ended = on_ended;
        self
    }

    /// How long one call of the store may take at most: a millisecond or more; 5 seconds by default. The
    /// store's own client may give up before.
    pub fn store_timeout(mut self, patience: Duration) -> Self {
        self.store("store_timeout").patience = Some(patience);
        self
    }

    /// For how long the store remembers that a session has ended or that its id was rotated; a
    /// minute by default. A request that still carries the old id is told so meanwhile (409), and
    /// gets a new session afterwards.
    pub fn remember_ended(mut self, remember: Duration) -> Self {
        self.store("remember_ended").remember = Some(remember);
        self
    }

    /// For how long the engine keeps a row, given what is left of the session; by default ten seconds
    /// longer. It only collects garbage: a session ends when it ends, however long its row is kept.
    /// A shorter time loses sessions.
    pub fn store_ttl(mut self, ttl: impl Fn(Duration) -> Duration + Send + Sync + 'static) -> Self {
        self.store("store_ttl").ttl = Some(Box::new(ttl));
        self
    }

    /// Where the secret halves of ids come from: 256 random bits each; by default from the operating
    /// system. For a hardware generator, say. Sessions can't be made while it fails.
    pub fn id_generator<F, E>(mut self, generate: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<[u8; 32], E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let generate = Arc::new(generate);
        self.store("id_generator").secrets = Some(Secrets::Custom(Box::new(move || {
            let making = generate();
            Box::pin(async move { making.await.map_err(Into::into) })
        })));
        self
    }

    /// How many sessions one value of an `index` field may have at once (ASVS 5.0, 7.1.2): a login
    /// beyond that ends the ones that logged in longest ago. By default any number. Sessions whose rows
    /// this instance can't read are not counted.
    pub fn max_sessions(mut self, most: usize) -> Self {
        self.store("max_sessions").max_sessions = Some(most);
        self
    }
}

//! The options of a layer: those of the struct, overridden by the builder's methods.

use super::SessionLayer;
use super::foreign::ForeignOption;
use super::promises::{AnyMerge, MergeAccepted};
use super::stored::StoreOptions;
use crate::carrier::{Carrier, CookieOptions, DEFAULT_NAME};
use crate::data::codec::Coder;
use crate::data::{Codec, Extend, Json, MaxAge, SessionData};
use crate::error::{BoxError, BuildError};
use crate::event::{Callback, Event, EventContext};
use crate::life::{Hooks, Pick};
use crate::seal::Keys;
use crate::store::LastWriteWins;
use crate::time::{Clock, Millis, SystemClock, days};
use http::request::Parts;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// Collects the options of a [`SessionLayer`]; [`build`](Self::build) checks them.
///
/// Every option has a default that fits a login over HTTPS. What the struct says in
/// `#[session(..)]` comes before the defaults, and what is said here before both.
#[must_use = "call `.build()` to make the layer"]
pub struct SessionBuilder<T, M = AnyMerge> {
    pub(super) home: HomeOption,
    pub(super) store: StoreOptions,
    /// What is moved over from, and until when.
    pub(super) old: Option<(ForeignOption, Millis)>,
    pub(super) cookie: CookieOptions,
    pub(super) carrier: Option<Box<dyn Carrier>>,
    pub(super) coder: Box<dyn Coder<T>>,
    pub(super) codec_given: bool,
    pub(super) idle: Duration,
    pub(super) browser: bool,
    pub(super) absolute: Duration,
    pub(super) extend: Extend,
    pub(super) auto_commit: bool,
    pub(super) save_empty: bool,
    pub(super) commit_on_server_error: bool,
    pub(super) on_undecodable: OnUndecodable,
    pub(super) hooks: Hooks<T>,
    pub(super) clock: Box<dyn Clock>,
    pub(super) on_event: Option<Callback>,
    pub(super) log_values: bool,
    pub(super) insecure: bool,
    pub(super) merge: PhantomData<M>,
}

/// What to do with an authentic token that does not decode: a field changed its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnUndecodable {
    /// Start from a blank session; the token stays with the client until something is written.
    #[default]
    Reset,
    /// Refuse the extraction with status 500.
    Fail,
}

/// The idle lifetime unless another is given.
const MAX_AGE: Duration = days(1);
/// The absolute lifetime unless another is given (NIST SP 800-63B-4 §5.2, AAL1).
const ABSOLUTE: Duration = days(30);

/// Where the state is to live.
pub(super) enum HomeOption {
    Signed(Keys),
    Stored(Pick),
    #[cfg_attr(not(feature = "koa"), allow(dead_code))]
    Foreign(ForeignOption),
}

impl<T: SessionData> SessionBuilder<T> {
    pub(super) fn signed(keys: Keys) -> Self {
        Self::new(HomeOption::Signed(keys))
    }
}

impl<T: SessionData, M> SessionBuilder<T, M> {
    pub(super) fn stored(pick: Pick) -> Self {
        Self::new(HomeOption::Stored(pick))
    }

    pub(super) fn new(home: HomeOption) -> Self {
        let options = T::OPTIONS;
        let (idle, browser) = match options.max_age {
            None => (MAX_AGE, false),
            Some(MaxAge::Idle(idle)) => (idle, false),
            Some(MaxAge::Browser) => (MAX_AGE, true),
        };
        Self {
            home,
            store: StoreOptions::default(),
            old: None,
            cookie: CookieOptions::named(options.name.unwrap_or(DEFAULT_NAME)),
            carrier: None,
            coder: Box::new(Json),
            codec_given: false,
            idle,
            browser,
            absolute: options.absolute.unwrap_or(ABSOLUTE),
            extend: options.extend.unwrap_or_default(),
            auto_commit: true,
            save_empty: false,
            commit_on_server_error: false,
            on_undecodable: OnUndecodable::default(),
            hooks: Hooks::default(),
            clock: Box::new(SystemClock),
            on_event: None,
            log_values: false,
            insecure: false,
            merge: PhantomData,
        }
    }

    /// The idle lifetime: a session ends when it was not used for so long. One day by default. The
    /// cookie gets a Max-Age, unless [`browser_session`](Self::browser_session) comes after this.
    pub fn max_age(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self.browser = false;
        self
    }

    /// The cookie has no Max-Age and goes with the browser. On the server the session ends as any
    /// other: at its absolute end, or when it was not used for the idle lifetime, be that the one of a
    /// [`max_age`](Self::max_age) before this, the struct's, or a day.
    /// `max_age(hours(2)).browser_session()` has both; a `max_age` that comes later gives a Max-Age
    /// again.
    pub fn browser_session(mut self) -> Self {
        self.browser = true;
        self
    }

    /// The absolute lifetime: so long after its creation or last login a session ends, however
    /// much it is used. 30 days by default.
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.absolute = absolute;
        self
    }

    /// When the idle lifetime starts anew; by default when less than half of it is left.
    pub fn extend(mut self, extend: Extend) -> Self {
        self.extend = extend;
        self
    }

    /// The idle lifetime starts anew on every use: each response carries a cookie.
    pub fn rolling(self) -> Self {
        self.extend(Extend::Rolling)
    }

    /// Whether changes are committed without being asked; on by default. Off, nothing is written
    /// unless [`commit`](crate::TypedSession::commit) is called, but ended sessions end.
    pub fn auto_commit(mut self, auto_commit: bool) -> Self {
        self.auto_commit = auto_commit;
        self
    }

    /// Whether new sessions are saved though nothing changed in them; off by default.
    pub fn save_empty(mut self, save_empty: bool) -> Self {
        self.save_empty = save_empty;
        self
    }

    /// Whether changes are committed when the response is a 5xx; off by default. What a panicking
    /// handler left is never committed.
    pub fn commit_on_server_error(mut self, commit: bool) -> Self {
        self.commit_on_server_error = commit;
        self
    }

    /// What to do with an authentic token that does not decode.
    pub fn on_undecodable(mut self, on_undecodable: OnUndecodable) -> Self {
        self.on_undecodable = on_undecodable;
        self
    }

    /// How tokens travel; by default in a cookie. An option of the cookie beside this is an error when
    /// the layer is built, also before this; a `name` of the struct's is none.
    pub fn carrier(mut self, carrier: impl Carrier) -> Self {
        self.carrier = Some(Box::new(carrier));
        self
    }

    /// How the state is encoded; by default as JSON.
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.coder = Box::new(codec);
        self.codec_given = true;
        self
    }

    /// Called after a session was loaded; `false` gives the handler a blank session instead, and
    /// the client forgets its token. Comes instead of the struct's and its fields' `valid`.
    pub fn valid(mut self, valid: impl Fn(&T, &Parts) -> bool + Send + Sync + 'static) -> Self {
        self.hooks.valid = Some(Box::new(valid));
        self
    }

    /// Called when a write is due; what it changes is saved, and if it fails nothing is written and
    /// the response is a 500. Comes instead of the struct's.
    pub fn before_save<E: Into<BoxError>>(
        mut self,
        before_save: impl Fn(&mut T, &Parts) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before_save =
            Some(Box::new(move |state, request| before_save(state, request).map_err(Into::into)));
        self
    }

    /// Where the time comes from: for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Called with every event. It runs inside the request: keep it short, and don't use the
    /// session in it. `tracing` gets the events anyway.
    pub fn on_event(mut self, on_event: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Callback::Plain(Box::new(on_event)));
        self
    }

    /// As [`on_event`](Self::on_event), which it replaces: called also with what is known beside the
    /// event, such as the request. For that, requests that extract their session are copied (method,
    /// URI, headers, extensions).
    ///
    /// ```
    /// # use session::{BuildError, Keys, Session, SessionLayer};
    /// # #[derive(Session)] struct Visit { views: u64 }
    /// # fn layer(keys: Keys) -> Result<SessionLayer<Visit>, BuildError> {
    /// let sessions = SessionLayer::<Visit>::signed(keys).on_event_in(|event, context| {
    ///     let path = context.request().map(|request| request.uri.path());
    ///     println!("{} {path:?}", event.name());
    /// });
    /// # sessions.build() }
    /// ```
    pub fn on_event_in(
        mut self,
        on_event: impl Fn(&Event<'_>, &EventContext<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_event = Some(Callback::InContext(Box::new(on_event)));
        self
    }

    /// Whether values of fields are in the log, with the events `created`, `changed`, `expired`,
    /// `undecodable`, and `invalid` where `valid` refused: in the field `values`, and in
    /// [`EventContext::values`]. Off by default; on, whoever reads the log sees what sessions hold,
    /// which is said once when the layer is built.
    ///
    /// `#[session(secret)]` fields are never shown, nor are ids, keys and tokens.
    pub fn log_values(mut self, log_values: bool) -> Self {
        self.log_values = log_values;
        self
    }

    /// Accepts that of two parallel requests the last one wins, whatever `merge` says: the state is in
    /// a cookie, or in a store that can't compare before it writes.
    pub fn last_write_wins(self) -> SessionBuilder<T, LastWriteWins> {
        SessionBuilder {
            home: self.home,
            store: self.store,
            old: self.old,
            cookie: self.cookie,
            carrier: self.carrier,
            coder: self.coder,
            codec_given: self.codec_given,
            idle: self.idle,
            browser: self.browser,
            absolute: self.absolute,
            extend: self.extend,
            auto_commit: self.auto_commit,
            save_empty: self.save_empty,
            commit_on_server_error: self.commit_on_server_error,
            on_undecodable: self.on_undecodable,
            hooks: self.hooks,
            clock: self.clock,
            on_event: self.on_event,
            log_values: self.log_values,
            insecure: self.insecure,
            merge: PhantomData,
        }
    }

    /// Checks the options and makes the layer.
    ///
    /// # Errors
    /// When options contradict the standards or one another, or one has no effect where the sessions
    /// are; the error names the option.
    pub fn build(self) -> Result<SessionLayer<T>, BuildError>
    where
        M: MergeAccepted<T>,
    {
        self.put_together()
    }
}

impl<T: SessionData, M> fmt::Debug for SessionBuilder<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("schema", &T::SCHEMA)
            .field("cookie", &self.cookie)
            .finish_non_exhaustive()
    }
}

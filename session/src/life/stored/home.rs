//! Where the sessions of one layer are kept, and on which terms.

use super::{Names, Queues};
use crate::error::BoxError;
use crate::id::SECRET;
use crate::store::DynStore;
use crate::time::Millis;
use http::request::Parts;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A layer's store, and how it is used.
pub(crate) struct StoreHome {
    pub(crate) pick: Pick,
    pub(crate) names: Names,
    pub(crate) secrets: Secrets,
    pub(crate) on_outage: OnOutage,
    pub(crate) on_ended: OnEnded,
    /// How long one call may take.
    pub(crate) patience: Duration,
    /// How long an ended session is remembered.
    pub(crate) remember: Duration,
    pub(crate) ttl: StoreTtl,
    /// How many sessions one value of an `index` field may have.
    pub(crate) max_sessions: Option<usize>,
    /// Whether the type has `index` fields.
    pub(crate) indexed: bool,
    pub(crate) queues: Queues,
}

/// Which store a request's session is in.
pub(crate) enum Pick {
    One(Arc<dyn DynStore>),
    PerRequest(PickFor),
}

type PickFor = Box<dyn Fn(&Parts) -> Arc<dyn DynStore> + Send + Sync>;

impl Pick {
    pub(crate) fn store(&self, request: &Parts) -> Arc<dyn DynStore> {
        match self {
            Self::One(store) => Arc::clone(store),
            Self::PerRequest(pick) => pick(request),
        }
    }

    /// As [`store`](Self::store), where there may be no request.
    pub(crate) fn store_outside(&self, request: Option<&Parts>) -> Option<Arc<dyn DynStore>> {
        match (self, request) {
            (Self::One(store), _) => Some(Arc::clone(store)),
            (Self::PerRequest(pick), Some(request)) => Some(pick(request)),
            (Self::PerRequest(_), None) => None,
        }
    }
}

type Making = Pin<Box<dyn Future<Output = Result<[u8; SECRET], BoxError>> + Send>>;

/// Where the secret halves of ids come from.
pub(crate) enum Secrets {
    /// The operating system.
    System,
    Custom(Box<dyn Fn() -> Making + Send + Sync>),
}

/// How long the engine keeps a row, given what is left of the session.
pub(crate) type StoreTtl = Option<Box<dyn Fn(Duration) -> Duration + Send + Sync>>;

/// Kept for so long beyond its end, a row is reported as expired and not as missing.
const GRACE: Duration = Duration::from_secs(10);

impl StoreHome {
    /// Whether opening and closing a session wait for nobody, as a rule.
    pub(crate) fn answers_at_once(&self) -> bool {
        match (&self.pick, &self.secrets) {
            (Pick::One(store), Secrets::System) => store.answers_at_once(),
            _ => false,
        }
    }

    /// Whether an id that was rotated away then is still told so.
    pub(super) fn remembers(&self, rotated: Millis, now: Millis) -> bool {
        Duration::from_millis(now.since(rotated)) < self.remember
    }

    /// For how long the engine must keep a row that ends then.
    pub(super) fn keep(&self, now: Millis, ends: Millis) -> Duration {
        let left = Duration::from_millis(ends.since(now));
        let keep = match &self.ttl {
            Some(ttl) => ttl(left),
            None => left.saturating_add(GRACE),
        };
        keep.max(Duration::from_millis(1))
    }
}

/// What a request does whose session's store can't be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnOutage {
    /// The extraction is refused with status 503.
    #[default]
    Fail,
    /// The handler gets a blank session that is never written and sends no cookie. Extracting
    /// `Option<TypedSession<T>>` is refused all the same: nobody knows whether there is one.
    Ignore,
}

/// What becomes of a request that changed a session which had ended meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnEnded {
    /// The response becomes a 409.
    #[default]
    Refuse,
    /// The response stays as it is, and the change is dropped.
    Drop,
}

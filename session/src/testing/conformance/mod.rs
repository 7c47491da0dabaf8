//! Tries a store: whether it keeps the contract of [`Store`].
//!
//! This crate's own stores are tried with it, on real engines; so can yours be. It knows nothing but
//! the contract and needs no test framework: only Tokio, with its time on.
//!
//! ```
//! use session::store::MemoryStore;
//! use session::testing::conformance::Suite;
//!
//! # #[tokio::main] async fn main() {
//! let store = MemoryStore::default();
//! Suite::new(store.clone(), store).tasks(1000).run().await.assert();
//! # }
//! ```
//!
//! What is tried follows from the store's type: how calls race only where the store's writes are
//! [`CompareAndSet`](crate::store::CompareAndSet), sets only where it is
//! [`Indexed`](crate::store::Indexed). What the type does not promise is in the [`Report`], as
//! [`Outcome::NotPromised`].

mod bodies;
mod cancel;
mod case;
mod check;
mod client;
mod counting;
mod create;
mod delete;
mod expiry;
mod index;
mod keys;
mod linear;
mod model;
mod races;
mod random;
mod report;
mod touch;
mod update;

pub use report::{Checked, Failure, Outcome, Report};

use self::case::{Case, Scale};
use self::check::Check;
use self::client::Client;
use crate::store::Store;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// All checks, theme by theme.
const THEMES: [&[Check]; 13] = [
    create::CHECKS,
    update::CHECKS,
    touch::CHECKS,
    delete::CHECKS,
    expiry::CHECKS,
    bodies::CHECKS,
    keys::CHECKS,
    races::CHECKS,
    counting::CHECKS,
    model::CHECKS,
    linear::CHECKS,
    cancel::CHECKS,
    index::CHECKS,
];

/// Tries one store. See the [module](self).
pub struct Suite<S> {
    stores: [S; 2],
    seed: u64,
    limit: Duration,
    scale: Scale,
    only: &'static str,
}

impl<S: Store> Suite<S> {
    /// For two clients of the same rows, as two processes are: each with its own connections, where
    /// there are any. A store that lives in one process is given twice.
    ///
    /// The rows may hold other things: the suite uses keys that are new in each run, and leaves what
    /// it made.
    #[must_use]
    pub fn new(one: S, two: S) -> Self {
        let scale = Scale {
            tasks: 10_000,
            largest_body: 1 << 20,
            short: Duration::from_millis(300),
            past_short: Duration::from_millis(600),
        };
        Self { stores: [one, two], seed: 1, limit: Duration::from_secs(60), scale, only: "" }
    }

    /// Another seed for the random parts than 1. A failure names the seed it was found with.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many tasks are cancelled at random moments. 10 000 unless said otherwise: fewer for an
    /// engine that needs a disk for each write.
    #[must_use]
    pub fn tasks(mut self, tasks: usize) -> Self {
        self.scale.tasks = tasks;
        self
    }

    /// The longest body that fits into the engine, in bytes. 1 MiB unless said otherwise.
    #[must_use]
    pub fn largest_body(mut self, bytes: usize) -> Self {
        self.scale.largest_body = bytes;
        self
    }

    /// The engine counts lifetimes in whole seconds: what waits for them waits longer.
    #[must_use]
    pub fn whole_seconds(mut self) -> Self {
        self.scale.short = Duration::from_secs(1);
        self.scale.past_short = Duration::from_secs(4);
        self
    }

    /// How long one check may take. A minute unless said otherwise.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Only the checks whose names begin so, such as `touch.`
    #[must_use]
    pub fn only(mut self, prefix: &'static str) -> Self {
        self.only = prefix;
        self
    }

    /// Tries everything that the store's type promises.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with its time on.
    pub async fn run(self) -> Report {
        let [one, two] = self.stores;
        let clients = [Client::new(Arc::new(one)), Client::new(Arc::new(two))];
        let nonce = RandomState::new().build_hasher().finish();
        let (seed, limit, scale) = (self.seed, self.limit, self.scale);
        let case = |check: &Check| Case::new(clients.clone(), check.name, [seed, nonce], scale);

        let wanted = THEMES.iter().copied().flatten().filter(|it| it.name.starts_with(self.only));
        // What waits for the engine's clock goes first and waits beside the others.
        let mut started = Vec::new();
        for check in wanted {
            let promised = check.of.promised_by::<S>();
            let early = (promised && check.waits)
                .then(|| Waiting(tokio::spawn(check.outcome(case(check), limit))));
            started.push((check, promised, early));
        }

        let mut report = Report { store: std::any::type_name::<S>(), seed, checks: Vec::new() };
        for (check, promised, early) in started {
            let outcome = match early {
                _ if !promised => Outcome::NotPromised,
                None => check.outcome(case(check), limit).await,
                Some(early) => early.outcome().await,
            };
            report.checks.push(Checked { name: check.name, rule: check.rule, outcome });
        }
        report
    }
}

/// A check that runs beside the others, and no longer than somebody waits for it.
struct Waiting(JoinHandle<Outcome>);

impl Waiting {
    async fn outcome(mut self) -> Outcome {
        (&mut self.0).await.unwrap_or_else(|_| {
            // `Check::outcome` catches panics of the store, so this is the runtime's end.
            let expected = "an end of the check".to_owned();
            Outcome::Failed(Failure { expected, seen: "the runtime shut down".to_owned() })
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<S> fmt::Debug for Suite<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, limit, scale, only, stores: _ } = self;
        f.debug_struct("Suite")
            .field("seed", seed)
            .field("limit", limit)
            .field("scale", scale)
            .field("only", only)
            .finish_non_exhaustive()
    }
}

//! A check, and how one is run.

use super::case::Case;
use super::client::Verdict;
use super::report::{Failure, Outcome};
use crate::store::{CompareAndSet, Indexed, Store};
use std::any::TypeId;
use std::pin::Pin;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};

/// A rule of the contract, and how it is tried.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) rule: &'static str,
    pub(super) of: Of,
    /// It spends its time waiting for the engine's clock, so it may run beside the others.
    pub(super) waits: bool,
    pub(super) run: fn(Case) -> Pin<Box<dyn Future<Output = Verdict> + Send>>,
}

/// Which stores promise the rule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// All.
    Every,
    /// Those whose writes are [`CompareAndSet`].
    Atomic,
    /// Those that are [`Indexed`].
    Indexed,
}

impl Of {
    pub(super) fn promised_by<S: Store>(self) -> bool {
        match self {
            Self::Every => true,
            Self::Atomic => TypeId::of::<S::Writes>() == TypeId::of::<CompareAndSet>(),
            Self::Indexed => TypeId::of::<S::Index>() == TypeId::of::<Indexed>(),
        }
    }
}

/// `checks![Of: "theme.rule", "the rule in words", function; ..]`
macro_rules! checks {
    ($($(#[$waits:ident])? $of:ident: $name:literal, $rule:literal, $run:expr;)*) => {
        pub(super) const CHECKS: &[$crate::testing::conformance::check::Check] = &[$(
            $crate::testing::conformance::check::Check {
                name: $name,
                rule: $rule,
                of: $crate::testing::conformance::check::Of::$of,
                waits: $crate::testing::conformance::check::waits!($($waits)?),
                run: |case| Box::pin($run(case)),
            },
        )*];
    };
}

macro_rules! waits {
    () => {
        false
    };
    (waits) => {
        true
    };
}

pub(super) use {checks, waits};

impl Check {
    /// In a task of its own, so that a panic of the store is a failure as any other.
    pub(super) async fn outcome(&self, case: Case, limit: Duration) -> Outcome {
        let mut task = JoinSet::new();
        task.spawn((self.run)(case));
        let verdict = match tokio::time::timeout(limit, all(task)).await {
            Ok(verdict) => verdict.map(drop),
            Err(_) => Err(Failure {
                expected: format!("an end within {} s", limit.as_secs()),
                seen: "the check still runs".to_owned(),
            }),
        };
        match verdict {
            Ok(()) => Outcome::Passed,
            Err(failure) => Outcome::Failed(failure),
        }
    }
}

/// What all tasks found, in the order in which they ended; or the first failure, which ends the others.
pub(super) async fn all<T: 'static>(mut tasks: JoinSet<Verdict<T>>) -> Verdict<Vec<T>> {
    let mut found = Vec::with_capacity(tasks.len());
    while let Some(task) = tasks.join_next().await {
        found.push(ended(task)?);
    }
    Ok(found)
}

/// What a task found; a panic is a failure.
pub(super) fn ended<T>(task: Result<Verdict<T>, JoinError>) -> Verdict<T> {
    task.unwrap_or_else(|error| Err(panicked(error)))
}

fn panicked(error: JoinError) -> Failure {
    let seen = match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            format!("a panic: {}", text.unwrap_or_default())
        }
        Err(_) => "the runtime shut down".to_owned(),
    };
    Failure { expected: "an answer".to_owned(), seen }
}

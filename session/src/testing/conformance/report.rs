//! What a run of the suite found.

use std::fmt;

/// What a run of the suite found. `Display` lists it.
#[derive(Debug, Clone)]
#[must_use = "a report that nobody reads finds nothing: call `assert`"]
pub struct Report {
    pub(super) store: &'static str,
    pub(super) seed: u64,
    pub(super) checks: Vec<Checked>,
}

/// One check of a store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checked {
    /// Its name, which stays the same from release to release: `theme.rule`.
    pub name: &'static str,
    /// The rule, in words.
    pub rule: &'static str,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The store keeps the rule.
    Passed,
    /// The store breaks the rule.
    Failed(Failure),
    /// The store's type does not promise it: it was not tried.
    NotPromised,
}

/// How a store breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What the rule asks for, and when.
    pub expected: String,
    /// What the store did.
    pub seen: String,
}

impl Report {
    /// All checks, in the order of their themes.
    #[must_use]
    pub fn checks(&self) -> &[Checked] {
        &self.checks
    }

    /// The seed of the random parts; [`Suite::seed`](super::Suite::seed) repeats it.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The names of the checks that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = |check: &&Checked| matches!(check.outcome, Outcome::Failed(_));
        self.checks.iter().filter(failed).map(|check| check.name).collect()
    }

    /// Nothing to say if the store keeps the rules.
    ///
    /// # Panics
    /// With the whole list when it breaks one, or when nothing was tried.
    pub fn assert(&self) {
        let tried = self.checks.iter().any(|check| check.outcome != Outcome::NotPromised);
        assert!(tried, "no check was tried: does `only` name one?");
        assert!(self.failed().is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed().len();
        let idle = self.checks.iter().filter(|check| check.outcome == Outcome::NotPromised).count();
        let passed = self.checks.len() - failed - idle;
        writeln!(
            f,
            "{}: {passed} passed, {failed} failed, {idle} not promised (seed {})",
            self.store, self.seed
        )?;
        for Checked { name, rule, outcome } in &self.checks {
            match outcome {
                Outcome::Passed => writeln!(f, "    ok {name}")?,
                Outcome::NotPromised => writeln!(f, "     - {name}: the type does not promise it")?,
                Outcome::Failed(failure) => {
                    writeln!(f, "FAILED {name}: {rule}")?;
                    writeln!(f, "       expected: {}", indented(&failure.expected))?;
                    writeln!(f, "       seen:     {}", indented(&failure.seen))?;
                }
            }
        }
        Ok(())
    }
}

/// The lines behind the first below the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n                 ")
}

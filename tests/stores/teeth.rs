//! The suite finds what is wrong, and nothing in a store that is right.

use crate::faults::Fault;
use crate::reference::Reference;
use session::store::{
    Created, Deleted, LastWriteWins, Lease, Loaded, NotIndexed, Record, Revision, RowKey, Store,
    StoreError, Times, Touched, Updated,
};
use session::testing::conformance::{Outcome, Report, Suite};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;

fn suite(fault: Option<Fault>) -> Suite<Reference> {
    let [one, two] = Reference::pair(fault);
    // A loop that a fault leaves without an end is cut soon.
    Suite::new(one, two).tasks(500).time_limit(Duration::from_secs(20))
}

#[tokio::test]
async fn a_store_that_keeps_the_contract_passes_under_any_seed() {
    for seed in 1..6 {
        suite(None).seed(seed).run().await.assert();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_keeps_the_contract_passes_on_several_threads() {
    let [one, two] = Reference::pair(None);
    Suite::new(one, two).run().await.assert();
}

#[tokio::test]
async fn each_fault_is_caught_by_the_checks_that_name_its_rule() {
    let mut running = JoinSet::new();
    for &fault in Fault::ALL {
        running.spawn(async move { (fault, suite(Some(fault)).run().await) });
    }
    let mut wrong = String::new();
    while let Some(ended) = running.join_next().await {
        let (fault, report) = ended.expect("the suite does not panic");
        let failed = report.failed();
        let missed = fault.caught_by().iter().filter(|name| !failed.contains(name));
        let strange = failed.iter().filter(|name| {
            let seen_by = fault.seen_by().iter().any(|prefix| name.starts_with(prefix));
            !fault.caught_by().contains(name) && !seen_by
        });
        let (missed, strange): (Vec<_>, Vec<_>) = (missed.collect(), strange.collect());
        if !missed.is_empty() || !strange.is_empty() {
            wrong +=
                &format!("{fault:?}: missed by {missed:?}, also failed {strange:?}\n{report}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn each_check_catches_a_fault() {
    let caught: BTreeSet<_> = Fault::ALL.iter().flat_map(|fault| fault.caught_by()).collect();
    let report = suite(None).run().await;
    for check in report.checks() {
        assert!(caught.contains(&check.name), "no fault shows that {} has teeth", check.name);
    }
}

/// The same rows, and a type that promises less.
struct Humble(Reference);

impl Store for Humble {
    type Writes = LastWriteWins;
    type Index = NotIndexed;

    async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        self.0.load(key).await
    }

    async fn create(
        &self,
        key: &RowKey,
        row: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        self.0.create(key, row, lease).await
    }

    async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        row: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        self.0.update(key, expected, row, lease).await
    }

    async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        self.0.touch(key, expected, times, lease).await
    }

    async fn delete(&self, key: &RowKey, remember: Duration) -> Result<Deleted, StoreError> {
        self.0.delete(key, remember).await
    }
}

#[tokio::test]
async fn what_the_type_does_not_promise_is_not_tried_and_is_listed() {
    let [one, two] = Reference::pair(Some(Fault::UpdateRaces)).map(Humble);
    let report = Suite::new(one, two).tasks(100).run().await;
    report.assert();
    let idle = |report: &Report| {
        let idle = |check: &&_| matches!(check, &&Outcome::NotPromised);
        report.checks().iter().map(|check| &check.outcome).filter(idle).count()
    };
    assert!(idle(&report) > 15, "{report}");
    assert_eq!(idle(&suite(None).only("create.").run().await), 0);
    assert!(report.to_string().contains("- races.updates: the type does not promise it"));
}

#[tokio::test]
async fn a_report_names_the_check_its_rule_what_was_expected_and_what_was_seen() {
    let report = suite(Some(Fault::TouchCreates)).seed(7).only("touch.missing").run().await;
    let text = report.to_string();
    for part in [
        "0 passed, 1 failed, 0 not promised (seed 7)",
        "FAILED touch.missing: a touch of a row that is not there does nothing",
        "expected: touch of what never was: Nothing",
        "seen:     Touched",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[tokio::test]
#[should_panic(expected = "no check was tried")]
async fn a_report_of_nothing_is_no_success() {
    suite(None).only("no.such.check").run().await.assert();
}

#[tokio::test]
#[should_panic(expected = "FAILED delete.ends")]
async fn a_report_with_a_failure_panics() {
    suite(Some(Fault::DeleteForgets)).only("delete.ends").run().await.assert();
}

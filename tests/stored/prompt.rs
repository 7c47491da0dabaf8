//! A store that answers at once is asked where the request's session lies, and not by a future that
//! waits: another way, on which every rule must hold as well.

use crate::race::settle;
use crate::state::{Handle, Visit, visit};
use session::SessionLayer;
use session::store::MemoryStore;
use session_tests::{PROMPT, request, site_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::task::{Context, Waker};
use std::time::Duration;
use tower::ServiceExt;

/// What needs a store that keeps somebody waiting; and this.
const OTHERS: [&str; 12] = [
    "prompt::",
    "schedules::",
    "detached::rule_14_a_dropped_commit_leaves_the_handle_as_good_as_before",
    "dropped::rule_11_a_logout_that_is_dropped_while_the_row_is_deleted_ends_it_all_the_same",
    "dropped::rule_12_a_login_dropped_in_its_commit_does_not_go_on_under_the_old_id",
    "dropped::rule_12_dropped_while_the_owed_rotation_is_written_the_old_id_is_dead",
    "dropped::rule_12_dropped_while_it_is_written_leaves_one_of_two_states",
    "dropped::rule_12_f_4_dropped_while_a_new_session_is_written_leaves_no_row",
    "outages::rule_27_a_store_that_does_not_answer_is_an_outage",
    "merges::rule_23_n_increments_of_a_sum_add_up_to_n",
    "merges::rule_23_three_contenders_lose_nothing",
    "secrets::security_56_sessions_never_cross_requests",
];

// Fails when a rule does not hold with a store that answers at once.
#[test]
fn rule_22_every_rule_holds_with_a_store_that_answers_at_once() {
    let mut again = Command::new(std::env::current_exe().expect("this program"));
    again.env(PROMPT, "").args(OTHERS.iter().flat_map(|other| ["--skip", *other]));
    let output = again.output().expect("it runs once more");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let passed = said.rsplit_once("test result: ok. ").and_then(|(_, after)| after.split_once(' '));
    let passed = passed.and_then(|(number, _)| number.parse::<u32>().ok());
    assert!(passed > Some(150), "{said}");
}

// Fails when a store that panics leaves a row behind whose id nobody ever got.
#[tokio::test]
async fn rule_12_f_4_a_new_session_is_ended_when_its_store_panics_behind_it() {
    let store = MemoryStore::builder().max_rows(1).on_evict(|| panic!("the hook's own")).build();
    let site = SessionLayer::stored(store.clone()).remember_ended(Duration::ZERO);
    let site = site_of::<Visit, _>(site);
    let cookie = site.cookie(visit(1));
    assert!(site.lives(&cookie));
    let app = site.app(async |mut s: Handle| s.views = 2);
    let mut response = Box::pin(app.oneshot(request("")));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        response.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }));
    polled.expect_err("the hook panics");
    assert!(!site.lives(&cookie), "evicted");
    drop(response);
    settle().await;
    assert!(store.is_empty());
}

//! All interleavings of two and three requests on one session, at every call of the store: nothing that
//! was acknowledged is lost, sums add up, and what ended stays ended; with one of them dropped at every
//! point, and with faults before and after the effect.

use crate::race::{cookie_of, settle};
use crate::state::{Handle, Visit, visit};
use axum::Router;
use axum::body::Body;
use axum::http::Response;
use session_tests::{Fault, Reply, Shelf, Site, request, stored_site};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tower::ServiceExt;

type Running = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// What one of them does, and what must be there if it was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Adds one, and writes the note.
    Note,
    /// Adds ten, and writes another field.
    View,
    /// Adds ten, commits, adds a hundred.
    Commit,
    /// Adds ten, gets a new id.
    Rotate,
    /// Adds ten, logs in.
    Login,
    /// Adds ten, logs in, commits.
    LoginAndCommit,
    /// Ends it.
    Destroy,
    /// Ends it by a field, and fails.
    ResetAndFail,
    /// Reads.
    Read,
}

const ACTS: [Act; 9] = [
    Act::Note,
    Act::View,
    Act::Commit,
    Act::Rotate,
    Act::Login,
    Act::LoginAndCommit,
    Act::Destroy,
    Act::ResetAndFail,
    Act::Read,
];

impl Act {
    fn app(self, site: &Site<Visit>) -> Router {
        site.app(async move |mut s: Handle| {
            let mut status = http::StatusCode::OK;
            match self {
                Self::Note => {
                    s.hits += 1;
                    s.note = Some("note".into());
                }
                Self::View => {
                    s.hits += 10;
                    s.views = 50;
                }
                Self::Commit => {
                    s.hits += 10;
                    if s.commit().await.is_err() {
                        return http::StatusCode::SERVICE_UNAVAILABLE;
                    }
                    s.hits += 100;
                }
                Self::Rotate => {
                    s.hits += 10;
                    s.rotate();
                }
                Self::Login => {
                    s.hits += 10;
                    s.user = Some("bob".into());
                }
                Self::LoginAndCommit => {
                    s.hits += 10;
                    s.user = Some("bob".into());
                    if s.commit().await.is_err() {
                        return http::StatusCode::SERVICE_UNAVAILABLE;
                    }
                }
                Self::Destroy => s.destroy(),
                Self::ResetAndFail => {
                    s.plan = None;
                    s.destroy();
                    status = http::StatusCode::BAD_GATEWAY;
                }
                Self::Read => {}
            }
            status
        })
    }

    fn adds(self) -> u64 {
        match self {
            Self::Note => 1,
            Self::View | Self::Rotate | Self::Login | Self::LoginAndCommit => 10,
            Self::Commit => 110,
            Self::Destroy | Self::ResetAndFail | Self::Read => 0,
        }
    }

    fn ends(self) -> bool {
        matches!(self, Self::Destroy | Self::ResetAndFail)
    }

    fn turns(self) -> bool {
        matches!(self, Self::Rotate | Self::Login | Self::LoginAndCommit)
    }
}

/// Requests, of which one goes a step further at a time.
struct Several {
    running: Vec<Option<Running>>,
    replies: Vec<Option<Response<Body>>>,
}

impl Several {
    fn start(site: &Site<Visit>, cookie: &str, acts: &[Act]) -> Self {
        let run = |act: &Act| -> Option<Running> {
            Some(Box::pin(act.app(site).oneshot(request(cookie))))
        };
        Self {
            running: acts.iter().map(run).collect(),
            replies: acts.iter().map(|_| None).collect(),
        }
    }

    /// One poll of one of them. Says whether it went on.
    fn step(&mut self, which: usize) -> bool {
        let Some(running) = &mut self.running[which] else { return false };
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(response) = running.as_mut().poll(&mut context) {
            self.replies[which] = Some(response.expect("apps answer"));
            self.running[which] = None;
        }
        true
    }

    fn drop_one(&mut self, which: usize) {
        self.running[which] = None;
    }

    /// Runs all to their ends.
    async fn finish(&mut self) -> Vec<Option<Reply>> {
        for round in 0..1000 {
            let went_on = (0..self.running.len()).fold(false, |any, which| self.step(which) | any);
            if !went_on {
                break;
            }
            tokio::task::yield_now().await;
            if round > 60 {
                // A pause between two tries.
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        }
        let mut replies = Vec::new();
        for response in std::mem::take(&mut self.replies) {
            replies.push(reply(response).await);
        }
        replies
    }
}

async fn reply(response: Option<Response<Body>>) -> Option<Reply> {
    match response {
        Some(response) => Some(Reply::of(response).await),
        None => None,
    }
}

/// What must be true afterwards.
fn judge(
    site: &Site<Visit>,
    shelf: &Shelf,
    old: &str,
    acts: &[Act],
    replies: &[Option<Reply>],
    what: &str,
) {
    let all: u64 = acts.iter().map(|act| act.adds()).sum();
    let fine = |which: usize| replies[which].as_ref().is_some_and(|r| r.status == 200);
    let ended = (0..acts.len()).any(|which| acts[which].ends() && replies[which].is_some());
    // Who comes with the id of before a rotation ends nothing.
    let may_go_on = acts.iter().any(|act| act.turns());
    let mut cookies = vec![old.to_owned()];
    cookies.extend(replies.iter().flatten().filter(|reply| reply.seals()).map(cookie_of));
    let live: Vec<&String> = cookies.iter().filter(|cookie| site.lives(cookie)).collect();
    // No row without an entry for its user, and none that goes on under an id it should not.
    for (which, act) in acts.iter().enumerate() {
        if act.turns() && fine(which) {
            assert!(!site.lives(old), "{what}: the old id lives after {act:?}");
        }
    }
    for cookie in &live {
        let s = site.state(cookie);
        assert!(s.hits <= all, "{what}: counted twice: {}", s.hits);
        if ended {
            assert!(may_go_on, "{what}: it came back");
            assert_ne!(*cookie, old, "{what}: it came back");
        }
        if s.user.is_some() {
            assert_ne!(*cookie, old, "{what}: a login goes on under the old id");
        }
    }
    let total: u64 = live.iter().map(|cookie| site.state(cookie).hits).sum();
    let logins = acts.iter().filter(|act| act.turns()).count();
    if !ended && (0..acts.len()).all(fine) && logins == 0 {
        assert_eq!(total, all, "{what}: an increment is lost");
    }
    for (which, act) in acts.iter().enumerate() {
        if fine(which) && !ended && logins == 0 {
            let Some(cookie) = live.first() else {
                // One that was dropped ended it all the same.
                assert!(acts.iter().any(|act| act.ends()), "{what}: it is gone");
                continue;
            };
            let s = site.state(cookie);
            match act {
                Act::Note => assert_eq!(s.note.as_deref(), Some("note"), "{what}"),
                Act::View => assert_eq!(s.views, 50, "{what}"),
                _ => {}
            }
        }
    }
    for (key, record) in shelf.rows() {
        let body = String::from_utf8_lossy(&record.body);
        assert!(!body.contains("\"bob\"") || shelf.members().contains(&key), "{what}: unlisted");
    }
}

/// Every order in which `steps` polls can be given to so many.
fn orders_of(requests: usize, steps: u32) -> impl Iterator<Item = Vec<usize>> {
    (0..requests.pow(steps))
        .map(move |number| (0..steps).map(|at| number / requests.pow(at) % requests).collect())
}

/// Every order in which `steps` polls can be given to two.
fn orders(steps: u32) -> impl Iterator<Item = Vec<usize>> {
    orders_of(2, steps)
}

// Fails when an interleaving loses what was acknowledged, counts twice, or brings back what ended.
#[tokio::test]
async fn rule_23_every_interleaving_of_two_requests() {
    for (n, first) in ACTS.into_iter().enumerate() {
        for second in ACTS.into_iter().skip(n) {
            for order in orders(7) {
                let (site, shelf) = stored_site::<Visit, _>(|b| b);
                let cookie = site.cookie(visit(1));
                shelf.slow_down();
                let mut two = Several::start(&site, &cookie, &[first, second]);
                for which in &order {
                    two.step(*which);
                }
                let replies = two.finish().await;
                shelf.calm();
                settle().await;
                let what = format!("{first:?} and {second:?}, {order:?}");
                assert!(replies.iter().all(Option::is_some), "{what}: one never ends");
                judge(&site, &shelf, &cookie, &[first, second], &replies, &what);
            }
        }
    }
}

// Fails when three that meet lose what was acknowledged, count twice, or bring back what ended.
#[tokio::test]
async fn rule_23_interleavings_of_three_requests() {
    let acts = [Act::Note, Act::View, Act::Commit, Act::Rotate, Act::Login, Act::Destroy];
    for (n, first) in acts.into_iter().enumerate() {
        for (m, second) in acts.into_iter().enumerate().skip(n) {
            for third in acts.into_iter().skip(m) {
                let acts = [first, second, third];
                for order in orders_of(3, 4) {
                    let (site, shelf) = stored_site::<Visit, _>(|b| b);
                    let cookie = site.cookie(visit(1));
                    shelf.slow_down();
                    let mut three = Several::start(&site, &cookie, &acts);
                    for which in &order {
                        three.step(*which);
                    }
                    let replies = three.finish().await;
                    shelf.calm();
                    settle().await;
                    let what = format!("{acts:?}, {order:?}");
                    assert!(replies.iter().all(Option::is_some), "{what}: one never ends");
                    judge(&site, &shelf, &cookie, &acts, &replies, &what);
                }
            }
        }
    }
}

// Fails when one that is dropped at any point leaves the other, or the session, in a third state.
#[tokio::test]
async fn rule_12_every_interleaving_with_one_of_them_dropped() {
    for first in ACTS {
        for second in [Act::Note, Act::Rotate, Act::Destroy] {
            for (order, drop_after) in orders(4).flat_map(|o| (1..=4).map(move |n| (o.clone(), n)))
            {
                let (site, shelf) = stored_site::<Visit, _>(|b| b);
                let cookie = site.cookie(visit(1));
                shelf.slow_down();
                let mut two = Several::start(&site, &cookie, &[first, second]);
                for (n, which) in order.iter().enumerate() {
                    if n == drop_after {
                        two.drop_one(0);
                    }
                    two.step(*which);
                }
                two.drop_one(0);
                let replies = two.finish().await;
                settle().await;
                shelf.calm();
                settle().await;
                let what = format!("{first:?} dropped after {drop_after}, {second:?}, {order:?}");
                judge(&site, &shelf, &cookie, &[first, second], &replies, &what);
            }
        }
    }
}

// Fails when a fault before or after the effect of any call leaves what must not be.
#[tokio::test]
async fn rule_27_every_fault_at_every_call_of_two_requests() {
    let calls = ["load", "create", "update", "delete", "index_insert", "index_remove"];
    for first in ACTS {
        for second in [Act::Note, Act::Login, Act::Destroy] {
            for call in calls {
                for after in [false, true] {
                    for order in orders(3) {
                        let (site, shelf) = stored_site::<Visit, _>(|b| b);
                        let cookie = site.cookie(visit(1));
                        shelf.slow_down();
                        let mut two = Several::start(&site, &cookie, &[first, second]);
                        for which in &order {
                            two.step(*which);
                        }
                        shelf.fail(if after { Fault::After(call) } else { Fault::Before(call) });
                        let replies = two.finish().await;
                        shelf.calm();
                        settle().await;
                        // Whoever was told of the fault has no promise.
                        let what = format!("{first:?}, {second:?}, {call} {after}, {order:?}");
                        let told = |reply: &Reply| {
                            reply.error.as_ref().is_some_and(|error| error.status() == 503)
                                || reply.status == 503
                        };
                        if !replies.iter().flatten().any(told) {
                            judge(&site, &shelf, &cookie, &[first, second], &replies, &what);
                        }
                    }
                }
            }
        }
    }
}

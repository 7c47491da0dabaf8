//! Sixteen clients at once, who note what was acknowledged to them.

use crate::app::{Site, Visitor, number, refused, shown};
use crate::engines::RECOVERY;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Sessions that several clients count in.
const COUNTERS: usize = 4;
/// Clients that count.
const COUNTING: usize = 12;
/// Clients that log in and out.
const VISITING: usize = 4;

/// What clients were told.
#[derive(Default)]
pub struct Told {
    /// Of each counter: increments that were acknowledged, and those that nobody knows of.
    counters: Vec<(AtomicU64, AtomicU64)>,
    /// The cookies of sessions that were logged in, and not out, with their users.
    alive: Mutex<Vec<(String, String)>>,
    /// The cookies of sessions whose logout was acknowledged.
    dead: Mutex<Vec<String>>,
    refused: AtomicU64,
    acknowledged: AtomicU64,
    stop: AtomicBool,
}

/// A load under way.
pub struct Load {
    told: Arc<Told>,
    counters: Vec<Visitor>,
    tasks: Vec<JoinHandle<()>>,
}

/// What was not as it was acknowledged.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lost {
    pub increments: u64,
    pub logins: usize,
    pub logouts: usize,
}

impl Load {
    pub async fn start(site: &Site) -> Self {
        let counters = (0..COUNTERS).map(|_| Default::default()).collect();
        let told = Arc::new(Told { counters, ..Told::default() });
        let mut counters = Vec::new();
        for n in 0..COUNTERS {
            let mut counter = site.visitor();
            counter.gets(&format!("/login/counter{n}")).await;
            counters.push(counter);
        }
        let counting = (0..COUNTING).map(|n| {
            let at = n % COUNTERS;
            tokio::spawn(count(Arc::clone(&told), at, counters[at].clone()))
        });
        let visiting =
            (0..VISITING).map(|n| tokio::spawn(visit(Arc::clone(&told), n, site.clone())));
        let tasks = counting.chain(visiting).collect();
        Self { told, counters, tasks }
    }

    /// Waits for so many more acknowledged changes, and gives how long that took.
    pub async fn acknowledged(&self, more: u64) -> Duration {
        self.more(&self.told.acknowledged, more).await
    }

    /// Waits for so many more refusals.
    pub async fn refused(&self, more: u64) -> Duration {
        self.more(&self.told.refused, more).await
    }

    /// Waits until each counter was counted in once more.
    pub async fn each_counted(&self) -> Duration {
        let begin = Instant::now();
        for (known, _) in &self.told.counters {
            self.more(known, 1).await;
        }
        begin.elapsed()
    }

    async fn more(&self, counter: &AtomicU64, more: u64) -> Duration {
        let begin = Instant::now();
        let goal = counter.load(Ordering::SeqCst) + more;
        while counter.load(Ordering::SeqCst) < goal {
            assert!(begin.elapsed() < 3 * RECOVERY, "the service does not go on");
            assert!(!self.tasks.iter().any(JoinHandle::is_finished), "a client gave up");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        begin.elapsed()
    }

    /// Ends the load, and compares what was acknowledged with what is there.
    pub async fn end(self, site: &Site) -> Lost {
        self.told.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.expect("a client that met nothing odd");
        }
        let mut lost = Lost::default();
        for (counter, (known, unknown)) in self.counters.iter().zip(&self.told.counters) {
            let text = counter.clone().gets_in(RECOVERY, "/read").await;
            let (known, unknown) = (known.load(Ordering::SeqCst), unknown.load(Ordering::SeqCst));
            let hits = number(&text, "hits");
            assert!(hits <= known + unknown, "{hits} of {known}, perhaps {unknown} more");
            lost.increments += known.saturating_sub(hits);
        }
        let alive = std::mem::take(&mut *self.told.alive.lock().expect("not poisoned"));
        for (cookie, user) in alive {
            let text = site.visitor_with(&cookie).gets_in(RECOVERY, "/read").await;
            lost.logins += usize::from(shown(&text, "user") != user);
        }
        let dead = std::mem::take(&mut *self.told.dead.lock().expect("not poisoned"));
        assert!(!dead.is_empty(), "nobody logged out");
        for cookie in dead {
            let text = site.visitor_with(&cookie).gets_in(RECOVERY, "/read").await;
            lost.logouts += usize::from(!shown(&text, "user").is_empty());
        }
        lost
    }

    /// How many were acknowledged so far.
    pub fn total(&self) -> u64 {
        self.told.acknowledged.load(Ordering::SeqCst)
    }
}

impl Told {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::SeqCst)
    }

    async fn refusal(&self) {
        self.refused.fetch_add(1, Ordering::SeqCst);
        // As a client that is told to come back later.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn count(told: Arc<Told>, at: usize, counter: Visitor) {
    while told.goes_on() {
        let reply = counter.sends("/hit").await;
        let (known, unknown) = &told.counters[at];
        if reply.status == 200 && reply.body.contains(&format!("user=counter{at} ")) {
            known.fetch_add(1, Ordering::SeqCst);
            told.acknowledged.fetch_add(1, Ordering::SeqCst);
        } else {
            // A session that is lost is a blank one, in which nobody counts: it is found in the end.
            if reply.status == 503 {
                refused(&reply);
                unknown.fetch_add(1, Ordering::SeqCst);
            }
            told.refusal().await;
        }
    }
}

async fn visit(told: Arc<Told>, n: usize, site: Site) {
    let mut visits = 0;
    while told.goes_on() {
        visits += 1;
        let user = format!("visitor{n}x{visits}");
        let mut visitor = site.visitor();
        let reply = visitor.asks(&format!("/login/{user}")).await;
        if reply.status != 200 {
            refused(&reply);
            told.refusal().await;
            continue;
        }
        told.acknowledged.fetch_add(1, Ordering::SeqCst);
        let cookie = visitor.cookie.clone();
        if visits % 4 == 0 {
            told.alive.lock().expect("not poisoned").push((cookie, user));
            continue;
        }
        // A request that is slower than the logout, and must not bring the session back.
        let late = site.visitor_with(&cookie);
        let (reply, late) = tokio::join!(visitor.asks("/logout"), late.sends("/note/late"));
        let late = late.status.as_u16();
        assert!([200, 409, 503].contains(&late), "{late} beside a logout");
        if reply.status == 200 {
            told.acknowledged.fetch_add(1, Ordering::SeqCst);
            told.dead.lock().expect("not poisoned").push(cookie);
        } else {
            refused(&reply);
            told.refusal().await;
        }
    }
}

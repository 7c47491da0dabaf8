//! Lost updates: many requests of one session at once, and what is left of their changes.

mod client;
mod racers;
mod this_library;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;

use client::Browser;

/// The routes that every racer serves, and the fields they work on.
pub(crate) mod fields {
    /// Makes the session.
    pub(crate) const BEGIN: &str = "/begin";
    /// Reads a number, waits, writes one more.
    pub(crate) const ADD: &str = "/add/{field}";
    /// Answers a number.
    pub(crate) const SHOW: &str = "/show/{field}";

    pub(crate) const SUM: &str = "sum";
    pub(crate) const LEFT: &str = "left";
    pub(crate) const RIGHT: &str = "right";
}

/// Between read and write.
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// How much is raced.
struct Plan {
    increments: usize,
    at_once: usize,
}

const FULL: Plan = Plan { increments: 200, at_once: 16 };
const SMALL: Plan = Plan { increments: 30, at_once: 6 };

/// One library over one store.
struct Racer {
    name: String,
    /// They share the store and nothing else, as processes do.
    apps: Vec<Router>,
    /// Those that the library itself saw, if it tells.
    conflicts: Option<Arc<AtomicU64>>,
    /// Whether it says that nothing is lost.
    promises: bool,
    /// The file of a store that is one.
    _database: Option<Arc<this_library::Database>>,
}

/// What became of the changes.
struct Outcome {
    wanted: usize,
    reached: usize,
    refused: Refused,
    conflicts: Option<u64>,
}

/// Answers other than 2xx, by their status.
type Refused = BTreeMap<u16, usize>;

/// Prints both tables.
pub(crate) fn print(only: Option<&str>) -> Result<(), Box<dyn Error>> {
    runtime()?.block_on(async {
        let (racers, missing) = racers::all(only).await?;
        let Plan { increments, at_once } = FULL;
        println!(
            "{increments} increments of one value of one session, {at_once} at once, 1 ms between \
             read and write\n"
        );
        head();
        for racer in &racers {
            row(&racer.name, &one_value(racer, &FULL).await);
        }
        println!(
            "\n{0} + {0} increments of two values of one session, by two clients at once\n",
            increments / 2
        );
        head();
        for racer in &racers {
            row(&racer.name, &two_values(racer, &FULL).await);
        }
        if !missing.is_empty() {
            println!("\nNot run:\n");
        }
        for missing in missing {
            println!("- {missing}");
        }
        Ok(())
    })
}

/// A short race; panics when a racer that promises to lose nothing loses something.
pub(crate) fn smoke(only: Option<&str>) -> Result<(), Box<dyn Error>> {
    runtime()?.block_on(async {
        let (racers, _) = racers::all(only).await?;
        for racer in &racers {
            let name = &racer.name;
            for outcome in [one_value(racer, &SMALL).await, two_values(racer, &SMALL).await] {
                let (lost, refused) = (outcome.lost(), &outcome.refused);
                let right = outcome.reached == outcome.wanted && refused.is_empty();
                assert!(right || !racer.promises, "race, {name}: {lost} lost, {refused:?}");
            }
            println!("race, {name}: answers as it should");
        }
        Ok(())
    })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// As many clients as may be at once take increments from one pile; requests go to the apps in turn.
async fn one_value(racer: &Racer, plan: &Plan) -> Outcome {
    let pile = AtomicUsize::new(0);
    let client = |race: Arc<Race>, pile: Arc<AtomicUsize>, increments| async move {
        loop {
            let turn = pile.fetch_add(1, Relaxed);
            if turn >= increments {
                return;
            }
            race.add(turn, fields::SUM).await;
        }
    };
    let race = Arc::new(Race::begin(racer).await);
    let pile = Arc::new(pile);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..plan.at_once {
        clients.spawn(client(Arc::clone(&race), Arc::clone(&pile), plan.increments));
    }
    clients.join_all().await;
    race.outcome(racer, plan.increments, &[fields::SUM]).await
}

/// Each client writes a value of its own, one request after another.
async fn two_values(racer: &Racer, plan: &Plan) -> Outcome {
    let race = Arc::new(Race::begin(racer).await);
    let mut clients = tokio::task::JoinSet::new();
    for (index, field) in [fields::LEFT, fields::RIGHT].into_iter().enumerate() {
        let (race, each) = (Arc::clone(&race), plan.increments / 2);
        clients.spawn(async move {
            for _ in 0..each {
                race.add(index, field).await;
            }
        });
    }
    clients.join_all().await;
    let wanted = plan.increments / 2 * 2;
    race.outcome(racer, wanted, &[fields::LEFT, fields::RIGHT]).await
}

/// One session of one browser, while it is raced for.
struct Race {
    browser: Browser,
    apps: Vec<Router>,
    refused: Mutex<Refused>,
    conflicts_before: u64,
}

impl Race {
    async fn begin(racer: &Racer) -> Self {
        let race = Self {
            browser: Browser::default(),
            apps: racer.apps.clone(),
            refused: Mutex::default(),
            conflicts_before: racer.conflicts.as_ref().map_or(0, |count| count.load(Relaxed)),
        };
        let (status, text) = race.browser.get(&race.apps[0], fields::BEGIN).await;
        assert!(status.is_success(), "{}: no session: {status} {text}", racer.name);
        race
    }

    async fn add(&self, turn: usize, field: &str) {
        let app = &self.apps[turn % self.apps.len()];
        let (status, _) = self.browser.get(app, &path(fields::ADD, field)).await;
        if !status.is_success() {
            let mut refused = self.refused.lock().expect("nobody panics with it");
            *refused.entry(status.as_u16()).or_default() += 1;
        }
    }

    async fn outcome(&self, racer: &Racer, wanted: usize, shown: &[&str]) -> Outcome {
        let mut reached = 0;
        for field in shown {
            let (status, text) = self.browser.get(&self.apps[0], &path(fields::SHOW, field)).await;
            let number = text.parse::<usize>();
            reached += number.unwrap_or_else(|_| panic!("{}: {status} {text}", racer.name));
        }
        let conflicts =
            racer.conflicts.as_ref().map(|count| count.load(Relaxed) - self.conflicts_before);
        Outcome {
            wanted,
            reached,
            refused: self.refused.lock().expect("nobody panics with it").clone(),
            conflicts,
        }
    }
}

fn path(route: &str, field: &str) -> String {
    route.replace("{field}", field)
}

impl Outcome {
    fn lost(&self) -> usize {
        self.wanted.saturating_sub(self.reached)
    }
}

fn head() {
    println!(
        "| {:42} | {:>9} | {:>6} | {:>10} | {:>9} |",
        "", "reached", "lost", "not 2xx", "conflicts"
    );
    println!("|{:-<44}|{:->10}:|{:->7}:|{:->11}:|{:->10}:|", "", "", "", "", "");
}

fn row(name: &str, outcome: &Outcome) {
    let reached = format!("{}/{}", outcome.reached, outcome.wanted);
    let conflicts = outcome.conflicts.map_or_else(|| "-".to_owned(), |count| count.to_string());
    let refused = outcome.refused.iter().map(|(status, count)| format!("{count} of {status}"));
    let refused = refused.collect::<Vec<_>>().join(", ");
    let refused = if refused.is_empty() { "0" } else { &refused };
    println!(
        "| {name:42} | {reached:>9} | {:>6} | {refused:>10} | {conflicts:>9} |",
        outcome.lost(),
    );
}

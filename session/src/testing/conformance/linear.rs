//! Random calls at once by several clients: is there an order in which the contract answers so?

use super::case::Case;
use super::check::{all, checks};
use super::client::{Show, Verdict, broken};
use super::model::{Answer, Call, Row};
use super::random::Random;
use crate::store::Revision;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

checks! {
    Atomic: "model.concurrent", "random calls at once by several clients are answered as if each took effect at one moment between its beginning and its end", concurrent;
}

const ROUNDS: u64 = 30;
const TASKS: usize = 4;
const CALLS: usize = 5;

/// A call, its answer, and the moments between which it was made.
#[derive(Clone)]
struct Event {
    call: Call,
    answer: Answer,
    begin: u64,
    end: u64,
}

async fn concurrent(mut case: Case) -> Verdict {
    for round in 0..ROUNDS {
        // Two rows, so that answers of one could be those of the other.
        let keys = [case.key(), case.key()];
        let clock = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (client, clock) = (case.client(task), Arc::clone(&clock));
            let mut random = Random::new(case.random.number());
            tasks.spawn(async move {
                let mut events = [Vec::new(), Vec::new()];
                let mut believed = [Revision::FIRST; 2];
                for step in 0..2 * CALLS {
                    let at = step % 2;
                    let body = format!("{round}.{task}.{step}");
                    let call = Call::random(&mut random, believed[at], body);
                    let begin = clock.fetch_add(1, Ordering::SeqCst);
                    let answer = call.ask(&client, &keys[at]).await?;
                    let end = clock.fetch_add(1, Ordering::SeqCst);
                    believed[at] = answer.revision().unwrap_or(believed[at]);
                    events[at].push(Event { call, answer, begin, end });
                }
                Ok(events)
            });
        }
        let found = all(tasks).await?;
        for at in 0..2 {
            let mut events: Vec<Event> =
                found.iter().flat_map(|events| events[at].iter().cloned()).collect();
            events.sort_by_key(|event| event.begin);
            if !explained(&events) {
                let lines = events.iter().map(|Event { call, answer, begin, end }| {
                    format!("[{begin}, {end}] {} -> {}", call.show(), answer.show())
                });
                let seen = lines.collect::<Vec<_>>().join("\n");
                let when = format!("round {round}: calls at once");
                return broken(&when, "an order that explains the answers", &seen);
            }
        }
    }
    Ok(())
}

/// Whether the events, at most 64, can be put in an order that keeps to their moments and in which
/// the contract gives these answers. (The search of Wing and Gong, which remembers where it was.)
fn explained(events: &[Event]) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![(0_u64, Row::Nothing)];
    let whole = u64::MAX >> (64 - events.len());
    while let Some((done, row)) = open.pop() {
        if done == whole {
            return true;
        }
        let waiting = || events.iter().enumerate().filter(|(at, _)| done & (1 << at) == 0);
        // What begins after another one has ended comes after it.
        let first_end = waiting().map(|(_, event)| event.end).min().unwrap_or(0);
        for (at, event) in waiting().filter(|(_, event)| event.begin < first_end) {
            let (next, answer) = row.after(&event.call);
            let done = done | 1 << at;
            if answer.allows(&event.answer) && seen.insert((done, next.fingerprint())) {
                open.push((done, next));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Created, Deleted, Loaded};
    use crate::testing::conformance::case::{first, lease};

    fn event(call: Call, answer: Answer, begin: u64, end: u64) -> Event {
        Event { call, answer, begin, end }
    }

    fn create(begin: u64, end: u64) -> Event {
        let call = Call::Create(first("a"), lease());
        event(call, Answer::Created(Created::Created), begin, end)
    }

    fn loads_nothing(begin: u64, end: u64) -> Event {
        event(Call::Load, Answer::Loaded(Loaded::Nothing), begin, end)
    }

    #[test]
    fn a_call_may_take_effect_anywhere_between_its_ends() {
        assert!(explained(&[create(0, 3), loads_nothing(1, 2)]));
        assert!(explained(&[loads_nothing(0, 3), create(1, 2)]));
    }

    #[test]
    fn a_call_takes_effect_before_its_end() {
        assert!(!explained(&[create(0, 1), loads_nothing(2, 3)]));
    }

    #[test]
    fn a_call_takes_effect_once() {
        let deleted =
            |begin, end| event(Call::Delete, Answer::Deleted(Deleted::Deleted), begin, end);
        assert!(explained(&[create(0, 9), deleted(1, 10)]));
        assert!(!explained(&[create(0, 9), deleted(1, 10), deleted(2, 11)]));
    }
}

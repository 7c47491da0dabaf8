//! Replies that are cut and callers that go away: no reply reaches somebody else.

use crate::app::{Visitor, number, refused, shown};
use crate::engines::{Engine, RECOVERY, Terms, on_each_engine};
use crate::proxy::{Dice, Mode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

on_each_engine! {
    security_56_a_cut_reply_and_a_caller_that_went_away_show_nobody_anothers_session
}

/// How often each must have happened.
const ENOUGH: u64 = 25;

/// What happened so far.
#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
}

async fn security_56_a_cut_reply_and_a_caller_that_went_away_show_nobody_anothers_session(
    engine: Engine,
) {
    let (site, proxy) = engine.behind_proxy(Terms::default()).await;
    let mut visitors = Vec::new();
    for n in 0..10 {
        let mut visitor = site.visitor();
        visitor.gets(&format!("/login/user{n}")).await;
        visitors.push(visitor);
    }
    proxy.set(Mode::Chaos);
    let counts = Arc::new(Counts::default());
    let begin = Instant::now();
    let mut round = 0;
    let happened = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    while happened(&counts.answered) < 10 * ENOUGH
        || happened(&counts.refused) < ENOUGH
        || happened(&counts.dropped) < ENOUGH
        || proxy.cuts() < ENOUGH
    {
        assert!(begin.elapsed() < Duration::from_secs(60), "not enough happens");
        round += 1;
        let all = visitors.iter().enumerate().map(|(n, visitor)| {
            let dice = Dice(round * 100 + n as u64);
            tokio::spawn(some_requests(n, visitor.clone(), dice, Arc::clone(&counts)))
        });
        for done in all.collect::<Vec<_>>() {
            done.await.expect("only its own session");
        }
    }
    proxy.set(Mode::Forward);
    for (n, visitor) in visitors.iter_mut().enumerate() {
        let text = visitor.gets_in(RECOVERY, "/read").await;
        assert_eq!(shown(&text, "user"), format!("user{n}"), "{text}");
    }
}

/// Each looks whose session it sees.
async fn some_requests(n: usize, visitor: Visitor, mut dice: Dice, counts: Arc<Counts>) {
    let mut least = 0;
    for _ in 0..8 {
        let path = ["/read", "/hit", "/note/x"][usize::try_from(dice.below(3)).expect("small")];
        let asking = visitor.sends(path);
        let reply = match dice.below(4) {
            0 => {
                // It goes away at any moment.
                let moment = Duration::from_micros(dice.below(1500));
                match tokio::time::timeout(moment, asking).await {
                    Ok(reply) => reply,
                    Err(_) => {
                        counts.dropped.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                }
            }
            _ => asking.await,
        };
        if reply.status == 200 {
            assert_eq!(shown(&reply.body, "user"), format!("user{n}"), "{path}: {reply:?}");
            let hits = number(&reply.body, "hits");
            assert!(hits >= least, "{path}: an older state after {least} hits: {reply:?}");
            least = hits;
            counts.answered.fetch_add(1, Ordering::Relaxed);
        } else {
            refused(&reply);
            counts.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

//! Calls that are given up at random moments: whoever asks next gets an answer of its own.

use super::case::{Case, first, lease};
use super::check::{all, checks, ended};
use super::client::{Client, Show, Verdict, broken, must};
use super::model::{Answer, Call, Row};
use super::random::Random;
use crate::store::{Loaded, Revision, RowKey};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::task::JoinSet;

checks! {
    Every: "cancel.own_data", "tasks whose calls are given up at random moments see only their own rows", own_data;
    Atomic: "cancel.whole", "a call that is given up takes effect wholly or not at all, also later", whole;
}

/// As many as a busy server has at once.
const AT_ONCE: usize = 64;

async fn own_data(case: Case) -> Verdict {
    let tasks = case.scale.tasks;
    many(case, tasks, |client, key, mut random| async move {
        let body = format!("row {key}");
        let create = Call::Create(first(body.clone()), lease());
        given_up(create.ask(&client, &key), random.below(5)).await.transpose()?;
        // Reads of others stand in the line before the last one, answered or given up.
        given_up(client.load(&key), random.below(5)).await.transpose()?;
        let seen = client.load(&key).await?;
        let own = match &seen {
            Loaded::Record(row) => row.body == body.as_bytes(),
            Loaded::Nothing => true,
            Loaded::Ended => false,
        };
        let expected = format!("the row with the body \"{body}\", or Nothing");
        must(own, "load after a create that may have been given up", &expected, &seen)
    })
    .await
}

async fn whole(case: Case) -> Verdict {
    let tasks = case.scale.tasks.div_ceil(10);
    many(case, tasks, |client, key, mut random| async move {
        let mut worlds = Worlds::default();
        let (mut believed, mut history) = (Revision::FIRST, String::new());
        for step in 0..8 {
            let body = format!("step {step} of {key}");
            let call = match step {
                0 => Call::Create(first(body), lease()),
                7 => Call::Load,
                _ => Call::random(&mut random, believed, body),
            };
            // The last ones are waited for: what came before is to be seen.
            let polls = if step < 6 && random.one_in(2) { random.below(5) } else { u64::MAX };
            let answer = given_up(call.ask(&client, &key), polls).await.transpose()?;
            let shown = answer.as_ref().map_or("given up".to_owned(), Answer::show);
            history += &format!("{} -> {shown}\n", call.show());
            if let Some(revision) = answer.as_ref().and_then(Answer::revision) {
                believed = revision;
            }
            match answer {
                Some(answer) => worlds.answered(&call, &answer),
                None => worlds.given_up(call),
            }
            if worlds.possible.is_empty() {
                let expected = "an answer that some of the calls given up before explain";
                return broken("the last answer", expected, history.trim_end());
            }
        }
        Ok(())
    })
    .await
}

/// Runs that many tasks, some at once, each with a row of its own.
async fn many<F>(
    mut case: Case,
    tasks: usize,
    task: impl Fn(Client, RowKey, Random) -> F,
) -> Verdict
where
    F: Future<Output = Verdict> + Send + 'static,
{
    let mut running = JoinSet::new();
    for turn in 0..tasks {
        if running.len() == AT_ONCE
            && let Some(task) = running.join_next().await
        {
            ended(task)?;
        }
        let random = Random::new(case.random.number());
        running.spawn(task(case.client(turn), case.key(), random));
    }
    all(running).await.map(drop)
}

/// Polls a future so many times, then drops it.
async fn given_up<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    struct Few<'a, F> {
        future: Pin<&'a mut F>,
        polls: u64,
    }

    impl<F: Future> Future for Few<'_, F> {
        type Output = Option<F::Output>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            if self.polls == 0 {
                return Poll::Ready(None);
            }
            self.polls -= 1;
            match self.future.as_mut().poll(cx) {
                Poll::Pending if self.polls == 0 => Poll::Ready(None),
                poll => poll.map(Some),
            }
        }
    }

    Few { future: pin!(future), polls }.await
}

/// All that can be true of a row after calls some of which were given up.
struct Worlds {
    given_up: Vec<Call>,
    /// The row, and which of the calls given up have taken effect.
    possible: Vec<(Row, u32)>,
}

impl Default for Worlds {
    fn default() -> Self {
        Self { given_up: Vec::new(), possible: vec![(Row::Nothing, 0)] }
    }
}

impl Worlds {
    fn given_up(&mut self, call: Call) {
        self.given_up.push(call);
    }

    /// Any of the calls given up may have taken effect by now, in any order; then came this one.
    fn answered(&mut self, call: &Call, seen: &Answer) {
        let mut at = 0;
        while let Some((row, done)) = self.possible.get(at).cloned() {
            for (bit, call) in self.given_up.iter().enumerate() {
                let world = (row.after(call).0, done | 1 << bit);
                if done & 1 << bit == 0 && !self.possible.contains(&world) {
                    self.possible.push(world);
                }
            }
            at += 1;
        }
        let worlds = std::mem::take(&mut self.possible);
        for (row, done) in worlds {
            let (next, answer) = row.after(call);
            if answer.allows(seen) && !self.possible.contains(&(next.clone(), done)) {
                self.possible.push((next, done));
            }
        }
    }
}

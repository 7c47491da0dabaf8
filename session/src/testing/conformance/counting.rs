//! Nothing is lost where writers load, change and update until it is applied.

use super::case::{Case, LIFE, first, lease, record};
use super::check::{all, checks};
use super::client::{Client, Verdict, broken, must, row, same};
use crate::store::{Record, RowKey, Updated};
use tokio::task::JoinSet;

checks! {
    Atomic: "counting.one_client", "200 increments by 16 tasks of one client add up to 200", one_client;
    Atomic: "counting.two_clients", "200 increments by 16 tasks of two clients add up to 200", two_clients;
    Atomic: "counting.fields", "writers of different parts of a row lose nothing of one another's", fields;
}

const TASKS: usize = 16;
const INCREMENTS: u64 = 200;

async fn one_client(mut case: Case) -> Verdict {
    case.two = case.one.clone();
    count(case).await
}

async fn two_clients(case: Case) -> Verdict {
    count(case).await
}

async fn count(mut case: Case) -> Verdict {
    let start = first(0_u64.to_be_bytes());
    let key = case.row(&start).await?;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        // All begin with the same row, so that all but one meet a conflict.
        let (client, start) = (case.client(task), start.clone());
        let share = INCREMENTS as usize / TASKS + usize::from(task < INCREMENTS as usize % TASKS);
        tasks.spawn(async move {
            let (mut seen, mut conflicts) = (start, 0);
            for _ in 0..share {
                let (next, lost) = change(&client, &key, seen, |body| {
                    let count = number(body) + 1;
                    *body = count.to_be_bytes().to_vec();
                })
                .await?;
                seen = next;
                conflicts += lost;
            }
            Ok(conflicts)
        });
    }
    let conflicts: u64 = all(tasks).await?.into_iter().sum();
    let total = row("load after all increments", case.two.load(&key).await?)?;
    same("the sum of all increments", &number(&total.body), &INCREMENTS)?;
    same("the revision after them", &total.revision.number(), &(INCREMENTS + 1))?;
    let expected = "at least 15, as 16 tasks began with the same row";
    must(conflicts >= TASKS as u64 - 1, "the number of conflicts", expected, &conflicts)
}

fn number(body: &[u8]) -> u64 {
    body.first_chunk().map_or(u64::MAX >> 1, |bytes| u64::from_be_bytes(*bytes))
}

async fn fields(mut case: Case) -> Verdict {
    const WRITES: u8 = 20;
    let start = first([0; TASKS]);
    let key = case.row(&start).await?;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (client, mut seen) = (case.client(task), start.clone());
        tasks.spawn(async move {
            for write in 1..=WRITES {
                let set = |body: &mut Vec<u8>| {
                    if let Some(byte) = body.get_mut(task) {
                        *byte = write;
                    }
                };
                seen = change(&client, &key, seen, set).await?.0;
                let own = seen.body.get(task).copied().map_or(0, u64::from);
                same("a writer's own part after its write", &own, &u64::from(write))?;
            }
            Ok(())
        });
    }
    all(tasks).await?;
    let seen = row("load after all writes", case.one.load(&key).await?)?;
    let expected = record(1 + TASKS as u64 * u64::from(WRITES), LIFE, [WRITES; TASKS]);
    same("the row after all writes", &seen, &expected)
}

/// Changes the row, however often others come first; begins with the row as it was seen last. Gives
/// the row as it is written, and the number of conflicts.
async fn change(
    client: &Client,
    key: &RowKey,
    mut seen: Record,
    change: impl Fn(&mut Vec<u8>),
) -> Verdict<(Record, u64)> {
    for conflicts in 0.. {
        let mut next = Record { revision: seen.revision.next(), ..seen.clone() };
        change(&mut next.body);
        let answer = client.update(key, seen.revision, &next, lease()).await?;
        seen = match answer {
            Updated::Applied => return Ok((next, conflicts)),
            Updated::Conflict(Some(row)) => row,
            Updated::Conflict(None) => row("load after a conflict", client.load(key).await?)?,
            Updated::Ended => {
                return broken("update of a live row", "Applied or Conflict", "Ended");
            }
        };
        // Time for others between read and write.
        tokio::task::yield_now().await;
    }
    Ok((seen, u64::MAX))
}

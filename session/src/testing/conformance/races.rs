//! Calls that meet at one row: each takes effect at one moment.

use super::case::{Case, LIFE, LONG, first, lease, record, times};
use super::check::{all, checks};
use super::client::{Verdict, must, row, same};
use crate::store::{Deleted, Loaded, Record, Revision, Times, Touched, Updated};
use tokio::task::JoinSet;

checks! {
    Atomic: "races.updates", "of many updates that expect the same revision exactly one is applied", updates;
    Atomic: "races.update_delete", "an update that meets a delete never brings the row back", update_delete;
    Atomic: "races.touch_delete", "a touch that meets a delete never brings the row back", touch_delete;
    Atomic: "races.deletes", "of many deletes at once exactly one finds the row", deletes;
    Atomic: "races.touches", "of many touches at once the latest end stays", touches;
    Atomic: "races.touch_update", "of a touch that meets an update the later end stays, and the update's content", touch_update;
}

const ROUNDS: u64 = 20;
const TASKS: usize = 8;

async fn updates(mut case: Case) -> Verdict {
    for round in 0..ROUNDS {
        let key = case.row(&first("old")).await?;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let client = case.client(task);
            let next = record(2, LIFE, format!("round {round}, task {task}"));
            tasks.spawn(async move {
                Ok((client.update(&key, Revision::FIRST, &next, lease()).await?, next))
            });
        }
        let when = format!("round {round}: {TASKS} updates at once that expect revision 1");
        let (won, lost): (Vec<_>, Vec<_>) =
            all(tasks).await?.into_iter().partition(|(answer, _)| *answer == Updated::Applied);
        must(won.len() == 1, &when, "one is `Applied`", &won.len())?;
        let winner = &won[0].1;
        for (answer, _) in lost {
            let fits = match &answer {
                Updated::Conflict(record) => record.as_ref().is_none_or(|record| record == winner),
                Updated::Applied | Updated::Ended => false,
            };
            must(fits, &when, "the others are `Conflict`, with the winner's row if any", &answer)?;
        }
        same(&when, &row(&when, case.one.load(&key).await?)?, winner)?;
    }
    Ok(())
}

async fn update_delete(mut case: Case) -> Verdict {
    for round in 0..ROUNDS {
        let key = case.row(&first("old")).await?;
        let mut tasks = JoinSet::new();
        for task in 0..2 {
            let client = case.client(task);
            tasks.spawn(async move {
                // Again and again, until there is nothing to update.
                let mut revision = Revision::FIRST;
                for _ in 0..10_000 {
                    tokio::task::yield_now().await;
                    let next = record(revision.next().number(), LIFE, "new");
                    match client.update(&key, revision, &next, lease()).await? {
                        Updated::Applied => revision = revision.next(),
                        Updated::Conflict(Some(row)) => revision = row.revision,
                        Updated::Conflict(None) => match client.load(&key).await? {
                            Loaded::Record(row) => revision = row.revision,
                            Loaded::Ended | Loaded::Nothing => break,
                        },
                        Updated::Ended => break,
                    }
                }
                Ok(())
            });
        }
        let (client, some) = (case.client(round as usize), case.random.below(30));
        tasks.spawn(async move {
            for _ in 0..some {
                tokio::task::yield_now().await;
            }
            let deleted = client.delete(&key, LONG).await?;
            same("delete of a row that is being updated", &deleted, &Deleted::Deleted)
        });
        all(tasks).await?;
        let seen = case.two.load(&key).await?;
        same(&format!("round {round}: load after updates and a delete"), &seen, &Loaded::Ended)?;
    }
    Ok(())
}

async fn touch_delete(mut case: Case) -> Verdict {
    for round in 0..ROUNDS {
        let key = case.row(&first("old")).await?;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let client = case.client(task);
            tasks.spawn(async move {
                if task == TASKS / 2 {
                    let deleted = client.delete(&key, LONG).await?;
                    return same("delete of a live row", &deleted, &Deleted::Deleted);
                }
                let later = times(LIFE * (2 + task as u64));
                client.touch(&key, Revision::FIRST, later, lease()).await.map(drop)
            });
        }
        all(tasks).await?;
        let seen = case.one.load(&key).await?;
        same(&format!("round {round}: load after touches and a delete"), &seen, &Loaded::Ended)?;
    }
    Ok(())
}

async fn deletes(mut case: Case) -> Verdict {
    for round in 0..ROUNDS {
        let key = case.row(&first("old")).await?;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let client = case.client(task);
            tasks.spawn(async move { client.delete(&key, LONG).await });
        }
        let answers = all(tasks).await?;
        let deleted = answers.iter().filter(|answer| **answer == Deleted::Deleted).count();
        let when = format!("round {round}: {TASKS} deletes at once");
        must(deleted == 1, &when, "one is `Deleted`", &deleted)?;
    }
    Ok(())
}

async fn touches(mut case: Case) -> Verdict {
    for round in 0..ROUNDS {
        let key = case.row(&first("body")).await?;
        let mut tasks = JoinSet::new();
        // The latest is neither the first nor the last to be asked for.
        for task in 0..TASKS {
            let client = case.client(task);
            let ends = LIFE * (2 + (task as u64 * 5 + round) % TASKS as u64);
            tasks.spawn(
                async move { client.touch(&key, Revision::FIRST, times(ends), lease()).await },
            );
        }
        all(tasks).await?;
        let when = format!("round {round}: the row after {TASKS} touches at once");
        let latest = Record { times: times(LIFE * (1 + TASKS as u64)), ..first("body") };
        same(&when, &row(&when, case.one.load(&key).await?)?, &latest)?;
    }
    Ok(())
}

async fn touch_update(mut case: Case) -> Verdict {
    for round in 0..2 * ROUNDS {
        let key = case.row(&first("old")).await?;
        let later: Times = times(9 * LIFE);
        let next = record(2, 2 * LIFE, format!("round {round}"));
        let mut tasks = JoinSet::new();
        // Either goes first in half of the rounds.
        for task in [round % 2, (round + 1) % 2] {
            let (client, next) = (case.client(task as usize), next.clone());
            tasks.spawn(async move {
                if task == 0 {
                    return client.touch(&key, Revision::FIRST, later, lease()).await;
                }
                let updated = client.update(&key, Revision::FIRST, &next, lease()).await?;
                same("update that meets a touch", &updated, &Updated::Applied)?;
                Ok(Touched::Nothing)
            });
        }
        let touched = all(tasks).await?.contains(&Touched::Touched);
        let expected = if touched { Record { times: later, ..next } } else { next };
        let when = format!("round {round}: the row after an update and a touch (done: {touched})");
        same(&when, &row(&when, case.two.load(&key).await?)?, &expected)?;
    }
    Ok(())
}

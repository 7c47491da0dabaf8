//! `create` makes rows, and never overwrites one.

use super::case::{Case, LIFE, LONG, first, lease, lease_at, record, times};
use super::check::{all, checks};
use super::client::{Verdict, must, row, same};
use crate::store::{Created, Deleted, Loaded, Record, Revision, Updated};
use tokio::task::JoinSet;

checks! {
    Every: "create.makes", "a created row is there for every client, as it was given", makes;
    Every: "create.live", "a create of a live row is `Taken` and changes nothing", over_live;
    Every: "create.expired", "a create of an expired row is `Taken` and changes nothing", over_expired;
    Every: "create.ended", "a create of a row that is remembered as ended is `Taken`", over_ended;
    Atomic: "create.race", "of many creates at once exactly one makes the row", race;
}

async fn makes(mut case: Case) -> Verdict {
    let key = case.key();
    same("load of what never was", &case.one.load(&key).await?, &Loaded::Nothing)?;
    for turn in 0..4 {
        let (key, record) = (case.key(), first(format!("row {turn}")));
        let created = case.client(turn).create(&key, &record, lease()).await?;
        same("create of a new row", &created, &Created::Created)?;
        let seen = case.client(turn).load(&key).await?;
        same("load by the client that created", &seen, &Loaded::Record(record.clone()))?;
        let seen = case.client(turn + 1).load(&key).await?;
        same("load by another client", &seen, &Loaded::Record(record))?;
    }
    Ok(())
}

async fn over_live(mut case: Case) -> Verdict {
    let old = first("old");
    let key = case.row(&old).await?;
    for turn in 0..2 {
        for new in [first("new"), record(9, 2 * LIFE, "new"), old.clone()] {
            let created = case.client(turn).create(&key, &new, lease()).await?;
            same("create of a live row", &created, &Created::Taken)?;
            let seen = case.one.load(&key).await?;
            same("load after it", &seen, &Loaded::Record(old.clone()))?;
        }
    }
    Ok(())
}

async fn over_expired(mut case: Case) -> Verdict {
    let old = first("old");
    let key = case.row(&old).await?;
    let new = record(1, 3 * LIFE, "new");
    let created = case.two.create(&key, &new, lease_at(LIFE + 1)).await?;
    same("create of a row that expired a millisecond before", &created, &Created::Taken)?;
    same("load after it", &case.one.load(&key).await?, &Loaded::Record(old))
}

async fn over_ended(mut case: Case) -> Verdict {
    let key = case.row(&first("old")).await?;
    same("delete", &case.one.delete(&key, LONG).await?, &Deleted::Deleted)?;
    for turn in 0..2 {
        let created = case.client(turn).create(&key, &first("new"), lease()).await?;
        same("create of a deleted row", &created, &Created::Taken)?;
        same("load after it", &case.one.load(&key).await?, &Loaded::Ended)?;
    }
    Ok(())
}

async fn race(mut case: Case) -> Verdict {
    for round in 0..20 {
        let key = case.key();
        let mut tasks = JoinSet::new();
        for task in 0..8 {
            let client = case.client(task);
            let record = first(format!("round {round}, task {task}"));
            tasks.spawn(async move {
                let created = client.create(&key, &record, lease()).await?;
                Ok((created == Created::Created).then_some(record))
            });
        }
        let winners: Vec<Record> = all(tasks).await?.into_iter().flatten().collect();
        let when = format!("round {round}: 8 creates of one row at once");
        must(winners.len() == 1, &when, "one is `Created`", &winners.len())?;
        let seen = row(&when, case.two.load(&key).await?)?;
        same("the row after it is the winner's", &seen, &winners[0])?;
        let next = Record { revision: Revision::FIRST.next(), times: times(LIFE), ..seen };
        let updated = case.one.update(&key, Revision::FIRST, &next, lease()).await?;
        same("update of the winner's row", &updated, &Updated::Applied)?;
    }
    Ok(())
}

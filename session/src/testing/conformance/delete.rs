//! `delete` ends a row, and remembers that it was there.

use super::case::{Case, LIFE, LONG, first, lease, lease_at, lease_for, record};
use super::check::checks;
use super::client::{Show, Verdict, must, same};
use crate::store::{Created, Deleted, Loaded, Revision, RowKey, Updated};
use std::time::{Duration, Instant};

checks! {
    Every: "delete.ends", "a deleted row is remembered as ended by every client; a second delete finds it gone", ends;
    Every: "delete.revision", "a row is deleted whatever its revision", revision;
    Every: "delete.expired", "an expired row that is still there is deleted as any other", expired;
    Every: "delete.missing", "a row that is not there is gone, and is not remembered", missing;
    #[waits] Every: "delete.forgets", "after its time a deleted row is forgotten: nothing is there, and it can be created", forgets;
    Every: "delete.zero", "a row that is deleted to be remembered for no time is nothing at once", zero;
    #[waits] Every: "delete.outlives", "a deleted row is remembered longer than the row itself was kept", outlives;
}

async fn ends(mut case: Case) -> Verdict {
    for turn in 0..4 {
        let key = case.row(&first("row")).await?;
        let deleted = case.client(turn).delete(&key, LONG).await?;
        same("delete of a live row", &deleted, &Deleted::Deleted)?;
        for client in [&case.one, &case.two] {
            same("load after a delete", &client.load(&key).await?, &Loaded::Ended)?;
            let again = client.delete(&key, LONG).await?;
            same("delete of a deleted row", &again, &Deleted::Gone)?;
            same("load after it", &client.load(&key).await?, &Loaded::Ended)?;
        }
    }
    Ok(())
}

async fn revision(mut case: Case) -> Verdict {
    let key = case.row(&first("1")).await?;
    let next = record(2, LIFE, "2");
    let updated = case.one.update(&key, Revision::FIRST, &next, lease()).await?;
    same("update with the row's revision", &updated, &Updated::Applied)?;
    same("delete by another client", &case.two.delete(&key, LONG).await?, &Deleted::Deleted)?;
    same("load after it", &case.one.load(&key).await?, &Loaded::Ended)
}

async fn expired(mut case: Case) -> Verdict {
    let key = case.row(&first("row")).await?;
    // Nothing but the call's `now` tells that the row has expired, and `delete` has none: a call
    // that has one comes before.
    let updated = case.one.update(&key, Revision::FIRST, &first("x"), lease_at(LIFE + 1)).await?;
    same("update of an expired row", &updated, &Updated::Ended)?;
    same("delete of an expired row", &case.one.delete(&key, LONG).await?, &Deleted::Deleted)?;
    same("load after it", &case.two.load(&key).await?, &Loaded::Ended)
}

async fn missing(mut case: Case) -> Verdict {
    let key = case.key();
    for client in [&case.one, &case.two] {
        same("delete of what never was", &client.delete(&key, LONG).await?, &Deleted::Gone)?;
        same("load after it", &case.one.load(&key).await?, &Loaded::Nothing)?;
    }
    let created = case.two.create(&key, &first("row"), lease()).await?;
    same("create after it", &created, &Created::Created)
}

async fn forgets(mut case: Case) -> Verdict {
    let key = case.row(&first("row")).await?;
    let deleted = case.one.delete(&key, case.scale.short).await?;
    same("delete of a live row", &deleted, &Deleted::Deleted)?;
    // A delete of what is gone does not remember it for longer.
    let again = case.two.delete(&key, LONG).await?;
    same("delete of a deleted row", &again, &Deleted::Gone)?;
    nothing_by(&case, &key, case.scale.past_short + GRACE).await?;
    same("delete of a forgotten row", &case.one.delete(&key, LONG).await?, &Deleted::Gone)?;
    same("load after it", &case.two.load(&key).await?, &Loaded::Nothing)?;
    let created = case.two.create(&key, &first("new"), lease()).await?;
    same("create of a forgotten row", &created, &Created::Created)?;
    same("load after it", &case.one.load(&key).await?, &Loaded::Record(first("new")))
}

/// What a busy machine may add.
const GRACE: Duration = Duration::from_secs(5);

async fn nothing_by(case: &Case, key: &RowKey, limit: Duration) -> Verdict {
    let begin = Instant::now();
    loop {
        let seen = [case.one.load(key).await?, case.two.load(key).await?];
        if seen == [Loaded::Nothing, Loaded::Nothing] {
            return Ok(());
        }
        let seen = seen.map(|loaded| loaded.show()).join(" and ");
        let when = "loads after a short time of remembering";
        must(begin.elapsed() < limit, when, "Nothing in the end", &seen)?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn zero(mut case: Case) -> Verdict {
    let key = case.row(&first("row")).await?;
    let deleted = case.one.delete(&key, Duration::ZERO).await?;
    same("delete of a live row", &deleted, &Deleted::Deleted)?;
    for client in [&case.one, &case.two] {
        let seen = client.load(&key).await?;
        same("load after a delete that remembers for no time", &seen, &Loaded::Nothing)?;
    }
    same("delete of it", &case.two.delete(&key, LONG).await?, &Deleted::Gone)
}

async fn outlives(mut case: Case) -> Verdict {
    let key = case.key();
    let created = case.one.create(&key, &first("row"), lease_for(case.scale.short)).await?;
    same("create of a new row", &created, &Created::Created)?;
    let begin = Instant::now();
    let deleted = case.one.delete(&key, LONG).await?;
    same("delete of a live row", &deleted, &Deleted::Deleted)?;
    while begin.elapsed() < case.scale.past_short {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let seen = case.two.load(&key).await?;
        same("load when the row's own time is over", &seen, &Loaded::Ended)?;
    }
    let created = case.two.create(&key, &first("new"), lease()).await?;
    same("create of it", &created, &Created::Taken)
}

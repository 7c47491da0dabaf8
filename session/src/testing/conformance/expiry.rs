//! The engine's clock only collects garbage: a row stays for as long as each call on it asked.

use super::case::{Case, LIFE, first, lease, lease_at, lease_for, lease_shortening, record, times};
use super::check::checks;
use super::client::{Client, Verdict, must, row, same};
use crate::store::{Created, Lease, Loaded, Revision, RowKey, Touched, Updated};
use std::time::{Duration, Instant};

checks! {
    Every: "expiry.as_it_is", "a load gives an expired row as it is", as_it_is;
    #[waits] Every: "expiry.kept", "a row is kept for the time that its `create` asked for", kept;
    #[waits] Every: "expiry.update_keeps", "an update keeps the row for the time that it asks for", update_keeps;
    #[waits] Every: "expiry.touch_keeps", "a touch keeps the row for the time that it asks for", touch_keeps;
    #[waits] Every: "expiry.longer_keep", "an update that asks for less does not take away the time that an earlier call asked for", longer_keep;
    #[waits] Every: "expiry.refused", "a call that does nothing leaves the row's time alone", refused;
}

async fn as_it_is(mut case: Case) -> Verdict {
    // Every clock is behind this row's end: the library's of the checks, and the engine's own.
    let old = record(1, 0, "old");
    let key = case.row(&old).await?;
    for now in [1, LIFE] {
        let updated = case.one.update(&key, Revision::FIRST, &first("x"), lease_at(now)).await?;
        same("update of an expired row", &updated, &Updated::Ended)?;
        let seen = case.two.load(&key).await?;
        same("load of an expired row that is kept", &seen, &Loaded::Record(old.clone()))?;
    }
    Ok(())
}

async fn kept(mut case: Case) -> Verdict {
    let (key, short) = (case.key(), case.scale.short);
    let begin = Instant::now();
    create(&case.one, &key, short).await?;
    loop {
        let seen = case.two.load(&key).await?;
        // Taken after the answer: what is gone was gone by then.
        if begin.elapsed() >= short {
            return Ok(());
        }
        let when = format!("load less than {} ms after the create", short.as_millis());
        row(&when, seen)?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn update_keeps(mut case: Case) -> Verdict {
    for lease in [lease(), lease_shortening()] {
        let key = case.key();
        create(&case.one, &key, case.scale.short).await?;
        let updated = case.two.update(&key, Revision::FIRST, &record(2, LIFE, ""), lease).await?;
        same("update with the row's revision", &updated, &Updated::Applied)?;
        stays(&case, &key, "the update asked for a long time").await?;
    }
    Ok(())
}

async fn touch_keeps(mut case: Case) -> Verdict {
    let key = case.key();
    create(&case.one, &key, case.scale.short).await?;
    let touched = case.two.touch(&key, Revision::FIRST, times(2 * LIFE), lease()).await?;
    same("touch to a later end", &touched, &Touched::Touched)?;
    stays(&case, &key, "the touch asked for a long time").await
}

async fn longer_keep(mut case: Case) -> Verdict {
    let key = case.row(&first("row")).await?;
    let touched = case.one.touch(&key, Revision::FIRST, times(2 * LIFE), lease()).await?;
    same("touch to a later end", &touched, &Touched::Touched)?;
    let (short, next) = (lease_for(case.scale.short), record(2, LIFE, "new"));
    let updated = case.two.update(&key, Revision::FIRST, &next, short).await?;
    same("update with the row's revision", &updated, &Updated::Applied)?;
    stays(&case, &key, "the touch before the update asked for a long time").await
}

async fn refused(mut case: Case) -> Verdict {
    let key = case.row(&first("row")).await?;
    let (short, next) = (lease_for(case.scale.short), record(3, 2 * LIFE, "new"));
    let late = Lease { now: lease_at(LIFE + 1).now, ..short };
    let (first_revision, other) = (Revision::FIRST, Revision::from_number(2));
    let client = &case.two;
    let created = client.create(&key, &next, short).await?;
    same("create of a live row", &created, &Created::Taken)?;
    let conflict = matches!(client.update(&key, other, &next, short).await?, Updated::Conflict(_));
    must(conflict, "update that expects another revision", "Conflict", &conflict)?;
    let updated = client.update(&key, first_revision, &next, late).await?;
    same("update of an expired row", &updated, &Updated::Ended)?;
    for (expected, end, lease) in
        [(other, 2 * LIFE, short), (first_revision, LIFE, short), (first_revision, 2 * LIFE, late)]
    {
        let touched = client.touch(&key, expected, times(end), lease).await?;
        same("touch that may do nothing", &touched, &Touched::Nothing)?;
    }
    stays(&case, &key, "the create asked for a long time, and nothing was done since").await
}

async fn create(client: &Client, key: &RowKey, keep: Duration) -> Verdict {
    let created = client.create(key, &first("row"), lease_for(keep)).await?;
    same("create of a new row", &created, &Created::Created)
}

/// The row is there until a short time is over.
async fn stays(case: &Case, key: &RowKey, why: &str) -> Verdict {
    let begin = Instant::now();
    while begin.elapsed() < case.scale.past_short {
        tokio::time::sleep(Duration::from_millis(20)).await;
        row(&format!("load when a short time is over, where {why}"), case.one.load(key).await?)?;
    }
    Ok(())
}

//! `update` replaces a live row of the expected revision, and nothing else.

use super::case::{Case, LIFE, LONG, at, first, lease, lease_at, lease_shortening, record, times};
use super::check::checks;
use super::client::{Verdict, must, row, same};
use crate::store::{Deleted, Loaded, Record, Revision, RowKey, Touched, Updated};

checks! {
    Every: "update.replaces", "an update of a live row of the expected revision replaces it for every client", replaces;
    Every: "update.missing", "an update of a row that is not there is `Ended` and makes none", missing;
    Every: "update.expired", "an update of an expired row is `Ended` and changes nothing", expired;
    Every: "update.ended", "an update of a deleted row is `Ended` and does not bring it back", ended;
    Every: "update.last_moment", "a row is alive at the very millisecond of its end: it can be updated", last_moment;
    Every: "update.conflict", "an update that expects another revision is a `Conflict` and changes nothing", conflict;
    Every: "update.conflict_record", "the record of a `Conflict`, if there is one, is the row as it is", conflict_record;
    Every: "update.later_end", "an update keeps the times of a row that ends later, and takes its own if they end later", later_end;
    Every: "update.shortens", "an update that may shorten sets its own times", shortens;
}

const SECOND: Revision = Revision::FIRST.next();

async fn replaces(mut case: Case) -> Verdict {
    let key = case.row(&first("1")).await?;
    for turn in 1..6 {
        let expected = Revision::from_number(turn);
        // Longer and shorter bodies than before, so that no rest of an old one stays.
        let body = "x".repeat(if turn % 2 == 0 { 3 } else { 300 });
        let next = record(turn + 1, LIFE + turn, body);
        let client = case.client(usize::from(turn % 2 == 0));
        let updated = client.update(&key, expected, &next, lease()).await?;
        same("update with the row's revision", &updated, &Updated::Applied)?;
        for client in [&case.one, &case.two] {
            let seen = client.load(&key).await?;
            same("load after an applied update", &seen, &Loaded::Record(next.clone()))?;
        }
    }
    Ok(())
}

async fn missing(mut case: Case) -> Verdict {
    let key = case.key();
    for expected in [Revision::FIRST, SECOND, Revision::from_number(0)] {
        for lease in [lease(), lease_shortening()] {
            let next = record(2, LIFE, "new");
            let updated = case.one.update(&key, expected, &next, lease).await?;
            same("update of what never was", &updated, &Updated::Ended)?;
            same("load after it", &case.two.load(&key).await?, &Loaded::Nothing)?;
        }
    }
    Ok(())
}

async fn expired(mut case: Case) -> Verdict {
    let old = first("old");
    let key = case.row(&old).await?;
    let next = record(2, 9 * LIFE, "new");
    for (expected, may_shorten) in
        [(Revision::FIRST, false), (Revision::FIRST, true), (SECOND, false)]
    {
        let lease = crate::store::Lease { may_shorten, ..lease_at(LIFE + 1) };
        let updated = case.one.update(&key, expected, &next, lease).await?;
        same("update one millisecond after the row's end", &updated, &Updated::Ended)?;
        same("load after it", &case.two.load(&key).await?, &Loaded::Record(old.clone()))?;
    }
    Ok(())
}

async fn ended(mut case: Case) -> Verdict {
    let key = case.row(&first("old")).await?;
    same("delete", &case.one.delete(&key, LONG).await?, &Deleted::Deleted)?;
    for expected in [Revision::FIRST, SECOND, Revision::from_number(0)] {
        for client in [&case.one, &case.two] {
            let next = record(2, 9 * LIFE, "new");
            let updated = client.update(&key, expected, &next, lease()).await?;
            same("update of a deleted row", &updated, &Updated::Ended)?;
            same("load after it", &client.load(&key).await?, &Loaded::Ended)?;
        }
    }
    Ok(())
}

async fn last_moment(mut case: Case) -> Verdict {
    let key = case.row(&first("old")).await?;
    let next = record(2, 2 * LIFE, "new");
    let updated = case.one.update(&key, Revision::FIRST, &next, lease_at(LIFE)).await?;
    same("update at the millisecond of the row's end", &updated, &Updated::Applied)?;
    same("load after it", &case.two.load(&key).await?, &Loaded::Record(next))
}

/// A row of the second revision, and updates that expect another one.
async fn outdated(case: &mut Case) -> Verdict<(RowKey, Record, Vec<Updated>)> {
    let key = case.row(&first("1")).await?;
    let current = record(2, LIFE, "2");
    let updated = case.one.update(&key, Revision::FIRST, &current, lease()).await?;
    same("update with the row's revision", &updated, &Updated::Applied)?;
    let mut answers = Vec::new();
    for expected in [1, 3, 0, 2 + (1 << 32), i64::MAX as u64] {
        let expected = Revision::from_number(expected);
        let next = Record { revision: expected.next(), ..record(0, 2 * LIFE, "new") };
        for client in [&case.one, &case.two] {
            answers.push(client.update(&key, expected, &next, lease()).await?);
            answers.push(client.update(&key, expected, &next, lease_shortening()).await?);
        }
    }
    Ok((key, current, answers))
}

async fn conflict(mut case: Case) -> Verdict {
    let (key, current, answers) = outdated(&mut case).await?;
    for answer in answers {
        let conflict = matches!(answer, Updated::Conflict(_));
        must(conflict, "update of revision 2 that expects another one", "Conflict", &answer)?;
    }
    same("load after conflicts", &case.two.load(&key).await?, &Loaded::Record(current))
}

async fn conflict_record(mut case: Case) -> Verdict {
    let (key, current, answers) = outdated(&mut case).await?;
    for answer in answers {
        if let Updated::Conflict(Some(given)) = answer {
            same("the record of a conflict", &given, &current)?;
        }
    }
    // A touch moved the times since; the revision is the same.
    let touched = case.one.touch(&key, SECOND, times(3 * LIFE), lease()).await?;
    same("touch to a later end", &touched, &Touched::Touched)?;
    let next = record(2, LIFE, "new");
    if let Updated::Conflict(Some(given)) =
        case.two.update(&key, Revision::FIRST, &next, lease()).await?
    {
        let moved = Record { times: times(3 * LIFE), ..current };
        same("the record of a conflict after a touch", &given, &moved)?;
    }
    Ok(())
}

async fn later_end(mut case: Case) -> Verdict {
    // Each update asks for an end; the row has the latest so far.
    let key = case.row(&first("0")).await?;
    let ends = [LIFE - 1, 1, LIFE, 3 * LIFE, 2 * LIFE, 256 * LIFE, 255 * LIFE];
    let mut latest = LIFE;
    for (revision, end) in (1_u64..).zip(ends) {
        let next = record(revision + 1, end, format!("{revision}"));
        let expected = Revision::from_number(revision);
        let updated = case.one.update(&key, expected, &next, lease()).await?;
        same("update with the row's revision", &updated, &Updated::Applied)?;
        latest = latest.max(end);
        let expected = Record { times: times(latest), ..next };
        let when = format!("load after an update that ends at {}", at(end).ms());
        same(&when, &row(&when, case.two.load(&key).await?)?, &expected)?;
    }
    Ok(())
}

async fn shortens(mut case: Case) -> Verdict {
    let key = case.row(&first("0")).await?;
    for (revision, end) in (1_u64..).zip([LIFE - 1, 1, 2 * LIFE, 5]) {
        let next = record(revision + 1, end, format!("{revision}"));
        let expected = Revision::from_number(revision);
        let updated = case.one.update(&key, expected, &next, lease_shortening()).await?;
        same("update that may shorten", &updated, &Updated::Applied)?;
        let seen = case.two.load(&key).await?;
        same("load after an update that may shorten", &seen, &Loaded::Record(next))?;
    }
    let updated = case.one.update(&key, Revision::from_number(5), &first("x"), lease_at(6)).await?;
    same("update after the shortened end", &updated, &Updated::Ended)
}

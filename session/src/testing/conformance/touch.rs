//! `touch` gives a live row later times, and nothing else.

use super::case::{Case, LIFE, LONG, first, lease, lease_at, lease_shortening, record, times};
use super::check::checks;
use super::client::{Verdict, same};
use crate::store::{Deleted, Loaded, Record, Revision, Touched, Updated};

checks! {
    Every: "touch.extends", "a touch of a live row of the expected revision gives it the later times for every client", extends;
    Every: "touch.revision", "a touch changes neither revision nor body: an update that loaded before it is applied", revision;
    Every: "touch.never_shortens", "a touch to an end that is not later does nothing", never_shortens;
    Every: "touch.missing", "a touch of a row that is not there does nothing and makes none", missing;
    Every: "touch.expired", "a touch of an expired row does nothing", expired;
    Every: "touch.ended", "a touch of a deleted row does nothing and does not bring it back", ended;
    Every: "touch.last_moment", "a row is alive at the very millisecond of its end: it can be touched", last_moment;
    Every: "touch.other_revision", "a touch that expects another revision does nothing, so that it never undoes a shorter lifetime", other_revision;
}

async fn extends(mut case: Case) -> Verdict {
    let key = case.row(&first("body")).await?;
    for turn in 1..4 {
        let later = times(LIFE * (turn as u64 + 1));
        let touched = case.client(turn).touch(&key, Revision::FIRST, later, lease()).await?;
        same("touch to a later end", &touched, &Touched::Touched)?;
        for client in [&case.one, &case.two] {
            let expected = Loaded::Record(Record { times: later, ..first("body") });
            same("load after a touch", &client.load(&key).await?, &expected)?;
        }
    }
    Ok(())
}

async fn revision(mut case: Case) -> Verdict {
    let key = case.row(&first("body")).await?;
    let touched = case.two.touch(&key, Revision::FIRST, times(2 * LIFE), lease()).await?;
    same("touch to a later end", &touched, &Touched::Touched)?;
    let next = record(2, LIFE, "new");
    let updated = case.one.update(&key, Revision::FIRST, &next, lease()).await?;
    same("update that loaded before a touch", &updated, &Updated::Applied)?;
    let expected = Record { times: times(2 * LIFE), ..next };
    same("load after it", &case.two.load(&key).await?, &Loaded::Record(expected))
}

async fn never_shortens(mut case: Case) -> Verdict {
    let key = case.row(&first("body")).await?;
    for end in [LIFE, LIFE - 1, 1, 0] {
        for lease in [lease(), lease_shortening()] {
            let touched = case.one.touch(&key, Revision::FIRST, times(end), lease).await?;
            same("touch to an end that is not later", &touched, &Touched::Nothing)?;
            let seen = case.two.load(&key).await?;
            same("load after it", &seen, &Loaded::Record(first("body")))?;
        }
    }
    Ok(())
}

async fn missing(mut case: Case) -> Verdict {
    let key = case.key();
    let touched = case.one.touch(&key, Revision::FIRST, times(LIFE), lease()).await?;
    same("touch of what never was", &touched, &Touched::Nothing)?;
    same("load after it", &case.two.load(&key).await?, &Loaded::Nothing)
}

async fn expired(mut case: Case) -> Verdict {
    let key = case.row(&first("body")).await?;
    let later = times(2 * LIFE);
    let touched = case.one.touch(&key, Revision::FIRST, later, lease_at(LIFE + 1)).await?;
    same("touch one millisecond after the row's end", &touched, &Touched::Nothing)?;
    same("load after it", &case.two.load(&key).await?, &Loaded::Record(first("body")))
}

async fn ended(mut case: Case) -> Verdict {
    let key = case.row(&first("body")).await?;
    same("delete", &case.one.delete(&key, LONG).await?, &Deleted::Deleted)?;
    for client in [&case.one, &case.two] {
        let touched = client.touch(&key, Revision::FIRST, times(2 * LIFE), lease()).await?;
        same("touch of a deleted row", &touched, &Touched::Nothing)?;
        same("load after it", &client.load(&key).await?, &Loaded::Ended)?;
    }
    Ok(())
}

async fn last_moment(mut case: Case) -> Verdict {
    let key = case.row(&first("body")).await?;
    let later = times(2 * LIFE);
    let touched = case.one.touch(&key, Revision::FIRST, later, lease_at(LIFE)).await?;
    same("touch at the millisecond of the row's end", &touched, &Touched::Touched)?;
    let expected = Record { times: later, ..first("body") };
    same("load after it", &case.two.load(&key).await?, &Loaded::Record(expected))
}

async fn other_revision(mut case: Case) -> Verdict {
    let key = case.row(&first("long")).await?;
    let short = record(2, LIFE / 2, "short");
    let updated = case.one.update(&key, Revision::FIRST, &short, lease_shortening()).await?;
    same("update that may shorten", &updated, &Updated::Applied)?;
    for expected in [1, 3, 0] {
        let expected = Revision::from_number(expected);
        let touched = case.two.touch(&key, expected, times(2 * LIFE), lease()).await?;
        same("touch of revision 2 that expects another one", &touched, &Touched::Nothing)?;
        let seen = case.one.load(&key).await?;
        same("load after it", &seen, &Loaded::Record(short.clone()))?;
    }
    Ok(())
}

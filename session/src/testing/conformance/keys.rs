//! Keys are bytes: each names one row, whatever other programs would read in it.

use super::case::{Case, LONG, first, lease};
use super::check::{all, checks};
use super::client::{Client, Verdict, same};
use crate::store::{Created, Deleted, Loaded, RowKey};
use tokio::task::JoinSet;

checks! {
    Every: "keys.one_bit", "keys that differ in one bit are different rows", one_bit;
    Every: "keys.hostile", "a key may hold any bytes: zeros, 0xff, line ends, patterns, separators, paths, SQL", hostile;
}

async fn one_bit(mut case: Case) -> Verdict {
    let base = *case.key().as_bytes();
    let mut keys = vec![RowKey::from_bytes(base)];
    keys.extend((0..256).map(|bit| {
        let mut other = base;
        other[bit / 8] ^= 1 << (bit % 8);
        RowKey::from_bytes(other)
    }));
    apart(&case, keys).await
}

async fn hostile(mut case: Case) -> Verdict {
    let patterns: [&[u8]; 14] = [
        b"\0",
        b"\xff",
        b"*",
        b":",
        b"\n",
        b"\r\n",
        b" ",
        b"?[a-z]",
        b"{}",
        b"../",
        b"%",
        b"_",
        b"' OR ''='",
        b"\\\"",
    ];
    let mut keys = Vec::new();
    for pattern in patterns {
        // All of it but a few bytes, in front or at the end: other runs have other rows. Two of each,
        // which are one to an engine that reads only the other part.
        for unique in [0..6, 26..32, 0..6, 26..32] {
            let mut key = *case.key().as_bytes();
            for (at, byte) in key.iter_mut().enumerate().filter(|(at, _)| !unique.contains(at)) {
                *byte = pattern[at % pattern.len()];
            }
            keys.push(RowKey::from_bytes(key));
        }
    }
    apart(&case, keys).await
}

/// Each key is a row of its own: made, read, and ended without its neighbours.
async fn apart(case: &Case, keys: Vec<RowKey>) -> Verdict {
    let rows = numbered(keys);
    for_each(case, &rows, |client, key, body| async move {
        let created = client.create(&key, &first(body), lease()).await?;
        same(&format!("create of the row {key}"), &created, &Created::Created)
    })
    .await?;
    for_each(case, &rows, |client, key, body| async move {
        let seen = client.load(&key).await?;
        same(&format!("load of the row {key}"), &seen, &Loaded::Record(first(body)))
    })
    .await?;
    // Every other one is ended; those between stay.
    let (ended, stay): (Vec<_>, Vec<_>) =
        rows.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let [ended, stay] = [ended, stay].map(|half| half.into_iter().map(|(_, row)| row).collect());
    let (ended, stay): (Vec<_>, Vec<_>) = (ended, stay);
    for_each(case, &ended, |client, key, _| async move {
        same("delete of a live row", &client.delete(&key, LONG).await?, &Deleted::Deleted)
    })
    .await?;
    for_each(case, &stay, |client, key, body| async move {
        let seen = client.load(&key).await?;
        let when = format!("load of the row {key} after others were deleted");
        same(&when, &seen, &Loaded::Record(first(body)))
    })
    .await
}

type Row = (RowKey, String);

fn numbered(keys: Vec<RowKey>) -> Vec<Row> {
    keys.into_iter().enumerate().map(|(at, key)| (key, format!("row {at}"))).collect()
}

/// Some at a time, by both clients.
async fn for_each<F>(
    case: &Case,
    rows: &[Row],
    call: impl Fn(Client, RowKey, String) -> F,
) -> Verdict
where
    F: Future<Output = Verdict> + Send + 'static,
{
    for (turn, some) in rows.chunks(16).enumerate() {
        let mut tasks = JoinSet::new();
        for (key, body) in some {
            tasks.spawn(call(case.client(turn), *key, body.clone()));
        }
        all(tasks).await?;
    }
    Ok(())
}

//! Sets of row keys: they never miss a member, and are read in order, page by page.

use super::case::{Case, LONG, first, lease};
use super::check::{all, checks};
use super::client::{Client, Show, Verdict, must, same};
use crate::store::{Created, IndexKey, Loaded, RowKey};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Instant;
use tokio::task::JoinSet;

checks! {
    Indexed: "index.members", "a set has the members that were put in and not taken out, for every client, in ascending order", members;
    Indexed: "index.pages", "members are read page by page: those after one, up to a limit", pages;
    Indexed: "index.apart", "sets whose keys differ in one bit are apart, and rows are apart from sets", apart;
    Indexed: "index.at_once", "of members that are put in and taken out at once none is missing and none stays", at_once;
    #[waits] Indexed: "index.longest_keep", "a member is kept for the longest time that was asked for, whatever is asked for other members", longest_keep;
    Indexed: "index.model", "random sequences by two clients leave the sets that the contract says", model;
}

const ALL: usize = 10_000;

async fn members(mut case: Case) -> Verdict {
    let set = case.set();
    same("members of a set that never was", &case.one.members(&set, None, ALL).await?, &vec![])?;
    let stranger = case.key();
    case.one.remove(&set, &stranger).await?;
    let mut keys: Vec<RowKey> = (0..20).map(|_| case.key()).collect();
    for (turn, key) in keys.iter().enumerate() {
        case.client(turn).insert(&set, key, LONG).await?;
    }
    // Once more: a member is in it once.
    case.two.insert(&set, &keys[3], LONG).await?;
    keys.sort();
    for client in [&case.one, &case.two] {
        same("members after inserts", &client.members(&set, None, ALL).await?, &keys)?;
    }
    for turn in 0..10 {
        let gone = keys.remove(turn);
        case.client(turn).remove(&set, &gone).await?;
        case.one.remove(&set, &gone).await?;
    }
    for client in [&case.one, &case.two] {
        same("members after removals", &client.members(&set, None, ALL).await?, &keys)?;
    }
    Ok(())
}

async fn pages(mut case: Case) -> Verdict {
    let set = case.set();
    let mut keys: Vec<RowKey> = (0..50).map(|_| case.key()).collect();
    // Neighbours in their last bit, and in a bit that is the sign in some engines.
    keys.extend([flipped(&keys[0], 255), flipped(&keys[0], 0), flipped(&keys[1], 8)]);
    keys.extend([RowKey::from_bytes([0; 32]), RowKey::from_bytes([255; 32])]);
    for key in &keys {
        case.one.insert(&set, key, LONG).await?;
    }
    keys.sort();
    for limit in [1, 7, 54, 55, 56] {
        let (mut read, mut after) = (Vec::new(), None);
        // One more page than there can be.
        for _ in 0..=keys.len() {
            let page = case.two.members(&set, after.as_ref(), limit).await?;
            let when = format!("a page of {limit}");
            must(page.len() <= limit, &when, "no more members than that", &page.len())?;
            after = page.last().copied().or(after);
            let end = page.is_empty();
            read.extend(page);
            if end {
                break;
            }
        }
        same(&format!("all pages of {limit}"), &read, &keys)?;
    }
    same("a page of none", &case.one.members(&set, None, 0).await?, &vec![])?;
    // After a key that is no member.
    let between = flipped(&keys[30], 254);
    let expected: Vec<RowKey> = keys.iter().copied().filter(|key| *key > between).collect();
    same("after what is no member", &case.two.members(&set, Some(&between), ALL).await?, &expected)
}

fn flipped(key: &RowKey, bit: usize) -> RowKey {
    let mut bytes = *key.as_bytes();
    bytes[bit / 8] ^= 128 >> (bit % 8);
    RowKey::from_bytes(bytes)
}

async fn apart(mut case: Case) -> Verdict {
    let (base, common) = (case.key(), case.key());
    let keys: Vec<RowKey> = [0, 7, 100, 255].map(|bit| flipped(&base, bit)).into();
    let sets: Vec<IndexKey> =
        keys.iter().map(|key| IndexKey::from_bytes(*key.as_bytes())).collect();
    for (set, key) in sets.iter().zip(&keys) {
        // A row, and a set with this member and one that all have, under the same bytes.
        case.one.insert(set, key, LONG).await?;
        case.two.insert(set, &common, LONG).await?;
        let created = case.two.create(key, &first("row"), lease()).await?;
        same("create of a row whose key is a set's too", &created, &Created::Created)?;
    }
    let with_common = |key: RowKey| Vec::from([key.min(common), key.max(common)]);
    for (set, key) in sets.iter().zip(&keys) {
        let seen = case.two.members(set, None, ALL).await?;
        same("members of each set", &seen, &with_common(*key))?;
        let seen = case.one.load(key).await?;
        same("load of a row whose key is a set's too", &seen, &Loaded::Record(first("row")))?;
    }
    case.one.remove(&sets[0], &common).await?;
    case.one.remove(&sets[0], &keys[0]).await?;
    case.one.delete(&keys[1], LONG).await?;
    for (at, left) in [(0, vec![]), (1, with_common(keys[1])), (2, with_common(keys[2]))] {
        let seen = case.two.members(&sets[at], None, ALL).await?;
        same("members after one was taken out of another set", &seen, &left)?;
    }
    let seen = case.two.load(&keys[0]).await?;
    same("load after it was taken out of a set", &seen, &Loaded::Record(first("row")))
}

async fn at_once(mut case: Case) -> Verdict {
    let set = case.set();
    let keys: Vec<RowKey> = (0..200).map(|_| case.key()).collect();
    for (turn, some) in keys.chunks(40).enumerate() {
        let mut tasks = JoinSet::new();
        for (at, key) in some.iter().copied().enumerate() {
            let client = case.client(turn + at);
            tasks.spawn(async move {
                client.insert(&set, &key, LONG).await?;
                // Every other one goes again.
                if at % 2 == 0 { client.remove(&set, &key).await } else { Ok(()) }
            });
        }
        all(tasks).await?;
    }
    let mut stay: Vec<RowKey> = keys.into_iter().skip(1).step_by(2).collect();
    stay.sort();
    same("members after all", &case.one.members(&set, None, ALL).await?, &stay)
}

async fn longest_keep(mut case: Case) -> Verdict {
    let (short, past) = (case.scale.short, case.scale.past_short);
    let [before, after, lengthened] = [case.key(), case.key(), case.key()];
    let others = [case.key(), case.key()];
    let set = case.set();
    case.one.insert(&set, &before, LONG).await?;
    case.one.insert(&set, &lengthened, short).await?;
    case.two.insert(&set, &others[0], short).await?;
    case.two.insert(&set, &after, LONG).await?;
    case.one.insert(&set, &lengthened, LONG).await?;
    case.two.insert(&set, &others[1], short).await?;
    // What is there for long is not there for less because of a call that asks for less.
    case.two.insert(&set, &before, short).await?;
    let begin = Instant::now();
    while begin.elapsed() < past {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let seen = case.one.members(&set, None, ALL).await?;
        let all_there = [before, after, lengthened].iter().all(|key| seen.contains(key));
        let expected = "the three members that are kept for long";
        must(all_there, "members when a short time is over", expected, &seen)?;
    }
    Ok(())
}

async fn model(mut case: Case) -> Verdict {
    let sets: Vec<IndexKey> = (0..3).map(|_| case.set()).collect();
    let keys: Vec<RowKey> = (0..12).map(|_| case.key()).collect();
    let mut model: BTreeMap<IndexKey, BTreeSet<RowKey>> = BTreeMap::new();
    for step in 0..400 {
        let random = &mut case.random;
        let (set, key) = (sets[random.below(3) as usize], keys[random.below(12) as usize]);
        let (act, limit, turn) = (random.below(3), random.below(14) as usize, random.below(2));
        let after = (!random.one_in(3)).then_some(key);
        let client: Client = case.client(turn as usize);
        let members = model.entry(set).or_default();
        match act {
            0 => {
                client.insert(&set, &key, LONG).await?;
                members.insert(key);
            }
            1 => {
                client.remove(&set, &key).await?;
                members.remove(&key);
            }
            _ => {
                let seen = client.members(&set, after.as_ref(), limit).await?;
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                let range = members.range((from, Bound::Unbounded));
                let expected: Vec<RowKey> = range.take(limit).copied().collect();
                let after = after.map_or("the beginning".to_owned(), |key| key.to_string());
                let when = format!("step {step}: {limit} members after {after}");
                must(seen == expected, &when, &expected.show(), &seen)?;
            }
        }
    }
    Ok(())
}

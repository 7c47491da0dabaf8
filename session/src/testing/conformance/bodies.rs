//! Records come back as they were given, whatever they hold.

use super::case::{Case, LIFE, at, lease, record};
use super::check::checks;
use super::client::{Verdict, row, same};
use super::random::Random;
use crate::store::{Record, Revision, Times, Updated};
use crate::time::Millis;

checks! {
    Every: "bodies.binary", "a body may hold any bytes, and none", binary;
    Every: "bodies.large", "a body may be as long as the store says", large;
    Every: "bodies.numbers", "revisions have 63 bits and times 48, and come back exactly", numbers;
}

async fn binary(mut case: Case) -> Verdict {
    let every: Vec<u8> = (0..=255).collect();
    let random: [u8; 999] = case.random.bytes();
    let bodies: [&[u8]; 12] = [
        &every,
        &random,
        b"",
        b"\0",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xfe\xfd",
        b"0",
        b" ",
        b"\r\n\r\n",
        b"END\r\nVALUE x 0 1\r\n",
        b"'; DROP TABLE sessions; --",
        "\u{1f36a} not ASCII".as_bytes(),
    ];
    for body in bodies {
        let created = record(1, LIFE, body);
        let key = case.row(&created).await?;
        same("created row", &row("load", case.two.load(&key).await?)?, &created)?;
        let mut reversed = body.to_vec();
        reversed.reverse();
        let updated = record(2, LIFE, reversed);
        let answer = case.two.update(&key, Revision::FIRST, &updated, lease()).await?;
        same("update with the row's revision", &answer, &Updated::Applied)?;
        same("updated row", &row("load", case.one.load(&key).await?)?, &updated)?;
    }
    Ok(())
}

async fn large(mut case: Case) -> Verdict {
    let largest = case.scale.largest_body;
    let mut body = |len| noise(&mut case.random, len);
    let bodies = [body(largest), body(1), body(largest), body(largest / 2)];
    let [created, updates @ ..] = bodies;
    let created = record(1, LIFE, created);
    let key = case.row(&created).await?;
    // `assert_eq` would print it all: `Show` prints the beginning.
    same("created row", &row("load", case.two.load(&key).await?)?, &created)?;
    for (revision, body) in (1..).zip(updates) {
        let next = record(revision + 1, LIFE, body);
        let expected = Revision::from_number(revision);
        let answer = case.two.update(&key, expected, &next, lease()).await?;
        same("update with the row's revision", &answer, &Updated::Applied)?;
        same("updated row", &row("load", case.one.load(&key).await?)?, &next)?;
    }
    Ok(())
}

fn noise(random: &mut Random, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.number().to_be_bytes());
    }
    bytes.truncate(len);
    bytes
}

async fn numbers(mut case: Case) -> Verdict {
    let last = Millis::MAX;
    let all_times = [
        Times::new(at(0), 1, at(1)),
        Times::new(Millis::from_ms(0), 0, last),
        Times::new(last, last.ms(), last),
        Times::new(at(1), (1 << 32) + 1, Millis::from_ms((1 << 47) + 1)),
    ];
    let revisions = [1, 255, 1 << 31, 1 << 32, (1 << 53) + 1, i64::MAX as u64 - 1];
    for times in all_times {
        for revision in revisions.map(Revision::from_number) {
            let created = Record { revision, times, body: b"numbers".to_vec() };
            let key = case.row(&created).await?;
            same("created row", &row("load", case.two.load(&key).await?)?, &created)?;
            let next = Record { revision: revision.next(), ..created };
            let answer = case.two.update(&key, revision, &next, lease()).await?;
            same("update with the row's revision", &answer, &Updated::Applied)?;
            same("updated row", &row("load", case.one.load(&key).await?)?, &next)?;
        }
    }
    Ok(())
}

//! The contract of one row as a state machine, and random calls one after another beside it.

use super::case::{Case, LIFE, LONG, at, first, lease, record, times};
use super::check::checks;
use super::client::{Client, Show, Verdict, broken};
use super::random::Random;
use crate::store::{
    Created, Deleted, Lease, Loaded, Record, Revision, RowKey, Times, Touched, Updated,
};

checks! {
    Every: "model.sequence", "random calls by two clients, one after another, are answered as the contract says", sequence;
}

/// What the contract knows of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    Nothing,
    There(Record),
    Ended,
}

/// A call on one row.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Load,
    Create(Record, Lease),
    Update(Revision, Record, Lease),
    Touch(Revision, Times, Lease),
    Delete,
}

/// What a store said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Loaded(Loaded),
    Created(Created),
    Updated(Updated),
    Touched(Touched),
    Deleted(Deleted),
}

impl Row {
    /// What the contract says to a call, and what becomes of the row.
    pub(super) fn after(&self, call: &Call) -> (Self, Answer) {
        let live = |lease: &Lease| match self {
            Self::There(row) if row.times.ends() >= lease.now => Some(row),
            _ => None,
        };
        let same = |answer| (self.clone(), answer);
        match call {
            Call::Load => same(Answer::Loaded(match self {
                Self::Nothing => Loaded::Nothing,
                Self::There(row) => Loaded::Record(row.clone()),
                Self::Ended => Loaded::Ended,
            })),
            Call::Create(record, _) => match self {
                Self::Nothing => (Self::There(record.clone()), Answer::Created(Created::Created)),
                Self::There(_) | Self::Ended => same(Answer::Created(Created::Taken)),
            },
            Call::Update(expected, record, lease) => match live(lease) {
                None => same(Answer::Updated(Updated::Ended)),
                Some(row) if row.revision != *expected => {
                    same(Answer::Updated(Updated::Conflict(Some(row.clone()))))
                }
                Some(row) => {
                    let times = match lease.may_shorten {
                        true => record.times,
                        false => row.times.later(record.times),
                    };
                    let row = Record { times, ..record.clone() };
                    (Self::There(row), Answer::Updated(Updated::Applied))
                }
            },
            Call::Touch(expected, times, lease) => match live(lease) {
                Some(row) if row.revision == *expected && row.times.ends() < times.ends() => {
                    let row = Record { times: *times, ..row.clone() };
                    (Self::There(row), Answer::Touched(Touched::Touched))
                }
                _ => same(Answer::Touched(Touched::Nothing)),
            },
            Call::Delete => match self {
                Self::There(_) => (Self::Ended, Answer::Deleted(Deleted::Deleted)),
                Self::Nothing | Self::Ended => same(Answer::Deleted(Deleted::Gone)),
            },
        }
    }

    /// Bytes that differ where rows differ.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        match self {
            Self::Nothing => vec![0],
            Self::There(record) => record.to_bytes(),
            Self::Ended => vec![1],
        }
    }
}

impl Answer {
    /// Whether the contract's answer allows this one: a conflict may be without the row.
    pub(super) fn allows(&self, seen: &Self) -> bool {
        matches!(
            (self, seen),
            (Self::Updated(Updated::Conflict(_)), Self::Updated(Updated::Conflict(None)))
        ) || self == seen
    }

    /// The revision that the asker knows from now on.
    pub(super) fn revision(&self) -> Option<Revision> {
        match self {
            Self::Loaded(Loaded::Record(row)) => Some(row.revision),
            Self::Updated(Updated::Conflict(Some(row))) => Some(row.revision),
            _ => None,
        }
    }
}

impl Call {
    /// A call of somebody who believes that the row has this revision. `body` is nobody else's.
    pub(super) fn random(random: &mut Random, believed: Revision, body: String) -> Self {
        let ends = [LIFE, LIFE, 2 * LIFE, 3 * LIFE, LIFE / 2][random.below(5) as usize];
        let now = [0, 0, 0, 0, LIFE / 2, LIFE / 2 + 1, LIFE, LIFE + 1][random.below(8) as usize];
        let lease = Lease { now: at(now), may_shorten: random.one_in(4), ..lease() };
        let expected = match random.below(8) {
            0 => believed.next(),
            1 => Revision::FIRST,
            _ => believed,
        };
        match random.below(16) {
            0..4 => Self::Load,
            4..7 => Self::Create(record(1, ends, body), lease),
            7..12 => Self::Update(expected, record(expected.next().number(), ends, body), lease),
            12..15 => Self::Touch(expected, times(ends), lease),
            _ => Self::Delete,
        }
    }

    /// Asks a store.
    pub(super) async fn ask(&self, client: &Client, key: &RowKey) -> Verdict<Answer> {
        Ok(match self {
            Self::Load => Answer::Loaded(client.load(key).await?),
            Self::Create(record, lease) => {
                Answer::Created(client.create(key, record, *lease).await?)
            }
            Self::Update(expected, record, lease) => {
                Answer::Updated(client.update(key, *expected, record, *lease).await?)
            }
            Self::Touch(expected, times, lease) => {
                Answer::Touched(client.touch(key, *expected, *times, *lease).await?)
            }
            Self::Delete => Answer::Deleted(client.delete(key, LONG).await?),
        })
    }
}

impl Show for Call {
    fn show(&self) -> String {
        let at = |lease: &Lease| {
            let shorten = if lease.may_shorten { ", may shorten" } else { "" };
            format!("now {}{shorten}", lease.now.ms())
        };
        match self {
            Self::Load => "load".to_owned(),
            Self::Create(record, lease) => format!("create ({}, {})", record.show(), at(lease)),
            Self::Update(expected, record, lease) => {
                format!("update of {} to ({}, {})", expected.number(), record.show(), at(lease))
            }
            Self::Touch(expected, times, lease) => {
                format!("touch of {} until {}, {}", expected.number(), times.ends().ms(), at(lease))
            }
            Self::Delete => "delete".to_owned(),
        }
    }
}

impl Show for Answer {
    fn show(&self) -> String {
        match self {
            Self::Loaded(answer) => answer.show(),
            Self::Created(answer) => answer.show(),
            Self::Updated(answer) => answer.show(),
            Self::Touched(answer) => answer.show(),
            Self::Deleted(answer) => answer.show(),
        }
    }
}

async fn sequence(mut case: Case) -> Verdict {
    for round in 0..100 {
        let (key, mut row, mut history) = (case.key(), Row::Nothing, String::new());
        for step in 0..20 {
            let believed = match &row {
                Row::There(row) => row.revision,
                Row::Nothing | Row::Ended => Revision::FIRST,
            };
            let body = format!("{round}.{step}");
            // Most sequences begin with a row: without one little happens.
            let call = match step {
                0 if round % 4 != 0 => Call::Create(first(body), lease()),
                _ => Call::random(&mut case.random, believed, body),
            };
            let turn = case.random.below(2) as usize;
            let seen = call.ask(&case.client(turn), &key).await?;
            let (next, answer) = row.after(&call);
            history += &format!("{} -> {}\n", call.show(), seen.show());
            if !answer.allows(&seen) {
                return broken("the last answer", &answer.show(), history.trim_end());
            }
            row = next;
        }
    }
    Ok(())
}

//! Random servers and random requests, likely enough to meet.

use super::model::{Ending, Exchange, Op, Server, State};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use session::Extend;

#[derive(Debug, Clone)]
pub enum Step {
    Exchange(Exchange),
    /// Time passes, in milliseconds.
    Advance(u64),
    /// The clock is put back.
    Rewind(u64),
    /// The server starts anew with another key ring.
    Keys(Vec<usize>),
    /// The client goes back to an older cookie.
    Replay(usize),
}

const MINUTE: u64 = 60_000;

pub fn server() -> impl Strategy<Value = Server> {
    let extend = select(
        &[Extend::Renew, Extend::Renew, Extend::Rolling, Extend::OnWrite, Extend::Fixed][..],
    );
    let rarely = || prop::bool::weighted(0.1);
    (extend, rarely(), rarely(), rarely()).prop_map(|(extend, manual, save_empty, on_error)| {
        Server {
            ring: vec![0],
            idle: 60 * MINUTE,
            absolute: 150 * MINUTE,
            extend,
            auto_commit: !manual,
            save_empty,
            commit_on_server_error: on_error,
        }
    })
}

fn some() -> impl Strategy<Value = Option<u8>> {
    option::of(0..3_u8)
}

fn op() -> impl Strategy<Value = Op> {
    let state = (0..3_u8, some(), 2..5_u8, some(), some())
        .prop_map(|(views, note, theme, user, sudo)| State { views, note, theme, user, sudo });
    prop_oneof![
        4 => Just(Op::AddView),
        2 => some().prop_map(Op::SetNote),
        1 => Just(Op::TakeNote),
        1 => (2..5_u8).prop_map(Op::SetTheme),
        1 => Just(Op::SameValues),
        2 => some().prop_map(Op::SetSudo),
        1 => some().prop_map(Op::WriteSudo),
        3 => some().prop_map(Op::SetUser),
        2 => some().prop_map(Op::WriteUser),
        1 => Just(Op::Rotate),
        1 => Just(Op::Reauthenticated),
        1 => state.prop_map(Op::Replace),
        1 => Just(Op::Save),
        1 => Just(Op::Discard),
        1 => Just(Op::Destroy),
        1 => (1..200 * MINUTE).prop_map(Op::SetMaxAge),
        1 => Just(Op::SetBrowser),
    ]
}

fn exchange() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        6 => Just(Ending::Ok),
        1 => Just(Ending::NotFound),
        2 => Just(Ending::Fail),
        1 => Just(Ending::Panic),
    ];
    // Mere uses are as likely as changes: renewals happen on them.
    let ops = prop_oneof![1 => Just(Vec::new()), 2 => vec(op(), 1..4)];
    let also = option::weighted(0.1, 0..20_usize);
    (prop::bool::weighted(0.95), ops, ending, also).prop_map(|(extracts, ops, ending, also)| {
        Step::Exchange(Exchange { extracts, ops, ending, also })
    })
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    // The ends themselves, and one beside them.
    let ends = select(&[0, 1, 30 * MINUTE, 60 * MINUTE, 10 * MINUTE][..]);
    let step = prop_oneof![
        8 => exchange(),
        2 => (1..40 * MINUTE).prop_map(Step::Advance),
        1 => (ends, 0..2_u64).prop_map(|(end, one)| Step::Advance(end + one)),
        1 => (0..3 * MINUTE).prop_map(Step::Rewind),
        1 => select(vec![vec![0], vec![0, 1], vec![1, 0], vec![1], vec![2, 1]]).prop_map(Step::Keys),
        1 => (0..20_usize).prop_map(Step::Replay),
    ];
    vec(step, 1..25)
}

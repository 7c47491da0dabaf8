//! Random sequences by several clients, compared with a small model of a session's life: on a store in
//! the test, on the memory store, and, with servers, on SQLite and Redis.

#[cfg(feature = "servers")]
mod servers;
#[path = "../stored/state.rs"]
mod state;
mod world;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use session::SessionLayer;
use session::store::MemoryStore;
use session_tests::{Prompt, Shelf};
use tokio::runtime::{Builder, Runtime};
use world::{Move, Step, Stored, World, moves};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Plays random sequences, each on a store of its own.
fn compare(cases: u32, store: impl Fn(&Runtime) -> (Stored, Option<Shelf>)) {
    let config = ProptestConfig { cases, failure_persistence: None, ..Default::default() };
    let runtime = runtime();
    let played = TestRunner::new(config).run(&moves(), |moves| {
        let (store, shelf) = store(&runtime);
        let mut world = World::new(&runtime, store, shelf);
        for one in moves {
            world.play(one);
            world.compare();
        }
        Ok(())
    });
    if let Err(failure) = played {
        panic!("{failure}");
    }
}

fn shelf() -> (Stored, Option<Shelf>) {
    let shelf = Shelf::default();
    (SessionLayer::stored(shelf.clone()), Some(shelf))
}

// Fails when any sequence shows another state, another index or another number of rows than the
// model has.
#[test]
fn security_36_any_sequence_is_as_the_model_says() {
    compare(300, |_| shelf());
}

// Fails when a store that answers at once is asked in another way than one that waits.
#[test]
fn security_36_any_sequence_on_a_store_that_answers_at_once() {
    compare(300, |_| {
        let shelf = Shelf::default();
        (SessionLayer::stored(Prompt(shelf.clone())), Some(shelf))
    });
}

// Fails when the memory store shows something else than a store that merely keeps the contract.
#[test]
fn security_36_any_sequence_on_the_memory_store() {
    compare(300, |_| (SessionLayer::stored(MemoryStore::new()), None));
}

// Fails when the model does not notice what was done behind its back.
#[test]
#[should_panic(expected = "assertion")]
fn the_model_has_teeth() {
    let runtime = runtime();
    let (store, rows) = shelf();
    let mut world = World::new(&runtime, store, rows);
    world.play(Move { client: 0, stale: false, wait: 0, step: Step::Add(1) });
    world.compare();
    let mut session = world.open(world.cookie(0));
    session.hits += 1;
    world.close(session);
    world.compare();
}

//! Nanoseconds per request, as ratios to bare axum of the same round.

use std::time::Instant;

use crate::app::Contender;
use crate::loads::Load;
use crate::table;

/// As many requests as are held ready at once: few enough to stay in the first-level cache.
const CHUNK: usize = 32;
/// Chunks in one batch of one contender.
const CHUNKS: usize = 16;

pub(crate) const ROUNDS: usize = 61;

/// Runs the rounds and prints the table. The first contender is the one that the others are
/// divided by.
pub(crate) fn print(contenders: &mut [Box<dyn Contender>], rounds: usize) {
    // Times of every contender and load, round by round.
    let mut times = vec![[const { Vec::new() }; 4]; contenders.len()];
    for round in 0..rounds {
        for load in Load::ALL {
            for turn in 0..contenders.len() {
                // Another one begins each round, so that nobody always follows the same.
                let index = (turn + round) % contenders.len();
                let time = batch(contenders[index].as_mut(), load);
                times[index][load.index()].push(time);
            }
        }
    }

    println!("Nanoseconds per request (times bare), medians of {rounds} rounds\n");
    table::head();
    let mut least_steady = (0.0, String::new());
    for (contender, own) in contenders.iter().zip(&times) {
        let cells = Load::ALL.map(|load| {
            let own = &own[load.index()];
            let bare = &times[0][load.index()];
            let ratios = own.iter().zip(bare).map(|(own, bare)| own / bare).collect();
            let [low, ratio, high] = quartiles(ratios);
            let spread = (high - low) / ratio;
            if spread > least_steady.0 {
                least_steady = (spread, format!("{}, {}", contender.name(), load.label()));
            }
            let [_, time, _] = quartiles(own.clone());
            format!("{time:.0} ({ratio:.2}x)")
        });
        table::row(contender.name(), &cells);
    }
    let (spread, whose) = least_steady;
    println!(
        "\nLeast steady: {whose}, where half of the ratios are within {:.1} % of each other.",
        spread * 100.0
    );
}

/// Nanoseconds per request of one batch.
fn batch(contender: &mut dyn Contender, load: Load) -> f64 {
    // The caches still hold the contender before.
    contender.prepare(load, CHUNK);
    contender.serve(CHUNK);
    let mut nanoseconds = 0;
    for _ in 0..CHUNKS {
        contender.prepare(load, CHUNK);
        let start = Instant::now();
        contender.serve(CHUNK);
        nanoseconds += start.elapsed().as_nanos();
    }
    nanoseconds as f64 / (CHUNK * CHUNKS) as f64
}

fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[(values.len() - 1) * quarter / 4])
}

//! Instructions per request, by running this program under callgrind.

use std::process::{Command, Stdio};

use crate::loads::Load;
use crate::{contenders, table};

const WARM_UP: usize = 50;
/// Requests of the shorter of two runs; the longer has twice as many. What both do (start, setup,
/// building the requests) falls out of their difference.
const REQUESTS: usize = 200;

/// Prints, for each contender and load, instructions without those that compress SHA-256 blocks.
///
/// Callgrind's processor has no SHA instructions, so a block costs thousands of plain ones there
/// that no machine with them would execute.
pub(crate) fn print(names: &[&str]) {
    println!("Instructions per request, SHA-256 compressions left out (+ those)\n");
    table::head();
    for name in names {
        let cells = Load::ALL.map(|load| match of(name, load) {
            Ok(cost) => format!("{} (+ {})", cost.rest, cost.sha256),
            Err(problem) => {
                eprintln!("{name}, {}: {problem}", load.label());
                String::from("?")
            }
        });
        table::row(name, &cells);
    }
}

/// The child's side: serves requests of one load, and nothing else that is not the same in every
/// run.
pub(crate) fn serve(name: &str, load: &str, requests: &str) {
    let mut contender = contenders::named(name).expect("the parent passes names from the list");
    let load = Load::ALL.into_iter().find(|known| known.label() == load);
    let load = load.expect("the parent passes labels");
    let requests: usize = requests.parse().expect("the parent passes numbers");

    contender.prepare(load, WARM_UP);
    contender.serve(WARM_UP);
    // Both runs build the same number, so that building falls out of the difference too.
    contender.prepare(load, 2 * REQUESTS);
    contender.serve(requests);
    // Without dropping the requests that are left: those would count in one of the runs.
    std::process::exit(0);
}

#[derive(Debug, PartialEq)]
struct Cost {
    sha256: i64,
    rest: i64,
}

fn of(name: &str, load: Load) -> Result<Cost, String> {
    let once = run(name, load, REQUESTS)?;
    let twice = run(name, load, 2 * REQUESTS)?;
    let requests = REQUESTS as i64;
    Ok(Cost {
        sha256: (twice.sha256 - once.sha256) / requests,
        rest: (twice.rest - once.rest) / requests,
    })
}

fn run(name: &str, load: Load, requests: usize) -> Result<Cost, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let profile = std::env::temp_dir().join(format!("session-benches.{}", std::process::id()));
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(this)
        .args(["serve", name, load.label(), &requests.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("valgrind could not be started: {error}"))?;
    if !status.success() {
        return Err(format!("valgrind ended with {status}"));
    }
    let text = std::fs::read_to_string(&profile);
    // It has been read; if it can't be removed, the next run overwrites it.
    let _ = std::fs::remove_file(&profile);
    sum(&text.map_err(|error| error.to_string())?)
}

/// Sums the own cost of every function in a callgrind profile.
fn sum(profile: &str) -> Result<Cost, String> {
    let mut cost = Cost { sha256: 0, rest: 0 };
    let mut compresses = false;
    let mut callees_cost_follows = false;
    for line in profile.lines() {
        if let Some(function) = line.strip_prefix("fn=") {
            compresses = compresses_sha256(function);
        } else if line.starts_with("calls=") {
            callees_cost_follows = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            // "line cost": the cost is the function's own, but for the line after "calls=".
            if !std::mem::take(&mut callees_cost_follows) {
                let own = line.split(' ').nth(1).and_then(|own| own.parse::<i64>().ok());
                let own = own.ok_or_else(|| format!("not a cost line: {line}"))?;
                if compresses {
                    cost.sha256 += own;
                } else {
                    cost.rest += own;
                }
            }
        }
    }
    Ok(cost)
}

/// `sha2::sha256::..::compress..` of the crate, or the assembly of `ring`.
fn compresses_sha256(function: &str) -> bool {
    function.contains("sha256")
        && (function.contains("compress") || function.contains("block_data_order"))
}

#[cfg(test)]
mod tests {
    use super::{Cost, sum};

    #[test]
    fn own_costs_are_summed_and_callees_are_not_counted_twice() {
        let profile = "\
events: Ir

fl=app.rs
fn=app::handle
12 30
cfn=sha2::sha256::soft::compress
calls=1 40
13 500
14 5

fn=sha2::sha256::soft::compress
40 500

totals: 535
";
        let cost = Cost { sha256: 500, rest: 35 };
        assert_eq!(sum(profile), Ok(cost));
    }
}

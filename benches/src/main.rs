//! This library beside its peers. See `README.md`.

mod alloc;
mod app;
mod both_versions;
mod contenders;
mod instructions;
mod loads;
mod race;
mod scale;
mod smoke;
mod state;
mod table;
mod throughput;
mod time;

use std::error::Error;

use app::Contender;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const USAGE: &str = "\
usage: session-benches [all | time [ROUNDS] | alloc | instructions | race | scale |
                        throughput [ROUNDS [SECONDS]] | smoke] [--only NAME]

in process:
  all           (default) time, then alloc
  time          nanoseconds per request and their ratio to bare axum
  alloc         allocations per request
  instructions  instructions per request; needs valgrind
  race          lost updates; over the servers that SESSION_TEST_REDIS, _POSTGRES, .. name, too

in processes of their own:
  scale         memory stores with up to a million sessions
  throughput    requests per second over loopback; needs wrk, redis-server and two cores

  smoke         a little of everything but `alloc` and `instructions`, answers checked, nothing
                measured; needs wrk and redis-server
  --only NAME   of the contenders, those whose name contains NAME, and bare axum";

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let only = take_option(&mut words, "--only");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Err(error) = run(&words, only.as_deref()) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run(words: &[&str], only: Option<&str>) -> Result<(), Box<dyn Error>> {
    match *words {
        [] | ["all"] => in_process(only, |contenders| {
            time::print(contenders, time::ROUNDS);
            println!();
            alloc::print(contenders);
        }),
        ["time"] => in_process(only, |contenders| time::print(contenders, time::ROUNDS)),
        ["time", rounds] => {
            let rounds = number(rounds) as usize;
            in_process(only, |contenders| time::print(contenders, rounds));
        }
        ["alloc"] => in_process(only, alloc::print),
        ["instructions"] => in_process(only, |contenders| {
            let names = contenders.iter().map(|contender| contender.name());
            instructions::print(&names.collect::<Vec<_>>());
        }),
        ["race"] => race::print(only)?,
        ["scale"] => scale::print(only)?,
        ["throughput"] => throughput::print(throughput::FULL, only)?,
        ["throughput", ref numbers @ ..] if numbers.len() <= 2 => {
            let mut plan = throughput::FULL;
            plan.rounds = number(numbers[0]) as usize;
            if let [_, seconds] = numbers {
                plan.seconds = number(seconds);
            }
            throughput::print(plan, only)?;
        }
        ["smoke"] => {
            in_process(only, |contenders| {
                for contender in contenders {
                    println!("{}: answers as it should", contender.name());
                }
            });
            race::smoke(only)?;
            scale::smoke()?;
            throughput::smoke()?;
        }
        ["help" | "--help" | "-h"] => println!("{USAGE}"),
        // The children of `instructions`, `scale` and `throughput`.
        ["serve", contender, load, requests] => {
            let runtime = runtime();
            let _inside = runtime.enter();
            instructions::serve(contender, load, requests);
        }
        ["scale-child", name, sessions, run] => scale::child(name, sessions, run)?,
        ["http-child", name, redis, counting] => throughput::child(name, redis, counting)?,
        _ => usage(),
    }
    Ok(())
}

/// Runs with the contenders that answer as they should.
fn in_process(only: Option<&str>, work: impl FnOnce(&mut [Box<dyn Contender>])) {
    let runtime = runtime();
    let _inside = runtime.enter();
    let mut contenders = contenders::all();
    if let Some(only) = only {
        let mut index = 0;
        contenders.retain(|contender| {
            index += 1;
            index == 1 || contender.name().contains(only)
        });
    }
    for contender in &mut contenders {
        smoke::check(contender.as_mut());
    }
    work(&mut contenders);
}

/// Some rivals start tasks of their own, and want a runtime for that.
fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime without I/O has nothing to fail on")
}

/// At least one.
fn number(word: &str) -> u64 {
    word.parse().ok().filter(|&number| number > 0).unwrap_or_else(|| usage())
}

fn take_option(words: &mut Vec<String>, option: &str) -> Option<String> {
    let at = words.iter().position(|word| word == option)?;
    words.remove(at);
    if at == words.len() {
        usage();
    }
    Some(words.remove(at))
}

fn usage() -> ! {
    eprintln!("{USAGE}");
    std::process::exit(2)
}

//! This library beside its peers. See `README.md`.

mod alloc;
mod app;
mod contenders;
mod instructions;
mod loads;
mod smoke;
mod state;
mod table;
mod time;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const USAGE: &str = "\
usage: session-benches [all | time [ROUNDS] | alloc | instructions | smoke] [--only NAME]

  all           (default) time, then alloc
  time          nanoseconds per request and their ratio to bare axum
  alloc         allocations per request
  instructions  instructions per request; needs valgrind
  smoke         every contender once on every load, answers checked, nothing measured
  --only NAME   of the contenders, those whose name contains NAME, and bare axum";

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let only = take_option(&mut words, "--only");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();

    // Some rivals start tasks of their own, and want a runtime for that.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without I/O has nothing to fail on");
    let _inside = runtime.enter();

    // The child of `instructions` builds its one contender itself.
    if let ["serve", contender, load, requests] = words[..] {
        return instructions::serve(contender, load, requests);
    }

    let mut contenders = contenders::all();
    if let Some(only) = only {
        let mut index = 0;
        contenders.retain(|contender| {
            index += 1;
            index == 1 || contender.name().contains(&only)
        });
    }
    for contender in &mut contenders {
        smoke::check(contender.as_mut());
    }

    match words[..] {
        [] | ["all"] => {
            time::print(&mut contenders, time::ROUNDS);
            println!();
            alloc::print(&mut contenders);
        }
        ["time"] => time::print(&mut contenders, time::ROUNDS),
        ["time", rounds] => match rounds.parse() {
            Ok(rounds) if rounds > 0 => time::print(&mut contenders, rounds),
            _ => usage(),
        },
        ["alloc"] => alloc::print(&mut contenders),
        ["instructions"] => {
            let names = contenders.iter().map(|contender| contender.name());
            instructions::print(&names.collect::<Vec<_>>());
        }
        ["smoke"] => {
            for contender in &contenders {
                println!("{}: answers as it should", contender.name());
            }
        }
        _ => usage(),
    }
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

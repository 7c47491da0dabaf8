//! Requests per second over loopback.

mod redis_server;
mod server;
mod wrk;

use std::path::Path;

use crate::loads::{Load, route};
use redis_server::{Calls, RedisServer};
use server::Server;
use wrk::Run;

type Failed = Box<dyn std::error::Error>;

const CONNECTIONS: usize = 32;
/// The server has one core for itself; `wrk` and Redis share the other.
const SERVER_CORE: &str = "0";
const OTHER_CORE: &str = "1";

/// How often and how long.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    loads: &'a [Load],
}

pub(crate) const FULL: Plan<'_> =
    Plan { rounds: 5, seconds: 3, loads: &[Load::Read, Load::Change] };
const SMALL: Plan<'_> = Plan { rounds: 1, seconds: 1, loads: &[Load::Change] };

/// Prints the tables.
pub(crate) fn print(plan: Plan<'_>, only: Option<&str>) -> Result<(), Failed> {
    let redis = start()?;
    let Plan { rounds, seconds, .. } = plan;
    println!(
        "{CONNECTIONS} connections with a session each; server on core {SERVER_CORE}, wrk and Redis \
         on core {OTHER_CORE}; medians of {rounds} rounds of {seconds} s\n"
    );
    let names = server::NAMES.into_iter();
    let names: Vec<_> = names.filter(|name| only.is_none_or(|it| name.contains(it))).collect();
    let mut lanes = Vec::new();
    for name in &names {
        lanes.push(Lane::start(name, &redis, plan.loads)?);
    }
    race(&mut lanes, &redis, plan)?;
    print_speed(&lanes, plan.loads);
    print_goal(&lanes);
    print_commands(&lanes, &redis, plan.loads)?;
    drop(lanes);

    println!("\nOne session that all {CONNECTIONS} connections change (W2)\n");
    println!("| {:36} | requests/s | conflicts a request | not 2xx |   lost |", "");
    println!("|{:-<38}|-----------:|--------------------:|--------:|-------:|", "");
    for name in names.into_iter().filter(|name| *name != server::BARE) {
        shared(name, &redis, seconds)?.print(name);
    }
    Ok(())
}

/// Each server for a second.
pub(crate) fn smoke() -> Result<(), Failed> {
    let redis = start()?;
    for name in server::NAMES {
        let mut lanes = [Lane::start(name, &redis, SMALL.loads)?];
        race(&mut lanes, &redis, SMALL)?;
        println!("throughput, {name}: answers as it should");
    }
    let shared = shared(server::OURS_ON_REDIS, &redis, 1)?;
    assert!(shared.lost == 0 && shared.conflicts > Some(0), "throughput: of a shared session");
    println!("throughput, one session for all: nothing lost");
    Ok(())
}

fn start() -> Result<RedisServer, Failed> {
    program("wrk", "wrk")?;
    program("taskset", "util-linux")?;
    if std::thread::available_parallelism()?.get() < 2 {
        return Err("the server and wrk need a core each, and there is one only".into());
    }
    RedisServer::start(OTHER_CORE)
}

fn program(name: &str, package: &str) -> Result<(), Failed> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if found {
        return Ok(());
    }
    Err(format!("`{name}` is missing: install the Debian package {package}").into())
}

/// One contender while it is measured.
struct Lane {
    name: &'static str,
    server: Server,
    cookies: Vec<String>,
    runs: Vec<Measured>,
}

/// One load of one lane.
#[derive(Default)]
struct Measured {
    rates: Vec<f64>,
    latencies: Vec<f64>,
    requests: u64,
    seconds: f64,
    server_busy: f64,
    redis_busy: f64,
    calls: Calls,
}

impl Lane {
    fn start(name: &'static str, redis: &RedisServer, loads: &[Load]) -> Result<Self, Failed> {
        let server = Server::start(name, &redis.url(), SERVER_CORE, false)?;
        let cookies = (0..CONNECTIONS).map(|_| server.begin()).collect::<Result<_, _>>()?;
        let runs = loads.iter().map(|_| Measured::default()).collect();
        Ok(Self { name, server, cookies, runs })
    }

    /// One round of one load.
    fn run(
        &mut self,
        at: usize,
        load: Load,
        redis: &RedisServer,
        seconds: u64,
    ) -> Result<(), Failed> {
        let calls = redis.calls()?;
        let busy = (busy(self.server.process())?, busy(redis.process())?);
        let run = wrk::run(OTHER_CORE, self.server.port, path(load), &self.cookies, seconds)?;
        if run.refused > 0 {
            return Err(format!("{}: {} answers were not 2xx", self.name, run.refused).into());
        }
        let measured = &mut self.runs[at];
        measured.rates.push(rate(&run));
        measured.latencies.push(run.p99);
        measured.requests += run.requests;
        measured.seconds += run.seconds;
        measured.server_busy += self::busy(self.server.process())? - busy.0;
        measured.redis_busy += self::busy(redis.process())? - busy.1;
        measured.calls.add(&calls, &redis.calls()?);
        Ok(())
    }
}

fn race(lanes: &mut [Lane], redis: &RedisServer, plan: Plan<'_>) -> Result<(), Failed> {
    let count = lanes.len();
    for round in 0..plan.rounds {
        for (at, load) in plan.loads.iter().enumerate() {
            // Another one begins each round, so that nobody always follows the same.
            for turn in 0..count {
                lanes[(turn + round) % count].run(at, *load, redis, plan.seconds)?;
            }
        }
    }
    Ok(())
}

fn path(load: Load) -> &'static str {
    match load {
        Load::Read => route::READ,
        Load::Change | Load::New => route::CHANGE,
        Load::Idle => route::IDLE,
    }
}

fn rate(run: &Run) -> f64 {
    run.requests as f64 / run.seconds
}

/// Seconds of processor time that a process has taken.
fn busy(process: u32) -> Result<f64, Failed> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(Path::new(&path))?;
    // The name, in brackets, may have blanks; the times are the 12th and 13th word after it.
    let words = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<u64> = words.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    // Linux shows programs a hundred ticks a second, whatever its own clock does.
    Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
}

fn print_speed(lanes: &[Lane], loads: &[Load]) {
    for (at, load) in loads.iter().enumerate() {
        println!(
            "| {:36} | requests/s | 99 % within ms | server µs a request | server busy | Redis busy |",
            load.label()
        );
        println!(
            "|{:-<38}|-----------:|---------------:|--------------------:|------------:|-----------:|",
            ""
        );
        for lane in lanes {
            let it = &lane.runs[at];
            println!(
                "| {:36} | {:>10.0} | {:>14.2} | {:>19.2} | {:>9.0} % | {:>8.0} % |",
                lane.name,
                median(it.rates.clone()),
                median(it.latencies.clone()),
                it.server_busy * 1e6 / it.requests as f64,
                it.server_busy * 100.0 / it.seconds,
                it.redis_busy * 100.0 / it.seconds,
            );
        }
        println!();
    }
}

/// How much faster than the rival over the same server, round by round.
fn print_goal(lanes: &[Lane]) {
    let of = |name| lanes.iter().find(|lane| lane.name == name).and_then(|lane| lane.runs.last());
    let Some(ours) = of(server::OURS_ON_REDIS) else { return };
    for name in server::THEIRS_ON_REDIS {
        let Some(theirs) = of(name) else { continue };
        let ratios = ours.rates.iter().zip(&theirs.rates).map(|(ours, theirs)| ours / theirs);
        let ratio = median(ratios.collect());
        println!("W2: {} has {ratio:.2} times the requests of {name}.", server::OURS_ON_REDIS);
    }
}

fn print_commands(lanes: &[Lane], redis: &RedisServer, loads: &[Load]) -> Result<(), Failed> {
    const REQUESTS: usize = 50;
    println!("\nRedis commands a request: those sent, and all calls with those of scripts\n");
    println!("| {:36} | load | sent | calls |", "");
    println!("|{:-<38}|------|-----:|-------|", "");
    for lane in lanes.iter().filter(|lane| lane.name.contains("Redis")) {
        for (at, load) in loads.iter().enumerate() {
            let sent = redis.sent_while(|| {
                for _ in 0..REQUESTS {
                    lane.server.get(path(*load), Some(&lane.cookies[0]))?;
                }
                Ok(())
            })?;
            let it = &lane.runs[at];
            println!(
                "| {:36} | {:4} | {:.2} | {} |",
                lane.name,
                load.label(),
                sent as f64 / REQUESTS as f64,
                it.calls.per_request(it.requests)
            );
        }
    }
    Ok(())
}

/// What came of one session that all connections change at once.
struct Shared {
    run: Run,
    conflicts: Option<u64>,
    lost: u64,
}

fn shared(name: &str, redis: &RedisServer, seconds: u64) -> Result<Shared, Failed> {
    let server = Server::start(name, &redis.url(), SERVER_CORE, true)?;
    let cookie = server.begin()?;
    let before = server.views(&cookie)?;
    let cookies = vec![cookie.clone(); CONNECTIONS];
    let run = wrk::run(OTHER_CORE, server.port, route::CHANGE, &cookies, seconds)?;
    // What wrk did not wait for at its end is served, or not, but never counted as lost.
    let gained = server.views(&cookie)?.saturating_sub(before);
    let lost = (run.requests - run.refused).saturating_sub(gained);
    let is_ours = name.starts_with("session");
    let conflicts = if is_ours { server.conflicts()? } else { None };
    Ok(Shared { run, conflicts, lost })
}

impl Shared {
    fn print(&self, name: &str) {
        let each = |count| count as f64 / self.run.requests as f64;
        let conflicts = self.conflicts.map_or("-".to_owned(), |it| format!("{:.2}", each(it)));
        println!(
            "| {name:36} | {:>10.0} | {conflicts:>19} | {:>7} | {:>6} |",
            rate(&self.run),
            self.run.refused,
            self.lost
        );
    }
}

/// The child's side.
pub(crate) fn child(name: &str, redis: &str, counting: &str) -> Result<(), Failed> {
    server::serve(name, redis, counting == "counting")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

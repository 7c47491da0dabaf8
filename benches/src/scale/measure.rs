//! What is measured of one store with many sessions.

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// A store as its library calls it. What is made outside of the calls is not measured.
pub(super) trait Shelf: Clone + Send + Sync + 'static {
    type Key: Clone;
    type Session;

    /// The same for the same number, random to look at.
    fn key(number: u64) -> Self::Key;

    fn session(number: u64) -> Self::Session;

    async fn create(&self, session: Self::Session);

    /// Panics if it is not there.
    async fn load(&self, key: &Self::Key);

    /// Loads, changes one number, writes back.
    async fn change(&self, key: &Self::Key);
}

/// Times in nanoseconds, operations per second.
#[derive(Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) bytes: f64,
    pub(super) longest_create: f64,
    pub(super) longest_create_wall: f64,
    pub(super) longest_operation: f64,
    pub(super) longest_operation_wall: f64,
    pub(super) load: f64,
    pub(super) one_thread: f64,
    pub(super) two_threads: f64,
    pub(super) ratio: f64,
}

impl Measured {
    /// What a child prints for its parent.
    pub(super) fn to_line(&self) -> String {
        let numbers = [
            self.bytes,
            self.longest_create,
            self.longest_create_wall,
            self.longest_operation,
            self.longest_operation_wall,
            self.load,
            self.one_thread,
            self.two_threads,
            self.ratio,
        ];
        numbers.map(|number| number.to_string()).join(" ")
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        let [
            bytes,
            longest_create,
            longest_create_wall,
            longest_operation,
            longest_operation_wall,
            load,
            one_thread,
            two_threads,
            ratio,
        ] = numbers.ok()?.try_into().ok()?;
        Some(Self {
            bytes,
            longest_create,
            longest_create_wall,
            longest_operation,
            longest_operation_wall,
            load,
            one_thread,
            two_threads,
            ratio,
        })
    }
}

/// Keys are made so many at a time, before the clock starts.
const BATCH: usize = 1024;
const BATCHES: usize = 400;
/// Calls that are timed one by one, so that the longest is seen.
const SINGLE: u64 = 300_000;
/// Runs with one thread and with two, in turn.
const ROUNDS: usize = 7;
/// One of so many operations writes.
const WRITES: u64 = 10;

pub(super) fn measure<S: Shelf>(
    shelf: &S,
    sessions: u64,
    run: Duration,
) -> Result<Measured, Box<dyn Error>> {
    let (created, bytes) = waiting(fill(shelf, sessions))?;
    let (load, operated) = waiting(async {
        let load = loads(shelf, sessions).await;
        Ok::<_, Box<dyn Error>>((load, singles(shelf, sessions).await?))
    })?;
    let mut rates = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        for (threads, rates) in (1..).zip(&mut rates) {
            rates.push(rate(shelf, sessions, threads, run));
        }
    }
    let ratios = rates[0].iter().zip(&rates[1]).map(|(one, two)| two / one).collect();
    let [one, two] = rates;
    Ok(Measured {
        bytes,
        longest_create: created.own,
        longest_create_wall: created.wall,
        longest_operation: operated.own,
        longest_operation_wall: operated.wall,
        load,
        one_thread: median(one),
        two_threads: median(two),
        ratio: median(ratios),
    })
}

/// Runs a future on this thread. Stores that lock with tokio's locks want to be inside a runtime,
/// and with two threads they wait.
fn waiting<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime without I/O has nothing to fail on").block_on(future)
}

/// The longest create, and the growth of resident memory per session.
async fn fill<S: Shelf>(shelf: &S, sessions: u64) -> Result<(Longest, f64), Box<dyn Error>> {
    let mut watch = Watch::new()?;
    let before = resident()?;
    for number in 0..sessions {
        let session = S::session(number);
        watch.of(shelf.create(session)).await?;
    }
    let grown = resident()?.saturating_sub(before);
    Ok((watch.longest, grown as f64 / sessions as f64))
}

/// Nanoseconds a load: the median of many batches.
async fn loads<S: Shelf>(shelf: &S, sessions: u64) -> f64 {
    let mut random = Random(1);
    let mut times = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let keys: Vec<_> = (0..BATCH).map(|_| S::key(random.below(sessions))).collect();
        let start = Instant::now();
        for key in &keys {
            shelf.load(key).await;
        }
        times.push(start.elapsed().as_nanos() as f64 / BATCH as f64);
    }
    median(times)
}

async fn singles<S: Shelf>(shelf: &S, sessions: u64) -> Result<Longest, Box<dyn Error>> {
    let mut watch = Watch::new()?;
    let mut random = Random(2);
    for turn in 0..SINGLE.min(sessions * 10) {
        let key = S::key(random.below(sessions));
        watch.of(operate(shelf, &key, turn)).await?;
    }
    Ok(watch.longest)
}

async fn operate<S: Shelf>(shelf: &S, key: &S::Key, turn: u64) {
    if turn.is_multiple_of(WRITES) {
        shelf.change(key).await;
    } else {
        shelf.load(key).await;
    }
}

/// Operations per second of so many threads together.
fn rate<S: Shelf>(shelf: &S, sessions: u64, threads: u64, run: Duration) -> f64 {
    let begin = Barrier::new(threads as usize);
    std::thread::scope(|scope| {
        let work = |thread: u64| {
            let begin = &begin;
            move || {
                waiting(async {
                    let mut random = Random(100 + thread);
                    begin.wait();
                    let start = Instant::now();
                    let mut turn = 0;
                    loop {
                        for _ in 0..64 {
                            turn += 1;
                            operate(shelf, &S::key(random.below(sessions)), turn).await;
                        }
                        let elapsed = start.elapsed();
                        if elapsed >= run {
                            return turn as f64 / elapsed.as_secs_f64();
                        }
                    }
                })
            }
        };
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("stores don't panic")).sum()
    })
}

#[derive(Default, Clone, Copy)]
struct Longest {
    /// Without the time in which the thread was ready and the processor had something else to do.
    own: f64,
    wall: f64,
}

/// Times calls one by one.
struct Watch {
    /// The kernel's own account of this thread: nanoseconds on a processor, nanoseconds in the queue
    /// for one.
    account: File,
    longest: Longest,
}

/// Shorter calls are not looked at twice.
const SHORT: f64 = 200_000.0;

impl Watch {
    fn new() -> Result<Self, Box<dyn Error>> {
        let path = "/proc/thread-self/schedstat";
        let account = File::open(path).map_err(|error| format!("{path}: {error}"))?;
        Ok(Self { account, longest: Longest::default() })
    }

    async fn of<F: Future<Output = ()>>(&mut self, call: F) -> Result<(), Box<dyn Error>> {
        let queued = self.queued()?;
        let start = Instant::now();
        call.await;
        let wall = start.elapsed().as_nanos() as f64;
        let own = if wall > SHORT { wall - (self.queued()? - queued) } else { wall };
        self.longest.own = self.longest.own.max(own);
        self.longest.wall = self.longest.wall.max(wall);
        Ok(())
    }

    fn queued(&self) -> Result<f64, Box<dyn Error>> {
        let mut text = [0; 64];
        let length = self.account.read_at(&mut text, 0)?;
        let text = std::str::from_utf8(&text[..length])?;
        let queued = text.split_whitespace().nth(1).ok_or("the kernel keeps no account")?;
        Ok(queued.parse()?)
    }
}

/// Bytes of this process in memory.
fn resident() -> Result<u64, Box<dyn Error>> {
    // Exact, where `statm` lags behind by what each processor has not told yet.
    let text = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib: u64 = line.and_then(|it| it.split_whitespace().next()).ok_or("no Rss")?.parse()?;
    Ok(kib * 1024)
}

/// SplitMix64: the same numbers in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::Measured;

    #[test]
    fn what_a_child_prints_is_read_back() {
        let measured = Measured {
            bytes: 512.5,
            longest_create: 1.0,
            longest_create_wall: 2.0,
            longest_operation: 3.0,
            longest_operation_wall: 4.0,
            load: 5.25,
            one_thread: 6.0,
            two_threads: 7.0,
            ratio: 1.75,
        };
        assert_eq!(Measured::parse(&measured.to_line()), Some(measured));
        assert_eq!(Measured::parse("1 2 3"), None);
    }
}

//! A testbed that runs, and what it is asked.

use crate::answer::Answer;
use crate::program::testbed;
use serde_json::{Value, json};
use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What time it is in every request that says nothing else, in milliseconds.
pub const NOW: u64 = 1_700_000_000_000;
/// The default lifetime, in milliseconds.
pub const DAY: u64 = 86_400_000;

/// How long anything may take on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Cookie,
    Store,
}

impl Home {
    /// A testbed with this home and a clock that the requests set. In a store it has no keys: it
    /// needs none.
    #[track_caller]
    pub fn bed(self, options: &[&str]) -> Bed {
        let keys = keys();
        let home = match self {
            Self::Cookie => vec!["--home", "signed", "--keys", &keys],
            Self::Store => vec!["--home", "memory"],
        };
        Bed::start(&[&home, options].concat())
    }
}

/// The keys that all testbeds with keys share.
pub fn keys() -> String {
    format!("{},{}", "k".repeat(40), "o".repeat(40))
}

/// A path that no other test has.
fn scratch(what: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("testbed-{process}-{count}.{what}"))
}

/// An SQLite file, which is gone when this is dropped.
pub struct Database(PathBuf);

impl Database {
    pub fn new() -> Self {
        Self(scratch("db"))
    }

    pub fn url(&self) -> String {
        format!("sqlite://{}", self.0.display())
    }

    /// Whether this stands in one of its files.
    pub fn holds(&self, text: &str) -> bool {
        ["", "-wal"].iter().any(|end| {
            let file = fs::read(format!("{}{end}", self.0.display())).unwrap_or_default();
            file.windows(text.len()).any(|bytes| bytes == text.as_bytes())
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

/// A testbed that runs until this is dropped.
pub struct Bed {
    child: Child,
    /// What it prints goes into files: all that it printed before it answered is there when the
    /// answer is.
    out: PathBuf,
    err: PathBuf,
    address: SocketAddr,
    /// How many events were looked at.
    heard: Cell<usize>,
}

impl Bed {
    /// Starts one, and waits until it listens.
    #[track_caller]
    pub fn start(options: &[&str]) -> Self {
        let program = testbed();
        let (out, err) = (scratch("out"), scratch("err"));
        let child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--threads", "1", "--test-clock"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(File::create(&out).expect("a file for what it prints"))
            .stderr(File::create(&err).expect("a file for what it complains about"))
            .spawn()
            .expect("the testbed can be started");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut bed = Self { child, out, err, address, heard: Cell::new(0) };
        let begin = Instant::now();
        bed.address = loop {
            let printed = fs::read_to_string(&bed.out).expect("it is there");
            if let Some((line, _)) = printed.split_once('\n') {
                let address = line.strip_prefix("listening on http://").expect("the address");
                break address.parse().expect("an address");
            }
            let ended = bed.child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "{options:?}: {ended:?}: {}", bed.complaints());
            assert!(begin.elapsed() < PATIENCE, "{options:?}: no address");
            thread::sleep(Duration::from_millis(2));
        };
        bed
    }

    /// Tries to start one whose options it should refuse: its exit code, what it printed, and its
    /// last complaint.
    pub fn refused(options: &[&str]) -> (Option<i32>, String, String) {
        let mut child = Command::new(testbed())
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the testbed can be started");
        let Some(status) = ended(&mut child) else {
            child.kill().expect("it can be killed");
            let _ = child.wait();
            panic!("{options:?}: it runs");
        };
        let all = |mut pipe: Box<dyn Read>| {
            let mut text = String::new();
            pipe.read_to_string(&mut text).expect("UTF-8");
            text
        };
        let out = all(Box::new(child.stdout.take().expect("a pipe")));
        let err = all(Box::new(child.stderr.take().expect("a pipe")));
        (status.code(), out, err.lines().last().unwrap_or_default().to_owned())
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    pub fn post(&self, path: &str) -> Ask<'_> {
        self.ask("POST", path)
    }

    /// `GET /state`.
    pub fn state(&self) -> Ask<'_> {
        self.get("/state")
    }

    /// `POST /set`.
    #[expect(clippy::needless_pass_by_value, reason = "it is made where it is passed")]
    pub fn set(&self, changes: Value) -> Ask<'_> {
        self.post("/set").json(&changes)
    }

    /// The counter of the originals: one more view.
    pub fn count(&self) -> Ask<'_> {
        self.post("/slow").json(&json!({"add": {"views": 1}}))
    }

    fn ask(&self, method: &'static str, path: &str) -> Ask<'_> {
        let (path, headers, body) = (path.to_owned(), String::new(), String::new());
        Ask { bed: self, method, path, headers, body, after: 0 }
    }

    /// So many visitors at once, with a new session each.
    #[track_caller]
    pub fn crowd(&self, visitors: usize) {
        let ask = self.set(json!({"views": 1}));
        let (more, last) = (ask.text("keep-alive"), ask.text("close"));
        let text = self.talk(&(more.repeat(visitors - 1) + &last)).expect("answers");
        assert_eq!(text.matches("HTTP/1.1 200").count(), visitors);
    }

    /// Sends all that, and hears all that is answered until the line is closed.
    fn talk(&self, requests: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(requests.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// The events since this was asked last.
    pub fn events(&self) -> Vec<Value> {
        let printed = fs::read_to_string(&self.out).expect("it is there");
        let lines: Vec<&str> = printed.lines().skip(1).collect();
        let new = &lines[self.heard.replace(lines.len())..];
        new.iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The names of the events since these were asked last.
    pub fn heard(&self) -> Vec<String> {
        let name = |event: &Value| event["event"].as_str().expect("a name").to_owned();
        self.events().iter().map(name).collect()
    }

    /// All that it printed and complained about so far.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.out).expect("it is there") + &self.complaints()
    }

    fn complaints(&self) -> String {
        fs::read_to_string(&self.err).expect("it is there")
    }
}

/// Asks it to stop, as a service manager would, and takes no other end than a clean one.
impl Drop for Bed {
    fn drop(&mut self) {
        // `std` knows only the signal that leaves no choice.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let status = ended(&mut self.child);
        if status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let complaints = self.complaints();
        for file in [&self.out, &self.err] {
            let _ = fs::remove_file(file);
        }
        if !thread::panicking() {
            let clean = status.is_some_and(|status| status.success());
            assert!(clean, "no clean stop: {status:?}: {complaints}");
        }
    }
}

/// How a process ended, if it does in time.
fn ended(child: &mut Child) -> Option<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("it can be asked") {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

/// A request to be sent.
#[must_use]
pub struct Ask<'a> {
    bed: &'a Bed,
    method: &'static str,
    path: String,
    headers: String,
    body: String,
    after: u64,
}

impl Ask<'_> {
    /// With what a browser would send: `name=value`, or several.
    pub fn cookie(self, cookie: &str) -> Self {
        self.header("Cookie", cookie)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        write!(self.headers, "{name}: {value}\r\n").expect("a string takes all");
        self
    }

    /// So many milliseconds after [`NOW`].
    pub fn after(mut self, ms: u64) -> Self {
        self.after = ms;
        self
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self
    }

    /// Sends it, and expects status 200.
    #[track_caller]
    pub fn send(self) -> Answer {
        self.answers(200)
    }

    /// Sends it, and expects this status.
    #[track_caller]
    pub fn answers(self, status: u16) -> Answer {
        let what = format!("{} {} {}", self.method, self.path, self.body);
        let text = self.bed.talk(&self.text("close")).unwrap_or_else(|e| panic!("{what}: {e}"));
        let answer = Answer::read(&text);
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        answer
    }

    /// As it is sent. `line` is what happens to the line afterwards.
    fn text(&self, line: &str) -> String {
        let Self { method, path, headers, body, .. } = self;
        let (now, length) = (NOW + self.after, body.len());
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: {line}\r\n\
             X-Test-Now: {now}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
    }
}

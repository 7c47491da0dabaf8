//! A Node application, and how to ask it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `tests/node/app.mjs` under way. Ends when it is dropped, and when this program does.
pub struct Node {
    child: Child,
    /// It ends when its standard input does.
    _input: Option<ChildStdin>,
    address: String,
    /// One question at a time: its clock is the whole process's.
    turn: tokio::sync::Mutex<()>,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub set_cookies: Vec<String>,
    pub body: Value,
}

impl Answer {
    /// The session's data.
    pub fn state(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        &self.body["state"]
    }

    pub fn is_new(&self) -> bool {
        assert_eq!(self.status, 200, "{self:?}");
        self.body["new"].as_bool().expect("it says whether it is new")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node")
}

/// What to do where Node or its packages are missing: these tests are never skipped.
fn check() -> Result<(), String> {
    let how = "`./scripts/test` installs it, as root on Debian; else install Node 18.19 or later";
    let version = Command::new("node").arg("--version").output();
    let version = version.map_err(|error| format!("`node` can't be started ({error}): {how}"))?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let major =
        version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    if major.is_none_or(|major: u32| major < 18) {
        return Err(format!("`node --version` says {version:?}, too old: {how}"));
    }
    // npm writes it last.
    if !folder().join("node_modules/.package-lock.json").is_file() {
        return Err("the packages of the Node applications are missing: run `npm ci` in \
                    `tests/node`, or `./scripts/test`, which does"
            .to_owned());
    }
    Ok(())
}

impl Node {
    /// The one with these options. Tests may share it: the sessions are the clients' own.
    pub fn with(options: &[&str]) -> &'static Self {
        type Started = BTreeMap<Vec<String>, &'static Node>;
        static STARTED: Mutex<Started> = Mutex::new(BTreeMap::new());
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = started.get(&options) {
            return node;
        }
        let words: Vec<&str> = options.iter().map(String::as_str).collect();
        // Until the program ends, and with it the pipe that Node looks at.
        let node: &'static Self = Box::leak(Box::new(Self::start(&words)));
        started.insert(options, node);
        node
    }

    /// Starts `app.mjs` with these options, and waits until it listens.
    pub fn start(options: &[&str]) -> Self {
        check().unwrap_or_else(|what| panic!("{what}"));
        let mut command = Command::new("node");
        command.arg(folder().join("app.mjs")).args(options);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`node` was there a moment ago");
        let input = child.stdin.take();
        let mut line = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            let _ = child.kill();
            panic!("`node app.mjs {options:?}` did not start, see its words above: {line:?}");
        };
        let address = address.to_owned();
        Self { child, _input: input, address, turn: tokio::sync::Mutex::default() }
    }

    /// Sends one request, at this time by its clock.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        now: u64,
        cookie: &str,
        body: Option<&Value>,
    ) -> Answer {
        let _turn = self.turn.lock().await;
        let body = body.map(Value::to_string).unwrap_or_default();
        let cookie =
            if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nX-Test-Now: {now}\r\n\
             {cookie}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.expect("Node listens");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        parse(&String::from_utf8(answer).expect("text"))
    }
}

fn parse(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let chunked = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case("transfer-encoding");
    assert!(!headers.iter().any(chunked), "a body with a length: {head}");
    let set_cookies = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    Answer {
        status: status.parse().expect("a number"),
        set_cookies: set_cookies.map(|(_, line)| (*line).to_owned()).collect(),
        body: serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}")),
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It has ended if this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

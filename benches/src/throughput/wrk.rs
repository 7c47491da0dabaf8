//! Load, by `wrk`.

use std::path::PathBuf;
use std::process::Command;

use super::Failed;

/// What one run gave.
pub(super) struct Run {
    pub(super) requests: u64,
    /// Those answered with another status than 2xx or 3xx.
    pub(super) refused: u64,
    pub(super) seconds: f64,
    /// Milliseconds in which 99 % were answered.
    pub(super) p99: f64,
}

/// Each thread of `wrk` has one connection and one cookie: only so a connection keeps its own, for a
/// script is not told which connection it makes a request for. And a request that is made once, at the
/// start, costs no Lua afterwards.
const SCRIPT: &str = r#"
local number = 0
function setup(thread)
    number = number + 1
    thread:set("cookie", cookies[number])
end
function init()
    wrk.headers["Cookie"] = cookie
end
function done(summary, latency)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    print(string.format("result %d %d %d %d %d", summary.requests, summary.duration,
        errors.status, broken, latency:percentile(99)))
end
"#;

/// Sends requests for so many seconds, over one connection for each cookie.
pub(super) fn run(
    core: &str,
    port: u16,
    path: &str,
    cookies: &[String],
    seconds: u64,
) -> Result<Run, Failed> {
    let script = Script::write(cookies)?;
    let connections = cookies.len().to_string();
    let output = Command::new("taskset")
        .args(["-c", core, "wrk", "-t", &connections, "-c", &connections])
        // An answer that is slow on a busy machine is one all the same.
        .args(["--timeout", "10s", "-d", &format!("{seconds}s"), "-s"])
        .arg(&script.0)
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let result = text.lines().find_map(|line| line.strip_prefix("result "));
    let numbers: Option<Vec<u64>> =
        result.and_then(|it| it.split(' ').map(|number| number.parse().ok()).collect());
    let Some([requests, duration, refused, broken, p99]) = numbers.as_deref() else {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("wrk: {}: {text}{errors}", output.status).into());
    };
    if *broken > 0 || *requests == 0 {
        return Err(format!("wrk: {requests} requests, {broken} broken: {text}").into());
    }
    Ok(Run {
        requests: *requests,
        refused: *refused,
        seconds: *duration as f64 / 1e6,
        p99: *p99 as f64 / 1e3,
    })
}

/// A file in the temporary folder.
struct Script(PathBuf);

impl Script {
    fn write(cookies: &[String]) -> Result<Self, Failed> {
        let name = format!("session-benches.{}.lua", std::process::id());
        let path = std::env::temp_dir().join(name);
        let cookies: Vec<_> = cookies.iter().map(|cookie| format!("[==[{cookie}]==]")).collect();
        std::fs::write(&path, format!("cookies = {{ {} }}\n{SCRIPT}", cookies.join(", ")))?;
        Ok(Self(path))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // What is left of it is a few kilobytes in the temporary folder.
        let _ = std::fs::remove_file(&self.0);
    }
}

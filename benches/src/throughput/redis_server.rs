//! A Redis server of this program's own, for as long as it is needed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Failed, program};

/// It keeps nothing on disk, and is stopped when this is dropped.
pub(super) struct RedisServer {
    process: Child,
    port: u16,
    folder: PathBuf,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl RedisServer {
    /// Starts one on a free port and the given core.
    pub(super) fn start(core: &str) -> Result<Self, Failed> {
        program("redis-server", "redis-server")?;
        let folder =
            std::env::temp_dir().join(format!("session-benches.{}.redis", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        // Free now; if somebody takes it in the next moment, the server ends and we say so.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = Command::new("taskset")
            .args(["-c", core, "redis-server", "--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut server = Self { process, port, folder };
        let start = Instant::now();
        while server.ask("PING").is_err() {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("redis-server ended: {status}").into());
            }
            if start.elapsed() > PATIENCE {
                return Err("redis-server does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(super) fn process(&self) -> u32 {
        self.process.id()
    }

    /// How often each command was called since the server started, by clients and by scripts.
    pub(super) fn calls(&self) -> Result<Calls, Failed> {
        Ok(Calls::parse(&self.ask("INFO commandstats")?))
    }

    /// How many commands clients send while `work` runs; what scripts call is not counted.
    pub(super) fn sent_while(
        &self,
        work: impl FnOnce() -> Result<(), Failed>,
    ) -> Result<usize, Failed> {
        const END: &str = "the-end-of-the-work";
        let mut monitor = BufReader::new(self.connect()?);
        monitor.get_mut().write_all(b"MONITOR\r\n")?;
        let mut line = String::new();
        monitor.read_line(&mut line)?;
        work()?;
        self.ask(&format!("ECHO {END}"))?;
        let mut sent = 0;
        loop {
            line.clear();
            if monitor.read_line(&mut line)? == 0 {
                return Err("the monitor was closed".into());
            }
            if line.contains(END) {
                return Ok(sent);
            }
            // `+TIME [0 lua] "get" ..`: called by a script.
            if !line.contains(" lua] ") {
                sent += 1;
            }
        }
    }

    fn connect(&self) -> Result<TcpStream, Failed> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// One command, as a line, and its answer without the length before it.
    fn ask(&self, command: &str) -> Result<String, Failed> {
        let mut stream = BufReader::new(self.connect()?);
        stream.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        let mut head = String::new();
        stream.read_line(&mut head)?;
        match head.trim_end().split_at_checked(1) {
            Some(("$", length)) => {
                let mut body = vec![0; length.parse()?];
                stream.read_exact(&mut body)?;
                Ok(String::from_utf8(body)?)
            }
            Some(("+", text)) => Ok(text.to_owned()),
            _ => Err(format!("redis-server answered {command} with {head:?}").into()),
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It is ours, and keeps nothing; if it ended before, there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Calls by the command's name.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Calls(BTreeMap<String, u64>);

/// What this program asks itself.
const OURS: [&str; 5] = ["info", "ping", "echo", "monitor", "client"];

impl Calls {
    /// `cmdstat_get:calls=12,usec=..`, a line each.
    fn parse(text: &str) -> Self {
        let calls = text.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            let calls = rest.split(',').next()?.parse().ok()?;
            let is_ours = OURS.contains(&name.split('|').next().unwrap_or(name));
            (!is_ours).then(|| (name.to_owned(), calls))
        });
        Self(calls.collect())
    }

    /// Adds what came between two readings.
    pub(super) fn add(&mut self, before: &Self, after: &Self) {
        for (name, calls) in &after.0 {
            let more = calls - before.0.get(name).copied().unwrap_or_default();
            if more > 0 {
                *self.0.entry(name.clone()).or_default() += more;
            }
        }
    }

    /// `get 1.00, set 1.00`: of so many requests, each.
    pub(super) fn per_request(&self, requests: u64) -> String {
        let each = self.0.iter().map(|(name, &calls)| (name, calls as f64 / requests as f64));
        // Once in a run is nothing of a request's.
        let each = each.filter(|&(_, calls)| calls >= 0.005);
        each.map(|(name, calls)| format!("{name} {calls:.2}")).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::Calls;

    #[test]
    fn calls_are_read_from_what_redis_says() {
        let text = "# Commandstats\r\n\
                    cmdstat_get:calls=200,usec=5,usec_per_call=0.1,rejected_calls=0\r\n\
                    cmdstat_info:calls=2,usec=5\r\n\
                    cmdstat_config|get:calls=1,usec=5\r\n";
        let after = Calls::parse(text);
        let mut sum = Calls::default();
        sum.add(&Calls::default(), &after);
        sum.add(&after, &after);
        assert_eq!(sum.per_request(100), "config|get 0.01, get 2.00");
    }
}

//! A running server, and the watchdog that ends it if nobody else does.

use super::Trouble;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ended by SIGKILL when it is dropped, and when this program ends in any way.
#[derive(Debug)]
pub struct Process {
    child: Child,
    watchdog: Child,
    log: PathBuf,
}

/// Waits for a line. If the pipe ends without one, whoever held it is gone: then the server and its
/// folder go too.
const WATCHDOG: &str = r#"read -r line; [ "$line" = ended ] || { kill -KILL "$1"; rm -rf "$2"; }"#;

impl Process {
    pub fn spawn(mut command: Command, folder: &Path) -> Result<Self, Trouble> {
        let log = folder.join("log");
        let trouble = |error| Trouble::new(format!("{command:?} can't be started: {error}"));
        let output = File::options().create(true).append(true).open(&log).map_err(trouble)?;
        let errors = output.try_clone().map_err(trouble)?;
        // In a group of its own: a Ctrl-C for the tests is not for the servers.
        let child = command
            .process_group(0)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn();
        let mut child = child
            .map_err(|error| Trouble::new(format!("{command:?} can't be started: {error}")))?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(child.id().to_string())
            .arg(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match watchdog {
            Ok(watchdog) => Ok(Self { child, watchdog, log }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(Trouble::new(format!("`sh` can't be started: {error}")))
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end; whether it did in time.
    pub fn end(&mut self, limit: Duration) -> bool {
        let begin = Instant::now();
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        while asked.is_ok() && begin.elapsed() < limit {
            if !self.runs() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Of one that has ended already both say so, and that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(mut pipe) = self.watchdog.stdin.take() {
            let _ = pipe.write_all(b"ended\n");
        }
        let _ = self.watchdog.wait();
    }
}

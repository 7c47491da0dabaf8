//! A process that is killed while it writes to an SQLite file.

use crate::app::{Site, number, shown};
use crate::state::Visit;
use session::SessionLayer;
use session::store::SqliteStore;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A database in the temporary folder, removed with what SQLite puts beside it.
pub struct File(PathBuf);

impl File {
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("session-faults-{}-{count}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub async fn open(&self) -> SqliteStore {
        let url = format!("sqlite:{}", self.0.display());
        let store = SqliteStore::connect(&url).await.expect("a database");
        store.migrate().await.expect("tables");
        store
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            // The last connection took its own files with it.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// With a write-ahead log and `synchronous = NORMAL`, as `connect` has it: what a call did survives
/// the end of the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_27_a_process_that_writes_to_sqlite_is_killed_and_nothing_is_lost() {
    let file = File::new("killed");
    let mut hits = BTreeMap::<String, u64>::new();
    let (mut alive, mut dead) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let mut writer = Command::new(env!("CARGO_BIN_EXE_sqlite-writer"))
            .arg(&file.0)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the writer");
        let lines = BufReader::new(writer.stdout.take().expect("piped")).lines();
        for (number, line) in (1..).zip(lines) {
            let line = line.expect("text");
            if number == 200 {
                // SIGKILL. What it said before is still in the pipe.
                writer.kill().expect("it runs");
            }
            // The last line may be cut off.
            let Some((what, cookie)) = line.split_once(' ') else { continue };
            match what {
                "hit" => *hits.entry(cookie.to_owned()).or_default() += 1,
                "in" => alive.push(cookie.to_owned()),
                "out" => dead.push(cookie.to_owned()),
                _ => {}
            }
        }
        let status = writer.wait().expect("an end");
        assert!(!status.success(), "killed: {status}");
    }
    assert!(hits.len() == 3 && dead.len() >= 3, "{hits:?} {dead:?}");

    let site = Site::new(SessionLayer::<Visit>::stored(file.open().await));
    for cookie in &alive {
        let text = site.visitor_with(cookie).gets("/read").await;
        assert_ne!(shown(&text, "user"), "", "an acknowledged login is lost");
    }
    for (cookie, known) in hits {
        let text = site.visitor_with(&cookie).gets("/read").await;
        assert!(number(&text, "hits") >= known, "{known} were acknowledged: {text}");
        // Three at a time may be written and not yet told.
        assert!(number(&text, "hits") <= known + 3, "{known} were acknowledged: {text}");
    }
    for cookie in dead {
        let text = site.visitor_with(&cookie).gets("/read").await;
        assert_eq!(shown(&text, "user"), "", "an acknowledged logout is undone");
    }
}

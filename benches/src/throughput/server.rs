//! The servers: each a process of its own, pinned to a core.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use session::store::{CompareAndSet, MemoryStore, RedisStore, Store};
use session::{Event, Keeps, Session, SessionLayer, TypedSession};

use super::Failed;
use crate::both_versions;
use crate::contenders;
use crate::loads::{OK, route};
use crate::state::initial;

pub(super) const BARE: &str = "bare axum";
pub(super) const OURS_ON_REDIS: &str = "session, Redis";
/// With as many connections as this library has, and with as many as its documentation shows.
pub(super) const THEIRS_ON_REDIS: [&str; 2] =
    ["tower-sessions, Redis, 1 connection", "tower-sessions, Redis, 6 connections"];

pub(super) const NAMES: [&str; 6] = [
    BARE,
    "session, memory",
    OURS_ON_REDIS,
    "tower-sessions, memory",
    THEIRS_ON_REDIS[0],
    THEIRS_ON_REDIS[1],
];

/// The variable that may choose another runtime for the servers.
const RUNTIME: &str = "SESSION_BENCHES_RUNTIME";

/// Answers how many conflicts this library saw.
const CONFLICTS: &str = "/conflicts";

/// A child that serves one contender, until this is dropped.
pub(super) struct Server {
    process: Child,
    pub(super) port: u16,
}

impl Server {
    /// `counting`: conflicts are counted, by a hook that costs a little.
    pub(super) fn start(
        name: &str,
        redis: &str,
        core: &str,
        counting: bool,
    ) -> Result<Self, Failed> {
        let this = std::env::current_exe()?;
        let mut process = Command::new("taskset")
            .args(["-c", core])
            .arg(this)
            .args(["http-child", name, redis, if counting { "counting" } else { "plain" }])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        // From here on dropping it ends the child.
        let mut server = Self { process, port: 0 };
        server.port = line.trim().parse().map_err(|_| format!("{name} does not serve"))?;
        Ok(server)
    }

    pub(super) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Makes a session and gives the Cookie header for it; a stand-in for who keeps none.
    pub(super) fn begin(&self) -> Result<String, Failed> {
        let (cookies, text) = self.get(route::CHANGE, None)?;
        if text != OK {
            return Err(format!("no session: {text}").into());
        }
        if cookies.is_empty() {
            return Ok(format!("__Host-session={}", "x".repeat(64)));
        }
        Ok(cookies.join("; "))
    }

    /// The number in the session.
    pub(super) fn views(&self, cookie: &str) -> Result<u64, Failed> {
        Ok(self.get(route::READ, Some(cookie))?.1.parse()?)
    }

    pub(super) fn conflicts(&self) -> Result<Option<u64>, Failed> {
        Ok(self.get(CONFLICTS, None)?.1.parse().ok())
    }

    /// The pairs of the cookies that the answer sets, and its body.
    pub(super) fn get(
        &self,
        path: &str,
        cookie: Option<&str>,
    ) -> Result<(Vec<String>, String), Failed> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let cookie = cookie.map(|it| format!("Cookie: {it}\r\n")).unwrap_or_default();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{cookie}\r\n");
        stream.write_all(head.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a head")?;
        let cookies = head.lines().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let pair = value.split(';').next().unwrap_or_default();
            name.eq_ignore_ascii_case("set-cookie").then(|| pair.to_owned())
        });
        Ok((cookies.collect(), body.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours; if it ended before, there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The child's side: serves until its standard input ends, and so with its parent.
pub(super) fn serve(name: &str, redis: &str, counting: bool) -> Result<(), Box<dyn Error>> {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        // Whatever ends it, there is no parent any more.
        let _ = std::io::stdin().read_to_end(&mut rest);
        std::process::exit(0);
    });
    let mut runtime = match std::env::var_os(RUNTIME) {
        Some(it) if it == "current_thread" => tokio::runtime::Builder::new_current_thread(),
        Some(it) => return Err(format!("{RUNTIME}: {} is no runtime", it.display()).into()),
        // As `#[tokio::main]` has it: a worker for each core that the process may use, which is one.
        None => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(async {
        let app = app(name, redis, counting).await?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?.port());
        std::io::stdout().flush()?;
        let listener = listener.tap_io(|connection| {
            // Without it an answer may wait for an acknowledgement; it would only be slower.
            let _ = connection.set_nodelay(true);
        });
        axum::serve(listener, app).await?;
        Ok(())
    })
}

async fn app(name: &str, redis: &str, counting: bool) -> Result<Router, Box<dyn Error>> {
    let conflicts = Arc::new(AtomicU64::new(0));
    let hook = counting.then(|| Arc::clone(&conflicts));
    Ok(match name {
        BARE => contenders::bare::router(),
        "session, memory" => ours(MemoryStore::new(), hook)?,
        OURS_ON_REDIS => ours(RedisStore::connect(redis).await?, hook)?,
        "tower-sessions, memory" => {
            both_versions::newest::visits(tower_sessions::MemoryStore::default())
        }
        _ => {
            let at = THEIRS_ON_REDIS.iter().position(|theirs| *theirs == name);
            let connections = at.map(|at| [1, 6][at]);
            let connections = connections.ok_or_else(|| format!("nobody is called {name}"))?;
            both_versions::before::visits(both_versions::redis(redis, connections).await?)
        }
    }
    .route(CONFLICTS, get(async move || conflicts.load(Relaxed).to_string())))
}

/// As in process, but that the number is summed when two requests change it at once.
#[derive(Session)]
struct Visit {
    user: String,
    name: String,
    csrf: String,
    theme: String,
    cart: Vec<u32>,
    #[session(merge = sum)]
    views: u64,
}

fn ours<S>(store: S, conflicts: Option<Arc<AtomicU64>>) -> Result<Router, Box<dyn Error>>
where
    S: Store<Writes = CompareAndSet>,
    S::Index: Keeps<Visit>,
{
    let mut layer = SessionLayer::<Visit>::stored(store);
    if let Some(conflicts) = conflicts {
        layer = layer.on_event(move |event| {
            if matches!(event, Event::Conflict { .. }) {
                conflicts.fetch_add(1, Relaxed);
            }
        });
    }
    let layer = layer.build()?;
    Ok(Router::new()
        .route(route::READ, get(read))
        .route(route::CHANGE, get(change))
        .route(route::IDLE, get(async || OK))
        .layer(layer))
}

async fn read(session: TypedSession<Visit>) -> String {
    session.views.to_string()
}

async fn change(mut session: TypedSession<Visit>) -> &'static str {
    if session.user.is_empty() {
        *session = Visit {
            user: initial::user(),
            name: initial::name(),
            csrf: initial::csrf(),
            theme: initial::theme(),
            cart: initial::cart(),
            views: initial::VIEWS,
        };
    }
    session.views += 1;
    OK
}

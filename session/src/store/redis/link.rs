//! A connection that comes back by itself, and never keeps a call waiting beyond its time.
//!
//! A dropped future can't make a reply go to the wrong caller: connections are multiplexed by tasks
//! of their own, each command takes its place in the queue of its connection when it is written, and
//! the reply at that place is read in any case and thrown away if its caller has gone. What was sent
//! may take effect all the same.

use super::exchange::{Exchange, Outcome};
use super::failure::{broken_off, doubts_connection, failure};
use crate::store::StoreError;
use ::redis::{Cmd, RedisError, RedisResult, Value};
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// How long a call waits for a server that was silent when it was last asked.
const GRACE: Duration = Duration::from_millis(100);

/// How long a connection in doubt stays at least before it is replaced.
const PAUSE: Duration = Duration::from_millis(250);

/// How long an attempt to connect takes at most, however much time calls have. Silence for longer may
/// be that of this attempt alone, and keeps nobody from the next.
pub(super) const LONGEST_ATTEMPT: Duration = Duration::from_secs(5);

/// How to reach a server or a cluster.
pub(super) trait Connect: Send + Sync + 'static {
    type Connection: Connection;

    /// Whether redirections are expected.
    const CLUSTER: bool;

    /// Connects, or fails within its own time.
    fn connect(&self) -> impl Future<Output = RedisResult<Self::Connection>> + Send;

    /// Where, without credentials, for errors.
    fn address(&self) -> &str;
}

/// A connection. Clones share it.
pub(super) trait Connection: Clone + Send + Sync + 'static {
    /// Sends a command. It is sent again only if it surely did not run.
    fn send(&self, command: &Cmd) -> impl Future<Output = RedisResult<Value>> + Send;

    /// Whether it is any use to send.
    fn is_open(&self) -> bool;

    /// Something is wrong with it: it is not open any more; or it answers `true`, once, and calls go
    /// on to use it while a new one is made.
    fn doubt(&self) -> bool;

    /// The attempt to replace it failed: it stays for the time being.
    fn trust(&self);
}

pub(super) struct Link<C: Connect>(Arc<Shared<C>>);

struct Shared<C: Connect> {
    connect: C,
    timeout: Duration,
    current: RwLock<Option<C::Connection>>,
    attempt: Mutex<Option<Attempt<C::Connection>>>,
}

/// An attempt to connect that is under way, in a task of its own: one for all who wait.
#[derive(Clone)]
struct Attempt<N> {
    outcome: watch::Receiver<Option<RedisResult<N>>>,
    /// The attempt before met silence.
    silence: Option<RedisError>,
}

// Not derived: that would ask for `C: Clone`.
impl<C: Connect> Clone for Link<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Connect> Link<C> {
    pub(super) fn new(connect: C, timeout: Duration) -> Self {
        Self(Arc::new(Shared {
            connect,
            timeout,
            current: RwLock::new(None),
            attempt: Mutex::new(None),
        }))
    }

    pub(super) fn address(&self) -> &str {
        self.0.connect.address()
    }

    /// When a call that begins now is over at the latest.
    pub(super) fn deadline(&self) -> Instant {
        // A timeout of centuries is none.
        let now = Instant::now();
        now.checked_add(self.0.timeout).unwrap_or_else(|| now + Duration::from_secs(1 << 31))
    }

    /// Sends a command that changes something: at most once.
    pub(super) async fn write(&self, command: Cmd, deadline: Instant) -> RedisResult<Value> {
        self.ask(command, deadline).await.1
    }

    /// Sends a command that changes nothing: once more if the connection broke, which is how one
    /// notices that the server was started anew.
    pub(super) async fn read(&self, command: Cmd, deadline: Instant) -> RedisResult<Value> {
        let (command, answer) = self.ask(command, deadline).await;
        match answer {
            Err(error) if error.is_connection_dropped() && !error.is_connection_refusal() => {
                self.write(command, deadline).await
            }
            answer => answer,
        }
    }

    async fn ask(&self, command: Cmd, deadline: Instant) -> Outcome {
        match self.connection(deadline).await {
            Ok(connection) => Exchange::new(self, connection, command, deadline).await,
            Err(error) => (command, Err(error)),
        }
    }

    /// What an answer says about the connection.
    pub(super) fn heard(&self, connection: &C::Connection, answer: &RedisResult<Value>) {
        if let Err(error) = answer
            && doubts_connection(error)
            && connection.doubt()
        {
            self.replace(connection.clone());
        }
    }

    pub(super) fn failure(&self, error: RedisError) -> StoreError {
        failure(error, self.address(), C::CLUSTER)
    }

    /// The connection, or what comes of the attempt to make one. A server that was silent before is
    /// not waited for: calls would pile up.
    async fn connection(&self, deadline: Instant) -> RedisResult<C::Connection> {
        if let Some(connection) = self.0.open() {
            return Ok(connection);
        }
        let Attempt { mut outcome, silence } = match self.attempt() {
            Ok(connection) => return Ok(connection),
            Err(attempt) => attempt,
        };
        let patience = if silence.is_some() { Instant::now() + GRACE } else { deadline };
        match timeout_at(patience.min(deadline), outcome.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or_else(|| Err(too_late())),
            // The runtime whose task it was is no more.
            Ok(Err(_)) => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
            Err(_) => Err(silence.unwrap_or_else(too_late)),
        }
    }

    /// The attempt that is under way, or a new one; or the connection that was made meanwhile.
    fn attempt(&self) -> Result<C::Connection, Attempt<C::Connection>> {
        let mut attempt = self.0.lock_attempt();
        if let Some(connection) = self.0.open() {
            return Ok(connection);
        }
        // It is over if its task died with a runtime.
        let under_way = attempt.take_if(|attempt| attempt.outcome.has_changed().is_ok());
        let under_way = under_way.unwrap_or_else(|| {
            let (tell, outcome) = watch::channel(None);
            tokio::spawn(connect(Arc::downgrade(&self.0), tell));
            Attempt { outcome, silence: None }
        });
        Err(attempt.insert(under_way).clone())
    }

    /// Makes a new connection behind the old one's back.
    fn replace(&self, old: C::Connection) {
        let shared = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            sleep(PAUSE).await;
            let Some(shared) = shared.upgrade() else { return };
            match shared.connect.connect().await {
                Ok(connection) => shared.put(connection),
                Err(_) => old.trust(),
            }
        });
    }
}

/// Connects, or fails at once; after silence it goes on trying, so that there is a connection as soon
/// as the server speaks.
async fn connect<C: Connect>(
    shared: Weak<Shared<C>>,
    mut tell: watch::Sender<Option<RedisResult<C::Connection>>>,
) {
    while let Some(shared) = shared.upgrade() {
        let outcome = shared.connect.connect().await.map_err(broken_off);
        if let Ok(connection) = &outcome {
            shared.put(connection.clone());
        }
        let silence = outcome.as_ref().err().filter(|error| error.is_timeout()).cloned();
        let next = silence.map(|silence| {
            let (tell, outcome) = watch::channel(None);
            (tell, Attempt { outcome, silence: Some(silence) })
        });
        let (next, attempt) = next.unzip();
        *shared.lock_attempt() = attempt;
        tell.send_replace(Some(outcome));
        match next {
            Some(next) => tell = next,
            None => return,
        }
    }
}

// Nothing panics while one of the locks is held.
impl<C: Connect> Shared<C> {
    fn open(&self) -> Option<C::Connection> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|connection| connection.is_open()).cloned()
    }

    fn put(&self, connection: C::Connection) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }

    fn lock_attempt(&self) -> std::sync::MutexGuard<'_, Option<Attempt<C::Connection>>> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn too_late() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

#[cfg(test)]
mod tests;

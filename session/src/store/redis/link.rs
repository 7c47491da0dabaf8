//! A connection that comes back by itself, and never keeps a call waiting beyond its time.
//!
//! A dropped future can't make a reply go to the wrong caller: connections are multiplexed by tasks
//! of their own, each command takes its place in the queue of its connection when it is written, and
//! the reply at that place is read in any case and thrown away if its caller has gone. What was sent
//! may take effect all the same.

use super::failure::{doubts_connection, failure};
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
    pub(super) async fn write(&self, command: &Cmd, deadline: Instant) -> RedisResult<Value> {
        let connection = self.connection(deadline).await?;
        let answer = match timeout_at(deadline, connection.send(command)).await {
            Ok(answer) => answer.and_then(Value::extract_error),
            Err(_) => Err(too_late()),
        };
        if let Err(error) = &answer
            && doubts_connection(error)
            && connection.doubt()
        {
            self.replace(connection);
        }
        answer
    }

    /// Sends a command that changes nothing: once more if the connection broke, which is how one
    /// notices that the server was started anew.
    pub(super) async fn read(&self, command: &Cmd, deadline: Instant) -> RedisResult<Value> {
        match self.write(command, deadline).await {
            Err(error) if error.is_connection_dropped() && !error.is_connection_refusal() => {
                self.write(command, deadline).await
            }
            answer => answer,
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
        let outcome = shared.connect.connect().await;
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
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// A server of the test's own.
    #[derive(Clone, Default)]
    struct Fake {
        connects: Arc<AtomicUsize>,
        sends: Arc<AtomicUsize>,
        down: Arc<AtomicBool>,
        breaks: Arc<AtomicBool>,
        slow: Arc<AtomicBool>,
        silent: Arc<AtomicBool>,
    }

    #[derive(Clone)]
    struct FakeConnection {
        server: Fake,
        open: Arc<AtomicBool>,
    }

    impl Connect for Fake {
        type Connection = FakeConnection;
        const CLUSTER: bool = false;

        async fn connect(&self) -> RedisResult<FakeConnection> {
            let began = Instant::now();
            self.connects.fetch_add(1, Ordering::SeqCst);
            while self.slow.load(Ordering::SeqCst) {
                if began.elapsed() > GRACE {
                    return Err(too_late());
                }
                sleep(Duration::from_millis(5)).await;
            }
            if self.down.load(Ordering::SeqCst) {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into());
            }
            Ok(FakeConnection { server: self.clone(), open: Arc::new(AtomicBool::new(true)) })
        }

        fn address(&self) -> &'static str {
            "nowhere"
        }
    }

    impl Connection for FakeConnection {
        async fn send(&self, _: &Cmd) -> RedisResult<Value> {
            self.server.sends.fetch_add(1, Ordering::SeqCst);
            if self.server.breaks.swap(false, Ordering::SeqCst) {
                return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
            }
            if self.server.silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            Ok(Value::Okay)
        }

        fn is_open(&self) -> bool {
            self.open.load(Ordering::SeqCst)
        }

        fn doubt(&self) -> bool {
            self.open.store(false, Ordering::SeqCst);
            false
        }

        fn trust(&self) {}
    }

    fn link() -> (Fake, Link<Fake>) {
        let server = Fake::default();
        (server.clone(), Link::new(server, Duration::from_secs(2)))
    }

    fn set(flag: &AtomicBool, to: bool) {
        flag.store(to, Ordering::SeqCst);
    }

    fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn one_connection_serves_all() {
        let (server, link) = link();
        for _ in 0..3 {
            link.write(&Cmd::new(), link.deadline()).await.unwrap();
        }
        assert_eq!((count(&server.connects), count(&server.sends)), (1, 3));
    }

    #[tokio::test]
    async fn a_write_over_a_broken_connection_is_not_sent_again() {
        let (server, link) = link();
        set(&server.breaks, true);
        link.write(&Cmd::new(), link.deadline()).await.unwrap_err();
        assert_eq!(count(&server.sends), 1);
        link.write(&Cmd::new(), link.deadline()).await.unwrap();
        assert_eq!((count(&server.connects), count(&server.sends)), (2, 2));
    }

    #[tokio::test]
    async fn a_read_over_a_broken_connection_is_sent_again() {
        let (server, link) = link();
        set(&server.breaks, true);
        link.read(&Cmd::new(), link.deadline()).await.unwrap();
        assert_eq!((count(&server.connects), count(&server.sends)), (2, 2));
    }

    #[tokio::test]
    async fn silence_ends_in_time_and_the_next_call_connects_anew() {
        let (server, link) = link();
        link.write(&Cmd::new(), link.deadline()).await.unwrap();
        set(&server.silent, true);
        let (began, soon) = (Instant::now(), Duration::from_millis(30));
        let error = link.write(&Cmd::new(), began + soon).await.unwrap_err();
        assert!(error.is_timeout() && began.elapsed() >= soon);
        set(&server.silent, false);
        link.write(&Cmd::new(), link.deadline()).await.unwrap();
        assert_eq!(count(&server.connects), 2);
    }

    #[tokio::test]
    async fn those_who_wait_for_an_attempt_share_its_failure() {
        let (server, link) = link();
        set(&server.down, true);
        let call = || async { link.write(&Cmd::new(), link.deadline()).await.unwrap_err() };
        tokio::join!(call(), call(), call());
        assert_eq!(count(&server.connects), 1);
    }

    #[tokio::test]
    async fn a_silent_server_is_not_waited_for_twice_and_is_back_when_it_speaks() {
        let (server, link) = link();
        set(&server.slow, true);
        link.write(&Cmd::new(), link.deadline()).await.unwrap_err();
        // Far from this call's own deadline, and with the error of the attempt before.
        let deadline = Instant::now() + Duration::from_secs(3600);
        assert!(link.write(&Cmd::new(), deadline).await.unwrap_err().is_timeout());
        set(&server.slow, false);
        link.write(&Cmd::new(), link.deadline()).await.unwrap();
    }

    #[tokio::test]
    async fn an_attempt_outlives_the_call_that_began_it() {
        let (server, link) = link();
        set(&server.slow, true);
        link.write(&Cmd::new(), Instant::now()).await.unwrap_err();
        set(&server.slow, false);
        link.write(&Cmd::new(), link.deadline()).await.unwrap();
        assert_eq!(count(&server.connects), 1);
    }

    #[test]
    fn a_link_outlives_the_runtime_that_connected_it() {
        let (server, link) = link();
        let run = |link: &Link<Fake>, deadline: Duration| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let call = async { link.write(&Cmd::new(), Instant::now() + deadline).await };
            runtime.unwrap().block_on(call)
        };
        set(&server.slow, true);
        run(&link, Duration::ZERO).unwrap_err();
        set(&server.slow, false);
        run(&link, Duration::from_secs(2)).unwrap();
    }

    #[tokio::test]
    async fn a_server_that_is_back_answers_the_very_next_call() {
        let (server, link) = link();
        set(&server.down, true);
        for _ in 0..10 {
            link.write(&Cmd::new(), link.deadline()).await.unwrap_err();
        }
        set(&server.down, false);
        link.write(&Cmd::new(), link.deadline()).await.unwrap();
    }
}

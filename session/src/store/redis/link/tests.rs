//! Links to servers of the tests' own.

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
    holds: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
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
        let server = &self.server;
        server.sends.fetch_add(1, Ordering::SeqCst);
        if server.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        while server.holds.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(1)).await;
        }
        server.answers.fetch_add(1, Ordering::SeqCst);
        if server.breaks.swap(false, Ordering::SeqCst) {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
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
        link.write(Cmd::new(), link.deadline()).await.unwrap();
    }
    assert_eq!((count(&server.connects), count(&server.sends)), (1, 3));
}

#[tokio::test]
async fn a_write_over_a_broken_connection_is_not_sent_again() {
    let (server, link) = link();
    set(&server.breaks, true);
    link.write(Cmd::new(), link.deadline()).await.unwrap_err();
    assert_eq!(count(&server.sends), 1);
    link.write(Cmd::new(), link.deadline()).await.unwrap();
    assert_eq!((count(&server.connects), count(&server.sends)), (2, 2));
}

#[tokio::test]
async fn a_read_over_a_broken_connection_is_sent_again() {
    let (server, link) = link();
    set(&server.breaks, true);
    link.read(Cmd::new(), link.deadline()).await.unwrap();
    assert_eq!((count(&server.connects), count(&server.sends)), (2, 2));
}

#[tokio::test]
async fn silence_ends_in_time_and_the_next_call_connects_anew() {
    let (server, link) = link();
    link.write(Cmd::new(), link.deadline()).await.unwrap();
    set(&server.silent, true);
    let (began, soon) = (Instant::now(), Duration::from_millis(30));
    let error = link.write(Cmd::new(), began + soon).await.unwrap_err();
    assert!(error.is_timeout() && began.elapsed() >= soon);
    set(&server.silent, false);
    link.write(Cmd::new(), link.deadline()).await.unwrap();
    assert_eq!(count(&server.connects), 2);
}

/// A call whose caller goes away before there is an answer.
async fn abandoned(link: &Link<Fake>) {
    let soon = Instant::now() + Duration::from_millis(30);
    let call = link.write(Cmd::new(), soon + Duration::from_secs(3600));
    timeout_at(soon, call).await.unwrap_err();
}

#[tokio::test]
async fn silence_is_found_out_although_its_caller_has_gone() {
    let (server, link) = link();
    link.write(Cmd::new(), link.deadline()).await.unwrap();
    set(&server.silent, true);
    abandoned(&link).await;
    set(&server.silent, false);
    let begin = Instant::now();
    while count(&server.connects) == 1 {
        assert!(begin.elapsed() < Duration::from_secs(60), "nobody doubts the connection");
        sleep(Duration::from_millis(10)).await;
        link.write(Cmd::new(), link.deadline()).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_comes_when_its_caller_has_gone_is_heard() {
    let (server, link) = link();
    link.write(Cmd::new(), link.deadline()).await.unwrap();
    for (breaks, connects) in [(false, 1), (true, 2)] {
        set(&server.holds, true);
        abandoned(&link).await;
        let answers = count(&server.answers);
        set(&server.breaks, breaks);
        set(&server.holds, false);
        while count(&server.answers) == answers {
            sleep(Duration::from_millis(1)).await;
        }
        link.write(Cmd::new(), link.deadline()).await.unwrap();
        assert_eq!(count(&server.connects), connects);
    }
}

#[tokio::test]
async fn those_who_wait_for_an_attempt_share_its_failure() {
    let (server, link) = link();
    set(&server.down, true);
    let call = || async { link.write(Cmd::new(), link.deadline()).await.unwrap_err() };
    tokio::join!(call(), call(), call());
    assert_eq!(count(&server.connects), 1);
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_twice_and_is_back_when_it_speaks() {
    let (server, link) = link();
    set(&server.slow, true);
    link.write(Cmd::new(), link.deadline()).await.unwrap_err();
    // Far from this call's own deadline, and with the error of the attempt before.
    let deadline = Instant::now() + Duration::from_secs(3600);
    assert!(link.write(Cmd::new(), deadline).await.unwrap_err().is_timeout());
    set(&server.slow, false);
    link.write(Cmd::new(), link.deadline()).await.unwrap();
}

#[tokio::test]
async fn an_attempt_outlives_the_call_that_began_it() {
    let (server, link) = link();
    set(&server.slow, true);
    link.write(Cmd::new(), Instant::now()).await.unwrap_err();
    set(&server.slow, false);
    link.write(Cmd::new(), link.deadline()).await.unwrap();
    assert_eq!(count(&server.connects), 1);
}

#[test]
fn a_link_outlives_the_runtime_that_connected_it() {
    let (server, link) = link();
    let run = |link: &Link<Fake>, deadline: Duration| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let call = async { link.write(Cmd::new(), Instant::now() + deadline).await };
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
        link.write(Cmd::new(), link.deadline()).await.unwrap_err();
    }
    set(&server.down, false);
    link.write(Cmd::new(), link.deadline()).await.unwrap();
}

//! The servers of the tests themselves: what they promise to tests that kill them.

use session_tests::servers::{MariaDb, Memcached, Postgres, Redis, RedisCluster, Server, Trouble};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn answers(server: &Server) -> bool {
    TcpStream::connect(("127.0.0.1", server.port())).is_ok()
}

#[test]
fn a_killed_server_is_back_on_its_port_and_a_dropped_one_is_gone() {
    type Start = fn(&[&str]) -> Result<Server, Trouble>;
    let engines: [Start; 4] = [Redis::start, Postgres::start, MariaDb::start, Memcached::start];
    for start in engines {
        let mut server = start(&[]).expect("a server");
        let (url, id) = (server.url(), server.id());
        assert!(answers(&server), "{server:?}");
        server.kill();
        assert!(!answers(&server), "{server:?} after SIGKILL");
        assert_eq!(server.id(), None);
        server.restart().expect("back again");
        assert!(answers(&server), "{server:?} after its restart");
        assert_eq!(server.url(), url);
        assert_ne!(server.id(), id);
        server.stop();
        assert!(!answers(&server), "{server:?} after SIGTERM");
        server.restart().expect("back once more");
        let port = server.port();
        drop(server);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "{url} after the drop");
    }
}

#[test]
fn a_cluster_survives_a_primary() {
    let mut cluster = RedisCluster::start(&[]).expect("a cluster");
    let primaries = cluster.primaries().expect("answers");
    assert_eq!(primaries.len(), 3);
    cluster.nodes()[primaries[0]].kill();
    cluster.nodes()[primaries[0]].restart().expect("back again");
    cluster.settled(Duration::from_secs(60)).expect("well again");
    assert_eq!(cluster.primaries().expect("answers").len(), 3);
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let error = Redis::start(&["--no-such-option", "1"]).expect_err("Redis knows no such option");
    assert!(error.to_string().contains("redis ended at once"), "{error}");
    assert!(error.to_string().contains("no-such-option"), "its log is shown: {error}");
}

#[test]
fn a_missing_variable_says_what_to_do() {
    let panic = std::panic::catch_unwind(|| session_tests::servers::url("SESSION_TEST_NOTHING"));
    let text = *panic.expect_err("not set").downcast::<String>().expect("a text");
    assert!(text.contains("SESSION_TEST_NOTHING") && text.contains("./scripts/test"), "{text}");
}

/// The addresses that the command finds, and what comes after `then`.
fn runner(then: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-servers"));
    let script = format!("echo \"$SESSION_TEST_POSTGRES\"; {then}");
    command.args(["sh", "-c", &script]).stdout(Stdio::piped());
    command
}

/// The port in `postgres://session@127.0.0.1:PORT/postgres`.
fn port(url: &str) -> u16 {
    let behind = url.trim().rsplit(':').next().and_then(|rest| rest.split('/').next());
    behind.and_then(|port| port.parse().ok()).expect("an address")
}

#[test]
fn the_runner_ends_with_the_commands_status_and_leaves_no_server() {
    let output = runner("exit 7").output().expect("the runner");
    assert_eq!(output.status.code(), Some(7));
    let port = port(&String::from_utf8(output.stdout).expect("text"));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the server is gone");
}

#[test]
fn a_runner_that_is_told_to_end_or_killed_leaves_no_server() {
    // Its command waits for a line, or for the end of this test.
    for (signal, status) in [("-TERM", Some(143)), ("-INT", Some(130)), ("-KILL", None)] {
        let mut child = runner("read -r line").stdin(Stdio::piped()).spawn().expect("the runner");
        let mut line = String::new();
        let output = child.stdout.take().expect("piped above");
        BufReader::new(output).read_line(&mut line).expect("an address");
        let port = port(&line);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.is_ok_and(|status| status.success()));
        assert_eq!(child.wait().expect("an end").code(), status, "after {signal}");
        // The watchdog needs a moment after SIGKILL.
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_ok() {
            assert!(begin.elapsed() < Duration::from_secs(10), "the server still runs: {signal}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

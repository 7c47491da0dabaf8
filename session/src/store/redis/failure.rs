//! What Redis and its client say, as errors of a store.

use crate::store::{StoreError, StoreErrorKind};
use ::redis::{ConnectionAddr, ErrorKind, RedisError};
use std::error::Error;
use std::{fmt, io};

/// Turns an error into the store's. `at` is the server's address, without credentials.
pub(super) fn failure(error: RedisError, at: &str, cluster: bool) -> StoreError {
    let (kind, hint) = judge(&error, cluster);
    // "unknown command 'GET', with args beginning with: ..." shows keys, what can't be parsed may be a
    // value.
    let tells_data = error.kind() == ErrorKind::Parse
        || error.detail().is_some_and(|detail| detail.contains("unknown command"));
    let said = (!tells_data).then_some(error);
    StoreError::new(kind, Failure { hint: hint.replace("{at}", at), said })
}

/// A reply that breaks off is a broken connection: the client reports it as one that can't be parsed,
/// as it does what is no reply of Redis at all.
pub(super) fn broken_off(error: RedisError) -> RedisError {
    let ends = |line: &str| line.starts_with("Unexpected") && line.contains("end of input");
    let text = error.detail().unwrap_or_default();
    if error.kind() == ErrorKind::Parse && text.lines().any(ends) {
        return io::Error::from(io::ErrorKind::UnexpectedEof).into();
    }
    error
}

/// Whether the connection itself is in doubt: it broke, or it leads to a server that became a
/// replica or wants credentials anew.
pub(super) fn doubts_connection(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io
            | ErrorKind::Parse
            | ErrorKind::AuthenticationFailed
            | ErrorKind::ClusterConnectionNotFound
    ) || matches!(code(error), Some("READONLY" | "NOAUTH"))
}

/// What an address is called in errors. Who waits for TLS with a server that has none, or the other
/// way round, waits in vain: so it is said.
pub(super) fn named(address: &ConnectionAddr) -> String {
    match address {
        ConnectionAddr::TcpTls { .. } => format!("{address} by TLS"),
        _ => address.to_string(),
    }
}

/// What is to be done about it, and what Redis said.
#[derive(Debug)]
struct Failure {
    hint: String,
    said: Option<RedisError>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hint)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.said.as_ref().map(|said| said as _)
    }
}

/// Codes that begin an error of Redis.
const CODES: [(&str, StoreErrorKind, &str); 20] = {
    use StoreErrorKind::{Busy, Corrupt, Refused};
    [
        ("LOADING", Busy, "{at} is loading its data"),
        ("OOM", Busy, "{at} is out of memory: raise maxmemory, or let keys with a lifetime go"),
        ("READONLY", Busy, "{at} is a replica: it may have been the primary before a failover"),
        ("MASTERDOWN", Busy, "{at} is a replica that lost its primary"),
        ("BUSY", Busy, "{at} is busy with a script"),
        ("UNKILLABLE", Busy, "{at} is busy with a script"),
        ("MISCONF", Busy, "{at} can't write its data to disk and takes no writes"),
        ("NOREPLICAS", Busy, "{at} has fewer replicas than min-replicas-to-write"),
        ("CLUSTERDOWN", Busy, "a part of the cluster has no primary now"),
        ("TRYAGAIN", Busy, "the cluster is moving keys"),
        ("NOAUTH", Refused, "{at} wants a password: redis://USER:PASSWORD@HOST"),
        ("WRONGPASS", Refused, "{at} refuses the user or the password of the URL"),
        ("NOPERM", Refused, "{at} does not allow this user a command or the keys of the prefix"),
        ("DENIED", Refused, "{at} is in protected mode: give it a password"),
        ("NOPROTO", Refused, "{at} is too old"),
        ("CROSSSLOT", Refused, "{at} belongs to a cluster: use RedisClusterStore"),
        ("MOVED", Refused, "{at} belongs to a cluster: use RedisClusterStore"),
        ("ASK", Refused, "{at} belongs to a cluster: use RedisClusterStore"),
        ("WRONGTYPE", Corrupt, "there is something else under this key: use another prefix"),
        ("NOSCRIPT", StoreErrorKind::Other, "{at} forgot a script at once"),
    ]
};

/// Texts behind the code `ERR`.
const TEXTS: [(&str, StoreErrorKind, &str); 7] = {
    use StoreErrorKind::{Busy, Refused, TooLarge};
    [
        ("max number of clients", Busy, "{at} is at its limit of connections: raise maxclients"),
        ("unknown command", Refused, "{at} lacks a command that the store needs"),
        ("The user executing the script", Refused, "{at} does not allow this user a command"),
        ("DB index", Refused, "{at} has no database of the URL's number"),
        ("SELECT is not allowed", Refused, "{at} belongs to a cluster: there is database 0 only"),
        ("cluster support disabled", Refused, "{at} is no cluster: use RedisStore"),
        ("maximum allowed size", TooLarge, "{at} takes no value of this size"),
    ]
};

fn judge(error: &RedisError, cluster: bool) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Other, Refused, Unavailable};
    let detail = error.detail().unwrap_or_default();
    let by_text = TEXTS.iter().find(|(text, ..)| detail.contains(text));
    if let Some((_, kind, hint)) = by_text {
        return (*kind, hint);
    }
    match error.kind() {
        ErrorKind::Io => judge_nodes(detail).unwrap_or_else(|| judge_io(error)),
        ErrorKind::ClusterConnectionNotFound => (Unavailable, "no node of the cluster answers"),
        ErrorKind::AuthenticationFailed => {
            (Refused, "{at} refuses the user or the password of the URL")
        }
        ErrorKind::InvalidClientConfig => (
            Refused,
            "this is no address of a Redis server: redis://USER:PASSWORD@HOST:PORT/DB with special \
             characters percent-encoded, rediss:// with the feature redis-tls, or unix:///PATH",
        ),
        ErrorKind::Parse => (Refused, "what answers at {at} is no Redis server"),
        _ => match code(error) {
            // Still redirected after several tries: a primary died and has no successor yet.
            Some("MOVED" | "ASK") if cluster => {
                (Unavailable, "a part of the cluster has no primary now")
            }
            Some(code) => {
                known(code).map_or((Other, "{at} failed"), |(_, kind, hint)| (kind, hint))
            }
            None => (Other, "{at} failed"),
        },
    }
}

/// When no node of a cluster lets the client in, what one of them said is in the text of an I/O
/// error.
fn judge_nodes(detail: &str) -> Option<(StoreErrorKind, &'static str)> {
    words(detail).find_map(known).map(|(_, kind, hint)| (kind, hint))
}

fn judge_io(error: &RedisError) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Refused, Timeout, Unavailable};
    if error.is_timeout() {
        return (Timeout, "{at} did not answer in time");
    }
    match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::PermissionDenied) => {
            (Refused, "the socket {at} may not be opened by this process")
        }
        // How rustls reports a certificate, or that the other side does not talk TLS.
        Some(io::ErrorKind::InvalidData) => (
            Refused,
            "no connection to {at}: is its certificate trusted, and should it be rediss:// at all?",
        ),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => (
            Unavailable,
            "{at} broke off: was it stopped, or does only one side speak TLS (rediss://)?",
        ),
        _ => (Unavailable, "no connection to {at}: is the server running?"),
    }
}

fn io_error(error: &RedisError) -> Option<&io::Error> {
    type Inner = std::sync::Arc<dyn Error + Send + Sync>;
    let source = error.source()?;
    source
        .downcast_ref::<Inner>()
        .and_then(|inner| inner.downcast_ref())
        .or_else(|| source.downcast_ref())
}

/// The code of an answer of Redis. Before version 7 an error inside a script comes as text: `ERR Error
/// running script (...): @user_script:9: -OOM command not allowed`.
fn code(error: &RedisError) -> Option<&str> {
    let code = error.code()?;
    known(code).or_else(|| words(error.detail()?).find_map(known)).map(|(code, ..)| code)
}

fn known(code: &str) -> Option<(&'static str, StoreErrorKind, &'static str)> {
    CODES.iter().find(|(known, ..)| *known == code).copied()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::redis::IntoConnectionInfo;

    fn said(line: &str) -> RedisError {
        let line = format!("-{line}\r\n");
        ::redis::parse_redis_value(line.as_bytes()).unwrap().extract_error().unwrap_err()
    }

    fn kind_of(line: &str) -> StoreErrorKind {
        failure(said(line), "here:1", false).kind()
    }

    fn text(error: &StoreError) -> String {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }

    #[test]
    fn answers_have_the_right_kind() {
        use StoreErrorKind::{Busy, Corrupt, Other, Refused, TooLarge};
        for (line, kind) in [
            ("LOADING Redis is loading the dataset in memory", Busy),
            ("OOM command not allowed when used memory > 'maxmemory'.", Busy),
            ("READONLY You can't write against a read only replica.", Busy),
            ("MASTERDOWN Link with MASTER is down", Busy),
            ("BUSY Redis is busy running a script.", Busy),
            ("MISCONF Redis is configured to save RDB snapshots", Busy),
            ("NOREPLICAS Not enough good replicas to write.", Busy),
            ("CLUSTERDOWN The cluster is down", Busy),
            ("TRYAGAIN Multiple keys request during rehashing of slot", Busy),
            ("ERR max number of clients reached", Busy),
            ("NOAUTH Authentication required.", Refused),
            ("WRONGPASS invalid username-password pair or user is disabled.", Refused),
            ("NOPERM this user has no permissions to run the 'get' command", Refused),
            ("DENIED Redis is running in protected mode", Refused),
            ("MOVED 3999 127.0.0.1:6381", Refused),
            ("ERR The user executing the script can't run this command or subcommand", Refused),
            ("ERR DB index is out of range", Refused),
            ("ERR This instance has cluster support disabled", Refused),
            ("ERR string exceeds maximum allowed size (proto-max-bulk-len)", TooLarge),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", Corrupt),
            ("ERR something else", Other),
            ("SOMETHING else", Other),
        ] {
            assert_eq!(kind_of(line), kind, "{line}");
        }
    }

    #[test]
    fn errors_inside_a_script_of_redis_6_are_understood() {
        let within = "ERR Error running script (call to f_17): @user_script:3: @user_script: 3: ";
        for (inner, kind) in [
            ("-OOM command not allowed when used memory > 'maxmemory'.", StoreErrorKind::Busy),
            ("-READONLY You can't write against a read only replica.", StoreErrorKind::Busy),
            ("WRONGTYPE Operation against a key", StoreErrorKind::Corrupt),
        ] {
            assert_eq!(kind_of(&format!("{within}{inner}")), kind, "{inner}");
        }
        assert_eq!(kind_of("@user_script: 9: -OOM command not allowed"), StoreErrorKind::Busy);
    }

    #[test]
    fn a_redirect_that_never_ends_means_a_cluster_without_a_primary() {
        let error = failure(said("MOVED 3999 127.0.0.1:6381"), "here:1", true);
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }

    #[test]
    fn what_the_nodes_of_a_cluster_said_is_found_in_its_text() {
        let failed = |said: &str| {
            let what = "Failed to create initial connections";
            let error = RedisError::from((ErrorKind::Io, what, said.to_owned()));
            failure(error, "here:1", true).kind()
        };
        assert_eq!(
            failed("\"WRONGPASS\": invalid username-password pair"),
            StoreErrorKind::Refused
        );
        assert_eq!(failed("BusyLoading: LOADING Redis is loading"), StoreErrorKind::Busy);
        assert_eq!(failed("Connection refused (os error 111)"), StoreErrorKind::Unavailable);
    }

    #[test]
    fn broken_connections_and_silence_have_the_right_kind() {
        for (io, kind) in [
            (io::ErrorKind::ConnectionRefused, StoreErrorKind::Unavailable),
            (io::ErrorKind::BrokenPipe, StoreErrorKind::Unavailable),
            (io::ErrorKind::TimedOut, StoreErrorKind::Timeout),
            (io::ErrorKind::PermissionDenied, StoreErrorKind::Refused),
            (io::ErrorKind::InvalidData, StoreErrorKind::Refused),
        ] {
            let error = RedisError::from(io::Error::from(io));
            assert!(doubts_connection(&error), "{io:?}");
            assert_eq!(failure(error, "here:1", false).kind(), kind, "{io:?}");
        }
    }

    #[test]
    fn a_demoted_primary_puts_the_connection_in_doubt_and_a_full_one_does_not() {
        assert!(doubts_connection(&said("READONLY You can't write against a read only replica.")));
        assert!(doubts_connection(&said("NOAUTH Authentication required.")));
        assert!(!doubts_connection(&said("OOM command not allowed")));
        assert!(!doubts_connection(&said("WRONGTYPE Operation against a key")));
    }

    #[test]
    fn errors_say_where_and_what_to_do() {
        let error = failure(said("NOAUTH Authentication required."), "db.example:6379", false);
        let text = text(&error);
        assert!(text.contains("db.example:6379 wants a password: redis://"), "{text}");
    }

    #[test]
    fn no_key_is_shown() {
        let line = "ERR unknown command 'GET', with args beginning with: 'session:77ab' ";
        let error = failure(said(line), "here:1", false);
        assert_eq!(error.kind(), StoreErrorKind::Refused);
        assert!(!text(&error).contains("77ab"), "{}", text(&error));
        assert!(!format!("{error:?}").contains("77ab"), "{error:?}");
    }

    #[test]
    fn no_password_of_a_wrong_url_is_shown() {
        for url in [
            "redis//user:hunter2@host",
            "redis://user:hunter2@host:port",
            "redis://user:hunter2@host/db",
            "http://user:hunter2@host",
            "redis://user:hunter2@/0",
            "redis://user:hunter2@host?protocol=9",
            "unix:/run/redis.sock?pass=hunter2&db=x",
            "hunter2",
            "",
        ] {
            let error = url.into_connection_info().unwrap_err();
            let error = failure(error, "the URL", false);
            assert_eq!(error.kind(), StoreErrorKind::Refused, "{url}");
            let shown = format!("{} {error:?}", text(&error));
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("redis://USER:PASSWORD@HOST"), "{shown}");
        }
    }
}

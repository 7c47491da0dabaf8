//! Where the servers are, and how they are spoken to.

use super::MemcachedStore;
use super::pool::{Address, Server};
use super::seen::Seen;
use crate::store::{StoreError, StoreErrorKind};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Memcached's port, where the URL names none.
const PORT: u16 = 11211;

/// Memcached's keys have at most 250 bytes; 64 are the row's.
const PREFIX_MAX: usize = 250 - 64;

/// The options of a [`MemcachedStore`].
#[must_use]
pub struct MemcachedBuilder {
    url: String,
    prefix: String,
    timeout: Duration,
    max_connections: usize,
}

impl MemcachedBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            prefix: "session:".to_owned(),
            timeout: Duration::from_secs(2),
            max_connections: 32,
        }
    }

    /// What every key begins with. Default: `session:`. Apps that share a server need one each.
    ///
    /// At most 186 visible ASCII characters, which [`connect`](Self::connect) checks.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a call may take as a whole: to wait for a connection, to open one, and all of its
    /// commands. Default: 2 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many connections to a server there are at most. A call that finds none free waits.
    /// Default: 32, at least 1. Each serves one call at a time.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Opens a connection to each server, and asks it whether it is memcached with versions.
    ///
    /// # Errors
    /// [`Refused`](StoreErrorKind::Refused) if the URL or the prefix can't be used, or a server runs
    /// with `-C`; [`Unavailable`](StoreErrorKind::Unavailable) or
    /// [`Timeout`](StoreErrorKind::Timeout) if a server can't be reached.
    pub async fn connect(self) -> Result<MemcachedStore, StoreError> {
        let refused = |problem| StoreError::new(StoreErrorKind::Refused, problem);
        check_prefix(&self.prefix).map_err(refused)?;
        let addresses = parse(&self.url).map_err(refused)?;
        let servers = addresses
            .into_iter()
            .map(|address| Server::new(address, self.max_connections))
            .collect();
        let store = MemcachedStore {
            shared: Arc::new(super::Shared {
                servers,
                prefix: self.prefix,
                timeout: self.timeout,
                seen: Seen::new(),
            }),
        };
        for server in &store.shared.servers {
            store.in_time(server, server.check()).await?;
        }
        Ok(store)
    }
}

impl fmt::Debug for MemcachedBuilder {
    /// Does not show the URL: somebody may have written a password into it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedBuilder")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

fn check_prefix(prefix: &str) -> Result<(), &'static str> {
    if prefix.len() > PREFIX_MAX {
        return Err("the prefix is longer than 186 bytes: memcached's keys have at most 250");
    }
    if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the prefix has a character that is not visible ASCII");
    }
    Ok(())
}

/// The servers of `memcached://host[:port][,host[:port]..]`. No problem's text repeats the URL.
fn parse(url: &str) -> Result<Vec<Address>, &'static str> {
    let Some(servers) = url.strip_prefix("memcached://") else {
        return Err("the URL does not begin with `memcached://`");
    };
    let servers = servers.strip_suffix('/').unwrap_or(servers);
    if servers.contains('@') {
        return Err(
            "the URL has a user or password: memcached with authentication is not supported",
        );
    }
    if servers.contains(['/', '?', '#']) {
        return Err("the URL has a path or options: there are none, write `memcached://host:port`");
    }
    let mut addresses = Vec::new();
    for server in servers.split(',') {
        let address = address(server)?;
        if addresses.contains(&address) {
            return Err("the URL names a server twice");
        }
        addresses.push(address);
    }
    Ok(addresses)
}

fn address(server: &str) -> Result<Address, &'static str> {
    let (host, port) = match server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or_default())),
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the URL names no host, or one that is none");
    }
    let port = match port {
        None => PORT,
        Some(digits) => match digits.parse() {
            Ok(port) if port > 0 => port,
            _ => return Err("the URL has a port that is none; IPv6 addresses stand in `[..]`"),
        },
    };
    // Names are the same in any case, and the choice of a row's server goes by the name.
    Ok(Address { host: host.to_ascii_lowercase(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(url: &str) -> Result<Vec<String>, &'static str> {
        Ok(parse(url)?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_url_names_one_server_or_several() {
        for (url, expected) in [
            ("memcached://localhost", vec!["localhost:11211"]),
            ("memcached://localhost/", vec!["localhost:11211"]),
            ("memcached://10.0.0.1:1,Cache-B:2", vec!["10.0.0.1:1", "cache-b:2"]),
            ("memcached://[::1]:7,[fe80::1]", vec!["[::1]:7", "[fe80::1]:11211"]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(servers(url), Ok(expected));
        }
    }

    #[test]
    fn a_wrong_url_is_an_error_that_does_not_repeat_it() {
        for (url, part) in [
            ("", "begin"),
            ("redis://secret", "begin"),
            ("localhost:11211", "begin"),
            ("memcached://", "no host"),
            ("memcached://a,,b", "no host"),
            ("memcached://:11211", "no host"),
            ("memcached://se cret", "no host"),
            ("memcached://secret:", "port"),
            ("memcached://secret:0", "port"),
            ("memcached://secret:65536", "port"),
            ("memcached://secret:port", "port"),
            ("memcached://::1:secret", "no host"),
            ("memcached://[::1]11211", "port"),
            ("memcached://secret/0", "path"),
            ("memcached://secret?a=b", "path"),
            ("memcached://user:secret@host", "password"),
            ("memcached://secret,SECRET:11211", "twice"),
        ] {
            let problem = parse(url).expect_err(url);
            assert!(problem.contains(part), "{url}: {problem}");
            assert!(!problem.contains("secret"), "{url}: {problem}");
        }
    }

    #[test]
    fn a_hostile_prefix_is_refused() {
        assert_eq!(check_prefix(""), Ok(()));
        assert_eq!(check_prefix("app:1/session*"), Ok(()));
        assert_eq!(check_prefix(&"p".repeat(186)), Ok(()));
        for prefix in ["a b", "a\r\nflush_all\r\n", "a\tb", "a\0", "a\u{7f}", "ä", "\u{a0}"] {
            assert!(check_prefix(prefix).is_err(), "{prefix:?}");
        }
        assert!(check_prefix(&"p".repeat(187)).is_err());
    }

    #[test]
    fn debug_shows_no_password() {
        let builder = MemcachedBuilder::new("memcached://user:secret@host".to_owned());
        let text = format!("{builder:?}");
        assert!(!text.contains("secret"), "{text}");
    }
}

//! One connection, and the five commands that are asked over it.
//!
//! Commands of the classic text protocol: `gets`, `add` and `cas`, besides `version` and `stats`. A
//! client crate of good standing speaks them only in part, or the newer `mg` and `ms`. Those can't
//! be used here: when the value of an `ms` does not fit (too large, out of memory), memcached 1.6
//! throws away the item that is there, whatever mode and version the `ms` asked for, and a session
//! would be gone because a change to it failed. A failed `add` or `cas` leaves the item alone.
//!
//! A call that did not come to its end leaves the connection out of step. It must be thrown away
//! then; [`super::pool`] does.

use super::lifetime;
use crate::error::BoxError;
use crate::store::StoreErrorKind;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// No line of a reply is longer: the longest has a key of 250 bytes and four numbers.
const LINE_MAX: u64 = 2048;

/// No item is longer: memcached takes no greater limit.
const ITEM_MAX: u64 = 1 << 30;

/// How much is set aside for a value because a reply says so, before it is there.
const TRUSTED: usize = 64 * 1024;

/// For how long what the server's clock showed is reckoned on.
const CLOCK_AGE: Duration = Duration::from_secs(60 * 60);

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: StoreErrorKind,
    pub(super) cause: BoxError,
}

impl Fault {
    pub(super) fn new(kind: StoreErrorKind, cause: impl Into<BoxError>) -> Self {
        Self { kind, cause: cause.into() }
    }

    fn unexpected() -> Self {
        // What it said is not repeated: it may be somebody's value.
        Self::new(StoreErrorKind::Other, "it answered with something that is no memcached reply")
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::new(StoreErrorKind::Unavailable, error)
    }
}

/// What `cas` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swapped {
    Stored,
    /// The item has another version.
    Exists,
    NotFound,
}

#[derive(Debug)]
pub(super) struct Connection {
    io: BufReader<TcpStream>,
    line: Vec<u8>,
    /// What the server's clock showed, in seconds since 1970, and when we read it.
    clock: Option<(u64, Instant)>,
}

impl Connection {
    pub(super) async fn open(host: &str, port: u16) -> io::Result<Self> {
        // Names are looked up each time: a server may have moved.
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { io: BufReader::new(stream), line: Vec::new(), clock: None })
    }

    /// Whether nothing came since the last reply, not even the end.
    pub(super) fn is_quiet(&self) -> bool {
        let pending = self.io.get_ref().try_read(&mut [0]);
        self.io.buffer().is_empty()
            && matches!(pending, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// The item's value and version.
    pub(super) async fn gets(&mut self, key: &[u8]) -> Result<Option<(Vec<u8>, u64)>, Fault> {
        self.send(&[b"gets ", key, b"\r\n"].concat()).await?;
        let line = self.line().await?;
        if line == b"END" {
            return Ok(None);
        }
        let (len, token) = value_line(line, key)?;
        if token == 0 {
            return Err(no_cas());
        }
        let value = self.block(len).await?;
        if self.line().await? != b"END" {
            return Err(Fault::unexpected());
        }
        Ok(Some((value, token)))
    }

    /// Stores where nothing is. Says whether it did.
    pub(super) async fn add(
        &mut self,
        key: &[u8],
        value: &[u8],
        keep: Duration,
    ) -> Result<bool, Fault> {
        match self.store("add", key, value, keep, "").await? {
            b"STORED" => Ok(true),
            b"NOT_STORED" => Ok(false),
            line => Err(refusal(line)),
        }
    }

    /// Stores where the item has the version `token`.
    pub(super) async fn cas(
        &mut self,
        key: &[u8],
        token: u64,
        value: &[u8],
        keep: Duration,
    ) -> Result<Swapped, Fault> {
        match self.store("cas", key, value, keep, &format!(" {token}")).await? {
            b"STORED" => Ok(Swapped::Stored),
            b"EXISTS" => Ok(Swapped::Exists),
            b"NOT_FOUND" => Ok(Swapped::NotFound),
            line => Err(refusal(line)),
        }
    }

    /// Whether this is memcached, and one that gives versions.
    pub(super) async fn check(&mut self) -> Result<(), Fault> {
        self.send(b"version\r\n").await?;
        let line = self.line().await?;
        if !line.starts_with(b"VERSION ") {
            return Err(refusal(line));
        }
        match self.stat(b"stats settings\r\n", b"cas_enabled").await?.as_deref() {
            Some(b"no") => Err(no_cas()),
            _ => Ok(()),
        }
    }

    async fn store(
        &mut self,
        command: &str,
        key: &[u8],
        value: &[u8],
        keep: Duration,
        token: &str,
    ) -> Result<&[u8], Fault> {
        let exptime = match lifetime::relative(keep) {
            Some(exptime) => exptime,
            // A server that does not tell its time keeps the item until memory runs short.
            None => self.now().await?.map_or(0, |now| lifetime::absolute(keep, now)),
        };
        let mut request = Vec::with_capacity(key.len() + value.len() + 64);
        request.extend_from_slice(command.as_bytes());
        request.push(b' ');
        request.extend_from_slice(key);
        write!(request, " 0 {exptime} {}{token}\r\n", value.len())?;
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n");
        self.send(&request).await?;
        self.line().await
    }

    /// What the server's clock shows, in seconds since 1970. It is the one that points in time are
    /// measured by, and may have nothing to do with ours.
    async fn now(&mut self) -> Result<Option<u64>, Fault> {
        if self.clock.is_none_or(|(_, read)| read.elapsed() >= CLOCK_AGE) {
            let time = self.stat(b"stats\r\n", b"time").await?;
            let time = time.and_then(|time| number(&time));
            self.clock = time.map(|time| (time, Instant::now()));
        }
        Ok(self.clock.map(|(time, read)| time.saturating_add(read.elapsed().as_secs())))
    }

    /// One of the numbers that `stats` lists.
    async fn stat(&mut self, request: &[u8], name: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.send(request).await?;
        let mut found = None;
        loop {
            let line = self.line().await?;
            if line == b"END" {
                return Ok(found);
            }
            let Some(stat) = line.strip_prefix(b"STAT ") else {
                return Err(refusal(line));
            };
            if let Some(value) = stat.strip_prefix(name).and_then(|rest| rest.strip_prefix(b" ")) {
                found = Some(value.to_vec());
            }
        }
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.io.write_all(request).await
    }

    /// The next line of the reply, without its end.
    async fn line(&mut self) -> Result<&[u8], Fault> {
        self.line.clear();
        (&mut self.io).take(LINE_MAX).read_until(b'\n', &mut self.line).await?;
        match self.line.strip_suffix(b"\r\n") {
            Some(line) => Ok(line),
            None if self.line.ends_with(b"\n") || self.line.len() as u64 >= LINE_MAX => {
                Err(Fault::unexpected())
            }
            None => Err(ended()),
        }
    }

    /// A value of `len` bytes and the end of the line after it.
    async fn block(&mut self, len: usize) -> Result<Vec<u8>, Fault> {
        let wanted = len + 2;
        let mut value = Vec::with_capacity(wanted.min(TRUSTED));
        (&mut self.io).take(wanted as u64).read_to_end(&mut value).await?;
        if value.len() < wanted {
            return Err(ended());
        }
        if !value.ends_with(b"\r\n") {
            return Err(Fault::unexpected());
        }
        value.truncate(len);
        Ok(value)
    }
}

/// The length and the version from `VALUE <key> <flags> <length> <version>`.
fn value_line(line: &[u8], key: &[u8]) -> Result<(usize, u64), Fault> {
    let mut words = line.split(|&byte| byte == b' ');
    if words.next() != Some(b"VALUE") {
        return Err(refusal(line));
    }
    if words.next() != Some(key) {
        return Err(Fault::new(
            StoreErrorKind::MixedUp,
            "it answered with the value of another key",
        ));
    }
    let mut numbers = words.map(number);
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(Some(_)), Some(Some(len)), Some(Some(token)), None) if len <= ITEM_MAX => {
            let len = usize::try_from(len).map_err(|_| Fault::unexpected())?;
            Ok((len, token))
        }
        _ => Err(Fault::unexpected()),
    }
}

/// A reply that is no answer.
fn refusal(line: &[u8]) -> Fault {
    let kind = if line.starts_with(b"SERVER_ERROR object too large") {
        StoreErrorKind::TooLarge
    } else if line.starts_with(b"SERVER_ERROR") || line.starts_with(b"ERROR Too many open conn") {
        StoreErrorKind::Busy
    } else if line.starts_with(b"CLIENT_ERROR") || line == b"ERROR" {
        StoreErrorKind::Refused
    } else {
        return Fault::unexpected();
    };
    // The server's own words: none of its errors repeats a key or a value.
    let words = &line[..line.len().min(120)];
    Fault::new(kind, format!("it said `{}`", words.escape_ascii()))
}

fn ended() -> Fault {
    Fault::from(io::Error::from(io::ErrorKind::UnexpectedEof))
}

fn no_cas() -> Fault {
    Fault::new(StoreErrorKind::Refused, "it runs with `-C`, without versions: start it without")
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<T: std::fmt::Debug>(result: Result<T, Fault>) -> StoreErrorKind {
        result.expect_err("a fault").kind
    }

    #[test]
    fn a_value_line_is_read_strictly() {
        assert_eq!(value_line(b"VALUE p:k 0 12 345", b"p:k").expect("good"), (12, 345));
        assert_eq!(kind(value_line(b"VALUE p:x 0 12 345", b"p:k")), StoreErrorKind::MixedUp);
        for bad in [
            "VALUE p:k 0 12",
            "VALUE p:k 0 12 345 6",
            "VALUE p:k 0 -1 345",
            "VALUE p:k 0  12 345",
            "VALUE p:k 0 1073741825 1",
            "VALUE p:k 0 99999999999999999999 1",
            "",
            "STORED",
        ] {
            assert_eq!(kind(value_line(bad.as_bytes(), b"p:k")), StoreErrorKind::Other, "{bad}");
        }
    }

    #[test]
    fn refusals_have_the_kind_that_says_what_to_do() {
        for (line, expected) in [
            ("SERVER_ERROR object too large for cache", StoreErrorKind::TooLarge),
            ("SERVER_ERROR out of memory storing object", StoreErrorKind::Busy),
            ("SERVER_ERROR busy", StoreErrorKind::Busy),
            ("ERROR Too many open connections", StoreErrorKind::Busy),
            ("CLIENT_ERROR unauthenticated", StoreErrorKind::Refused),
            ("ERROR", StoreErrorKind::Refused),
            ("HTTP/1.1 400 Bad Request", StoreErrorKind::Other),
            ("STORED", StoreErrorKind::Other),
        ] {
            assert_eq!(refusal(line.as_bytes()).kind, expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_error_of_the_servers_is_not_repeated() {
        let text = refusal(b"secret value").cause.to_string();
        assert!(!text.contains("secret"), "{text}");
    }
}

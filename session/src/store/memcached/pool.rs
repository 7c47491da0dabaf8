//! A server, and the connections to it.
//!
//! A connection serves one call at a time. For that it is taken out of the pool, and only a call
//! whose reply was read to its end puts it back. When a call fails, or its future is dropped, the
//! connection is dropped with it: nobody ever reads the reply to somebody else's call.

use super::connection::{Connection, Fault, Swapped};
use crate::error::BoxError;
use crate::store::{RowKey, StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A connection that nobody used for so long is closed: what is between us and the server may have
/// forgotten it without a word.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

pub(super) struct Server {
    address: Address,
    /// What the server brings into the choice of a row's server.
    seed: u64,
    /// The one that was used last is at the back.
    idle: Mutex<VecDeque<(Connection, Instant)>>,
    permits: Semaphore,
}

impl Server {
    pub(super) fn new(address: Address, max_connections: usize) -> Self {
        let digest = Sha256::digest(address.to_string());
        let (parts, _) = digest.as_chunks::<8>();
        Self {
            seed: u64::from_be_bytes(parts[0]),
            address,
            idle: Mutex::default(),
            permits: Semaphore::new(max_connections.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }

    /// The server that wins the row has the highest score. Which one a row has must never change
    /// between releases: sessions would be lost.
    pub(super) fn score(&self, key: &RowKey) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = *key.as_bytes();
        // Both halves are digests already; what follows mixes them (the finish of MurmurHash3).
        let mut score = u64::from_be_bytes([a, b, c, d, e, f, g, h]) ^ self.seed;
        score = (score ^ (score >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        score = (score ^ (score >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        score ^ (score >> 33)
    }

    pub(super) async fn gets(&self, item: &[u8]) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        let mut lent = self.lend().await?;
        let mut result = lent.connection.gets(item).await;
        // The server was started again since the connection's last call. To read twice does no harm.
        if lent.reused && matches!(&result, Err(fault) if fault.kind == StoreErrorKind::Unavailable)
        {
            self.close_idle();
            drop(lent);
            lent = self.lend().await?;
            result = lent.connection.gets(item).await;
        }
        self.finish(lent, result)
    }

    pub(super) async fn add(
        &self,
        item: &[u8],
        value: &[u8],
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let mut lent = self.lend().await?;
        let result = lent.connection.add(item, value, keep).await;
        self.finish(lent, result)
    }

    pub(super) async fn cas(
        &self,
        item: &[u8],
        token: u64,
        value: &[u8],
        keep: Duration,
    ) -> Result<Swapped, StoreError> {
        let mut lent = self.lend().await?;
        let result = lent.connection.cas(item, token, value, keep).await;
        self.finish(lent, result)
    }

    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let mut lent = self.lend().await?;
        let result = lent.connection.check().await;
        self.finish(lent, result)
    }

    /// An error that says which server it was.
    pub(super) fn error(&self, kind: StoreErrorKind, cause: impl Into<BoxError>) -> StoreError {
        let address = self.address.to_string();
        StoreError::new(kind, ServerError { address, cause: cause.into() })
    }

    /// Closes what nobody uses: after one connection broke, the others are as suspect.
    pub(super) fn close_idle(&self) {
        // Taken out first, so that the lock is not held while they close.
        let idle = std::mem::take(&mut *self.idle());
        drop(idle);
    }

    async fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let permit = self.permits.acquire().await;
        let permit = permit.map_err(|closed| self.error(StoreErrorKind::Other, closed))?;
        loop {
            let Some((connection, since)) = self.idle().pop_back() else { break };
            if since.elapsed() < IDLE_MAX && connection.is_quiet() {
                return Ok(Lent { connection, reused: true, _permit: permit });
            }
        }
        let connection = Connection::open(&self.address.host, self.address.port).await;
        let connection =
            connection.map_err(|error| self.error(StoreErrorKind::Unavailable, error))?;
        Ok(Lent { connection, reused: false, _permit: permit })
    }

    /// Puts the connection back if its call came to its end, and only then.
    fn finish<T>(&self, lent: Lent<'_>, result: Result<T, Fault>) -> Result<T, StoreError> {
        match result {
            Ok(value) => {
                let now = Instant::now();
                let mut idle = self.idle();
                while idle.front().is_some_and(|(_, since)| now - *since >= IDLE_MAX) {
                    idle.pop_front();
                }
                idle.push_back((lent.connection, now));
                Ok(value)
            }
            Err(fault) => {
                if fault.kind == StoreErrorKind::Unavailable {
                    self.close_idle();
                }
                Err(self.error(fault.kind, fault.cause))
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<(Connection, Instant)>> {
        // Nothing that holds the lock can panic half-way.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

/// A connection that is out of the pool, and the right to have one more.
struct Lent<'a> {
    connection: Connection,
    /// It served another call before.
    reused: bool,
    _permit: SemaphorePermit<'a>,
}

/// Names the server of an error.
#[derive(Debug)]
struct ServerError {
    address: String,
    cause: BoxError,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the call to memcached at {} failed", self.address)
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(names: &[&str]) -> Vec<Server> {
        let address = |name: &&str| Address { host: (*name).to_owned(), port: 11211 };
        names.iter().map(address).map(|address| Server::new(address, 1)).collect()
    }

    fn key(n: u32) -> RowKey {
        RowKey::from_bytes(Sha256::digest(n.to_be_bytes()).into())
    }

    fn winner(servers: &[Server], key: &RowKey) -> String {
        let winner = servers.iter().max_by_key(|server| server.score(key));
        winner.expect("servers").address.host.clone()
    }

    #[test]
    fn a_row_has_the_same_server_in_every_release() {
        let servers = servers(&["a", "b", "c"]);
        let winners: String = (0..24).map(|n| winner(&servers, &key(n))).collect();
        assert_eq!(winners, "cabbbcaaacacacccccaabaca");
    }

    #[test]
    fn a_server_more_takes_rows_from_each_and_moves_no_others() {
        let three = servers(&["a", "b", "c"]);
        let four = servers(&["d", "c", "b", "a"]);
        let mut counts = std::collections::HashMap::new();
        for key in (0..4000).map(key) {
            let (before, after) = (winner(&three, &key), winner(&four, &key));
            assert!(after == before || after == "d", "{before} to {after}");
            *counts.entry(after).or_insert(0) += 1;
        }
        for (name, count) in counts {
            assert!((900..1100).contains(&count), "{name} has {count} of 4000 rows");
        }
    }
}

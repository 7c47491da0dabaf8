//! Redis, Valkey and Redis Cluster.
//!
//! [`RedisStore`] and [`RedisClusterStore`] differ in the connection only: `rows` has the names, the
//! commands and their answers, `script` what runs inside the server, `link` the reconnecting,
//! `exchange` the waiting for one answer, `failure` the errors.

#[cfg(feature = "redis-cluster")]
mod cluster;
#[cfg(feature = "redis-cluster")]
mod cluster_store;
mod delegate;
mod dial;
mod exchange;
mod failure;
mod gather;
mod link;
#[cfg(feature = "koa")]
mod raw;
mod rows;
mod script;
mod server;

#[cfg(feature = "redis-cluster")]
pub use cluster_store::{RedisClusterStore, RedisClusterStoreBuilder};

use self::failure::failure;
use self::rows::Rows;
use self::server::Server;
use super::StoreError;
use ::redis::aio::ConnectionManager;
use ::redis::{IntoConnectionInfo, RedisResult};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What the names of keys begin with, unless another prefix is set.
const DEFAULT_PREFIX: &str = "session:";

/// How long a call takes at most, unless another time is set.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// Keeps sessions in Redis 6 or later, or in Valkey. For a cluster there is
#[cfg_attr(feature = "redis-cluster", doc = "[`RedisClusterStore`].")]
#[cfg_attr(not(feature = "redis-cluster"), doc = "the feature `redis-cluster`.")]
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use session::store::RedisStore;
/// use std::time::Duration;
///
/// let store = RedisStore::connect("redis://127.0.0.1/").await?;
///
/// let store = RedisStore::builder("redis://app:secret@db.internal:6380/2")
///     .prefix("shop:session:")
///     .timeout(Duration::from_secs(1))
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
///
/// Clones share one connection, over which the commands of all requests go. Commands that are ready at
/// about the same time are written at once, up to eight of them: that saves system calls here and in the
/// server, and delays none while there is nothing else to do. (Not with TLS, with socket settings of your own
/// or [from a connection of yours](Self::from_connection): there the client writes as it does.)
///
/// # The server's address
///
/// `redis://USER:PASSWORD@HOST:PORT/DB`, where all but the host may be missing; `unix:///PATH?db=DB`
/// with `&user=` and `&pass=`; and, with the feature `redis-tls`, `rediss://` for TLS (by rustls,
/// which trusts the certificates that the operating system trusts). Special characters in a password
/// are percent-encoded. Anything else that the `redis` crate takes as an address works too: for a
/// certificate authority of your own, the
/// [`ConnectionInfo`](::redis::ConnectionInfo) of a `Client::build_with_tls`.
///
/// # Keys
///
/// | key | type | value | lifetime |
/// |---|---|---|---|
/// | `session:` + 64 hexadecimal digits | string | [`Record::to_bytes`](super::Record::to_bytes) | until the session is surely over |
/// | the same | string | `x` | 60 s: the session ended, and its last requests are told so |
/// | `session:i:` + 64 hexadecimal digits | sorted set | digits of rows, by the end of their lifetime | that of its last member |
///
/// `session:` is the [prefix](RedisStoreBuilder::prefix). The digits are SHA-256 digests, from which
/// nobody comes back to what a client sends. What stands under such a key and is not ours is reported
/// as [`Corrupt`](super::StoreErrorKind::Corrupt), and is neither overwritten nor deleted.
///
/// # Commands
///
/// Each call is one command, and takes effect at the moment at which the server runs it:
///
/// | call | command |
/// |---|---|
/// | `load` | `GET` |
/// | `create` | `SET` with `NX` |
/// | `update`, `touch`, `delete` | `EVALSHA`; once more as `EVAL` on a server that was started anew, or after `SCRIPT FLUSH` |
/// | `index_insert`, `index_members` | `EVALSHA`, likewise |
/// | `index_remove` | `ZREM` |
///
/// So a request that reads its session costs one command, one that changes it two, and a conflict one
/// more. `index_members` reads the whole set and sorts it here: good for a few thousand sessions of
/// one user.
///
/// A user of Redis' access control needs the prefix and these commands:
///
/// ```text
/// ACL SETUSER app on >PASSWORD ~session:* +get +set +eval +evalsha +getrange +exists +pttl +del
///     +pexpire +setrange +time +zadd +zrem +zscore +zrevrange +zrangebyscore +zremrangebyscore
///     +pexpireat
/// ```
///
/// # When the server is away
///
/// A call takes at most the [timeout](RedisStoreBuilder::timeout), connecting included. While the
/// server refuses connections, calls fail at once; while it is silent, after a tenth of a second, as
/// soon as one call has found out. When the server is back, the next call works. A command that
/// changes something is never sent twice: when its connection breaks, it fails, and may have taken
/// effect or not.
///
/// When the server answers that it is a replica (`READONLY`, after a failover behind one name), the
/// next call connects anew.
///
/// # What Redis keeps
///
/// An acknowledged write is as durable as the server's settings: with `appendfsync always` it
/// survives a crash, with `appendfsync everysec` all but the last second does, with snapshots what
/// was there at the last one. Replicas are told after the acknowledgement, so that a failover may
/// lose writes that were acknowledged: a session may come back that was ended just before, and a
/// change may be undone. `min-replicas-to-write` with `min-replicas-max-lag` bounds for how long a
/// primary that lost its replicas goes on acknowledging; nothing in Redis closes the gap. Who can't
/// live with it uses a SQL store, or short lifetimes.
///
/// `maxmemory-policy` should be `noeviction`: then a full server refuses new sessions and changes,
/// which is reported as [`Busy`](super::StoreErrorKind::Busy), while sessions can still be read,
/// extended and ended. Under a `volatile-*` or `allkeys-*` policy a full server throws sessions
/// away, and memories of ended ones, without a word.
#[derive(Clone)]
pub struct RedisStore(Arc<Rows<Server>>);

impl RedisStore {
    /// Connects, and shows that the server lets us read and run scripts.
    ///
    /// An app that should start while the server is down uses
    /// [`connect_lazy`](RedisStoreBuilder::connect_lazy).
    ///
    /// # Errors
    /// [`Refused`](super::StoreErrorKind::Refused) when the address, the credentials or the rights
    /// are wrong; else as every call, above all
    /// [`Unavailable`](super::StoreErrorKind::Unavailable). The source says what to do about it,
    /// without the password.
    pub async fn connect(server: impl IntoConnectionInfo) -> Result<Self, StoreError> {
        Self::builder(server).connect().await
    }

    /// With options: [`connect`](RedisStoreBuilder::connect) is the last of them.
    pub fn builder(server: impl IntoConnectionInfo) -> RedisStoreBuilder {
        RedisStoreBuilder {
            from: server.into_connection_info().map(|info| From::Address(Box::new(info))),
            options: Options::default(),
        }
    }

    /// Over a connection of your own, of the `redis` crate 1.x. Options as with
    /// [`builder`](Self::builder).
    ///
    /// How it reconnects is its configuration's business. The
    /// [timeout](RedisStoreBuilder::timeout) holds here too.
    pub fn from_connection(connection: ConnectionManager) -> RedisStoreBuilder {
        RedisStoreBuilder { from: Ok(From::Connection(connection)), options: Options::default() }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("server", &self.0.address()).finish_non_exhaustive()
    }
}

delegate::store!(RedisStore);

/// Options of a [`RedisStore`].
#[must_use = "`connect` makes the store"]
pub struct RedisStoreBuilder {
    from: RedisResult<From>,
    options: Options,
}

enum From {
    Address(Box<::redis::ConnectionInfo>),
    Connection(ConnectionManager),
}

impl RedisStoreBuilder {
    /// What all keys begin with: `session:` by default. Any bytes, taken as they are.
    ///
    /// Apps that share a database have prefixes of their own; so do session types that are to be told
    /// apart by eye. Different session types never share a key, whatever their prefix.
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.options.prefix = prefix.into();
        self
    }

    /// How long a call takes at most, connecting included: 2 seconds by default. An attempt to connect
    /// takes 5 seconds at most, also where calls have more time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Connects, as [`RedisStore::connect`] does.
    ///
    /// # Errors
    /// As [`RedisStore::connect`].
    pub async fn connect(self) -> Result<RedisStore, StoreError> {
        let store = self.connect_lazy()?;
        store.0.probe().await?;
        Ok(store)
    }

    /// Makes the store and lets the first call connect: the app starts also when the server is down,
    /// and has no sessions until it is up.
    ///
    /// # Errors
    /// [`Refused`](super::StoreErrorKind::Refused) when the address is none of Redis.
    pub fn connect_lazy(self) -> Result<RedisStore, StoreError> {
        let Options { prefix, timeout } = self.options;
        let server = self.from.and_then(|from| match from {
            From::Address(info) => Server::at(*info, timeout),
            From::Connection(connection) => Ok(Server::Given(connection)),
        });
        let server = server.map_err(|error| failure(error, "the address", false))?;
        Ok(RedisStore(Arc::new(Rows::new(server, prefix, timeout))))
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt_as("RedisStoreBuilder", f)
    }
}

/// Options of both stores.
struct Options {
    prefix: Vec<u8>,
    timeout: Duration,
}

impl Options {
    fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("prefix", &String::from_utf8_lossy(&self.prefix))
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { prefix: DEFAULT_PREFIX.into(), timeout: DEFAULT_TIMEOUT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;

    #[test]
    fn an_address_that_is_none_is_refused_before_anything_is_asked() {
        let error = RedisStore::builder("http://user:hunter2@host").connect_lazy().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Refused);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    #[cfg(not(feature = "redis-tls"))]
    #[test]
    fn tls_without_its_feature_is_refused_and_named() {
        let error = RedisStore::builder("rediss://host").connect_lazy().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Refused);
        assert!(format!("{error:?}").contains("redis-tls"), "{error:?}");
    }

    #[cfg(feature = "redis-tls")]
    #[test]
    fn tls_finds_its_cryptography_without_help() {
        RedisStore::builder("rediss://host").connect_lazy().unwrap();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }

    #[test]
    fn debug_shows_no_password() {
        let builder = RedisStore::builder("redis://user:hunter2@host:7/1").prefix("app:");
        let shown = format!("{builder:?}");
        assert!(shown.contains("app:") && !shown.contains("hunter2"), "{shown}");
        let shown = format!("{:?}", builder.connect_lazy().unwrap());
        assert!(shown.contains("host:7") && !shown.contains("hunter2"), "{shown}");
    }

    /// Knows no HELLO, says the same to everything else, and hangs up.
    fn a_server_that_says(reply: &'static str) -> String {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut heard) = (stream.unwrap(), [0; 4096]);
                while let Ok(read @ 1..) = stream.read(&mut heard) {
                    let hello = heard[..read].windows(5).any(|word| word == b"HELLO");
                    let reply = if hello { "-ERR unknown command 'HELLO'\r\n" } else { reply };
                    stream.write_all(reply.as_bytes()).unwrap();
                    if !hello {
                        break;
                    }
                }
            }
        });
        format!("redis://{address}/")
    }

    #[tokio::test]
    async fn a_reply_that_breaks_off_is_a_broken_connection_and_none_of_redis_is_a_wrong_server() {
        for (reply, kind) in [
            ("$10\r\nhalf", StoreErrorKind::Unavailable),
            ("$1", StoreErrorKind::Unavailable),
            ("$", StoreErrorKind::Unavailable),
            ("*2\r\n+OK\r\n", StoreErrorKind::Unavailable),
            ("", StoreErrorKind::Unavailable),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", StoreErrorKind::Refused),
        ] {
            let error = RedisStore::connect(a_server_that_says(reply)).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{reply:?}: {error:?}");
            assert!(!format!("{error:?}").contains("half"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn connecting_to_nothing_fails_and_says_where() {
        let error = RedisStore::connect("redis://:hunter2@127.0.0.1:1").await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        let shown = format!("{error:?}");
        assert!(shown.contains("127.0.0.1:1") && !shown.contains("hunter2"), "{shown}");
    }
}

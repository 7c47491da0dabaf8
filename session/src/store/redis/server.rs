//! The connection to one server.

use super::dial::{Writer, dial};
use super::failure::named;
use super::link::{Connect, Connection, LONGEST_ATTEMPT, too_late};
use ::redis::aio::{ConnectionManager, MultiplexedConnection};
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    ProtocolVersion, PushInfo, PushKind, RedisError, RedisResult, Value,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

pub(super) enum Server {
    /// By its address.
    At(Box<At>),
    /// By the user's own connection.
    Given(ConnectionManager),
}

pub(super) struct At {
    /// Speaks RESP3, in which the client tells when the connection breaks, so that the call after a
    /// restart of the server knows before it sends.
    client: Client,
    /// Speaks RESP2, with servers and proxies that know nothing else.
    older: Client,
    config: AsyncConnectionConfig,
    /// How long an attempt to connect takes at most: it is over before the call that made it, so that
    /// others learn of its failure.
    attempt: Duration,
    address: String,
}

impl Server {
    pub(super) fn at(server: impl IntoConnectionInfo, timeout: Duration) -> RedisResult<Self> {
        let info = server.into_connection_info()?;
        provide_crypto(&info);
        let address = named(info.addr());
        // Without it a command waits for the reply to the one before, up to 40 ms.
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        // HELLO alone makes a connection: CLIENT SETINFO would ask for one more right.
        let handshake = info.redis_settings().clone().set_skip_set_lib_name();
        let info = info.set_tcp_settings(tcp);
        let speaking = |protocol| {
            let handshake = handshake.clone().set_protocol(protocol);
            Client::open(info.clone().set_redis_settings(handshake))
        };
        let attempt = (timeout.saturating_mul(3) / 4).min(LONGEST_ATTEMPT);
        Ok(Self::At(Box::new(At {
            client: speaking(ProtocolVersion::RESP3)?,
            older: speaking(ProtocolVersion::RESP2)?,
            // Answers have the deadline of their call.
            config: AsyncConnectionConfig::new()
                .set_connection_timeout(Some(attempt))
                .set_response_timeout(None),
            attempt,
            address,
        })))
    }
}

impl Connect for Server {
    type Connection = ServerConnection;

    const CLUSTER: bool = false;

    async fn connect(&self) -> RedisResult<ServerConnection> {
        let at = match self {
            Self::At(at) => at,
            Self::Given(manager) => return Ok(ServerConnection::Given(manager.clone())),
        };
        match timeout(at.attempt, at.connect()).await {
            Ok(connected) => connected.map(|own| ServerConnection::Own(Arc::new(own))),
            Err(_) => Err(too_late()),
        }
    }

    fn address(&self) -> &str {
        match self {
            Self::At(at) => &at.address,
            Self::Given(_) => "the Redis server",
        }
    }
}

impl At {
    async fn connect(&self) -> RedisResult<Own> {
        let open = Arc::new(AtomicBool::new(true));
        let notice = Arc::clone(&open);
        let noticing = self.config.clone().set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                notice.store(false, Ordering::Release);
            }
            Ok::<(), ()>(())
        });
        let (connection, writer) = match dial(&self.client, noticing).await {
            Err(error) if knows_no_hello(&error) => dial(&self.older, self.config.clone()).await?,
            connected => connected?,
        };
        Ok(Own { connection, open, writer })
    }
}

fn knows_no_hello(error: &RedisError) -> bool {
    error.kind() == ErrorKind::RESP3NotSupported
        || error.code() == Some("NOPROTO")
        || error.detail().is_some_and(|detail| detail.contains("unknown command"))
}

#[derive(Clone)]
pub(super) enum ServerConnection {
    Own(Arc<Own>),
    Given(ConnectionManager),
}

pub(super) struct Own {
    connection: MultiplexedConnection,
    open: Arc<AtomicBool>,
    writer: Option<Writer>,
}

impl Connection for ServerConnection {
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Own(own) => {
                if let Some(writer) = &own.writer {
                    writer.waiting.one_more();
                }
                own.connection.clone().send_packed_command(command).await
            }
            Self::Given(manager) => {
                let mut manager = manager.clone();
                match manager.send_packed_command(command).await {
                    // The manager still has the failure of its last attempt, and made a new one now.
                    // Refused means not connected: the command was not sent.
                    Err(error) if error.is_connection_refusal() => {
                        manager.send_packed_command(command).await
                    }
                    answer => answer,
                }
            }
        }
    }

    fn is_open(&self) -> bool {
        match self {
            Self::Own(own) => own.open.load(Ordering::Acquire),
            Self::Given(_) => true,
        }
    }

    fn doubt(&self) -> bool {
        if let Self::Own(own) = self {
            own.open.store(false, Ordering::Release);
        }
        false
    }

    fn trust(&self) {}
}

/// rustls wants the process to have chosen its cryptography, and panics otherwise.
#[cfg(feature = "redis-tls")]
pub(super) fn provide_crypto(server: &ConnectionInfo) {
    use rustls::crypto::{CryptoProvider, ring};
    if matches!(server.addr(), ::redis::ConnectionAddr::TcpTls { .. })
        && CryptoProvider::get_default().is_none()
    {
        // An error says that another thread was faster.
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(not(feature = "redis-tls"))]
pub(super) fn provide_crypto(_: &ConnectionInfo) {}

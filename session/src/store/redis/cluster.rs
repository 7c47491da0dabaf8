//! The connection to a Redis Cluster.

use super::failure::named;
use super::link::{Connect, Connection, LONGEST_ATTEMPT, too_late};
use super::server::provide_crypto;
use ::redis::aio::ConnectionLike;
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::cluster_routing::SingleNodeRoutingInfo;
use ::redis::io::tcp::TcpSettings;
use ::redis::{
    Cmd, ConnectionInfo, ErrorKind, ProtocolVersion, RedisError, RedisResult, RetryMethod, Value,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How many times one command is redirected.
const REDIRECTIONS: u32 = 5;

/// Before a command is redirected for the second time; doubled each time after.
const FIRST_WAIT: Duration = Duration::from_millis(10);

pub(super) struct Cluster {
    client: ClusterClient,
    address: String,
    timeout: Duration,
}

impl Cluster {
    pub(super) fn at(nodes: Vec<ConnectionInfo>, timeout: Duration) -> RedisResult<Self> {
        nodes.iter().for_each(provide_crypto);
        let names: Vec<String> = nodes.iter().map(|node| named(node.addr())).collect();
        let nodes = nodes.into_iter().map(|node| {
            let handshake = node.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            node.set_redis_settings(handshake)
        });
        let client = ClusterClient::builder(nodes)
            // The client would also send again what may have run already: a change that succeeded
            // would come back as a conflict with itself, and a sum be added twice.
            .retries(0)
            .use_protocol(ProtocolVersion::RESP3)
            .tcp_settings(TcpSettings::default().set_nodelay(true))
            // One silent node leaves time to ask another.
            .connection_timeout((timeout / 4).min(LONGEST_ATTEMPT / 4))
            .response_timeout(timeout / 2)
            .overall_response_timeout(None)
            .build()?;
        Ok(Self { client, address: names.join(", "), timeout })
    }
}

impl Connect for Cluster {
    type Connection = NodesConnection;

    const CLUSTER: bool = true;

    async fn connect(&self) -> RedisResult<NodesConnection> {
        // The client asks several nodes, one after the other.
        let connecting = self.client.get_async_connection();
        let connection = timeout(self.timeout.min(LONGEST_ATTEMPT).saturating_mul(2), connecting)
            .await
            .unwrap_or_else(|_| Err(too_late()))?;
        Ok(NodesConnection { connection, doubted: Arc::new(AtomicBool::new(false)) })
    }

    fn address(&self) -> &str {
        &self.address
    }
}

/// Connections to all nodes. The client finds new primaries when it is redirected, and connects again
/// to nodes that it lost; but a node that is silent, it asks for ever. So a connection in doubt is
/// replaced, while the other nodes go on to be asked through it.
#[derive(Clone)]
pub(super) struct NodesConnection {
    connection: ClusterConnection,
    doubted: Arc<AtomicBool>,
}

impl Connection for NodesConnection {
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let mut wait = Duration::ZERO;
        let mut left = REDIRECTIONS;
        loop {
            let mut connection = self.connection.clone();
            let answer = connection.req_packed_command(command).await;
            let error = match answer.and_then(Value::extract_error) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match error.retry_method() {
                // The node that answered did not run it. The client asks for the new layout before
                // it sends again.
                RetryMethod::MovedRedirect | RetryMethod::RefreshSlotsAndRetry if left > 0 => {}
                RetryMethod::AskRedirect => return self.ask(&error, command).await,
                _ => return Err(error),
            }
            sleep(wait).await;
            wait = (wait * 2).max(FIRST_WAIT);
            left -= 1;
        }
    }

    fn is_open(&self) -> bool {
        true
    }

    fn doubt(&self) -> bool {
        !self.doubted.swap(true, Ordering::AcqRel)
    }

    fn trust(&self) {
        self.doubted.store(false, Ordering::Release);
    }
}

impl NodesConnection {
    /// The key is on its way to another node, and may be there already.
    async fn ask(&self, error: &RedisError, command: &Cmd) -> RedisResult<Value> {
        let node = error.redirect_node().and_then(|(node, _)| node.rsplit_once(':'));
        let Some((host, port)) = node.and_then(|(host, port)| Some((host, port.parse().ok()?)))
        else {
            return Err(error.clone());
        };
        let node = SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port };
        let mut both = ::redis::pipe();
        both.cmd("ASKING").add_command(command.clone());
        let mut connection = self.connection.clone();
        let answers = connection.route_pipeline(both, 0, 2, node).await?;
        let nothing = || RedisError::from((ErrorKind::Client, "no answer after ASKING"));
        answers.into_iter().nth(1).ok_or_else(nothing)?.extract_error()
    }
}

//! The store on a Redis Cluster.

use super::cluster::Cluster;
use super::failure::failure;
use super::rows::Rows;
use super::{Options, delegate};
use crate::store::StoreError;
use ::redis::{ConnectionInfo, IntoConnectionInfo, RedisResult};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Keeps sessions in a Redis Cluster, or a Valkey one.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use session::store::RedisClusterStore;
///
/// let store = RedisClusterStore::connect(["redis://10.0.0.1/", "redis://10.0.0.2/"]).await?;
/// # Ok(()) }
/// ```
///
/// Keys, commands, rights and durability are those of [`RedisStore`](super::RedisStore); the client
/// needs `+ping` and `+cluster|slots` besides. Each call touches one key, so that no two keys must
/// share a slot. A prefix with a hash tag (`{shop}:`) works, and puts all sessions on one node.
///
/// Each call takes effect at the moment at which the key's primary runs it; replicas are never read.
/// While a network is split, a primary on the smaller side may answer for up to the cluster's
/// `cluster-node-timeout`, and what it acknowledged is lost when it comes back as a replica.
///
/// # When a primary dies
///
/// Its part of the sessions is away until the cluster has promoted a replica, and with
/// `cluster-require-full-coverage` as it is by default so are all others: calls fail, most at once,
/// as [`Unavailable`](crate::store::StoreErrorKind::Unavailable),
/// [`Busy`](crate::store::StoreErrorKind::Busy) or
/// [`Timeout`](crate::store::StoreErrorKind::Timeout). Redirections are followed, five for one
/// command. What may have run is never sent again, which is why a
/// [`ClusterConnection`](::redis::cluster_async::ClusterConnection) of your own can't be used: it
/// repeats commands.
#[derive(Clone)]
pub struct RedisClusterStore(Arc<Rows<Cluster>>);

impl RedisClusterStore {
    /// Connects by some of the cluster's nodes; the others are found. Shows that the cluster lets us
    /// read and run scripts. The credentials of all nodes are the same.
    ///
    /// # Errors
    /// As [`RedisStore::connect`](super::RedisStore::connect).
    pub async fn connect<N: IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = N>,
    ) -> Result<Self, StoreError> {
        Self::builder(nodes).connect().await
    }

    /// With options: [`connect`](RedisClusterStoreBuilder::connect) is the last of them.
    pub fn builder<N: IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = N>,
    ) -> RedisClusterStoreBuilder {
        RedisClusterStoreBuilder {
            nodes: nodes.into_iter().map(IntoConnectionInfo::into_connection_info).collect(),
            options: Options::default(),
        }
    }
}

impl fmt::Debug for RedisClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClusterStore")
            .field("nodes", &self.0.address())
            .finish_non_exhaustive()
    }
}

delegate::store!(RedisClusterStore);

/// Options of a [`RedisClusterStore`].
#[must_use = "`connect` makes the store"]
pub struct RedisClusterStoreBuilder {
    nodes: RedisResult<Vec<ConnectionInfo>>,
    options: Options,
}

impl RedisClusterStoreBuilder {
    /// As [`RedisStoreBuilder::prefix`](super::RedisStoreBuilder::prefix).
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.options.prefix = prefix.into();
        self
    }

    /// How long a call takes at most, redirections included: 2 seconds by default. A single node
    /// gets half of it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Connects, as [`RedisClusterStore::connect`] does.
    ///
    /// # Errors
    /// As [`RedisClusterStore::connect`].
    pub async fn connect(self) -> Result<RedisClusterStore, StoreError> {
        let store = self.connect_lazy()?;
        store.0.probe().await?;
        Ok(store)
    }

    /// Makes the store and lets the first call connect.
    ///
    /// # Errors
    /// [`Refused`](crate::store::StoreErrorKind::Refused) when an address is none of Redis, when
    /// there is none, or when their credentials differ.
    pub fn connect_lazy(self) -> Result<RedisClusterStore, StoreError> {
        let Options { prefix, timeout } = self.options;
        let cluster = self.nodes.and_then(|nodes| Cluster::at(nodes, timeout));
        let cluster = cluster.map_err(|error| failure(error, "the addresses", true))?;
        Ok(RedisClusterStore(Arc::new(Rows::new(cluster, prefix, timeout))))
    }
}

impl fmt::Debug for RedisClusterStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt_as("RedisClusterStoreBuilder", f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;

    #[test]
    fn nodes_that_are_none_or_differ_are_refused() {
        for nodes in [
            &[][..],
            &["redis://a/", "http://user:hunter2@b/"],
            &["redis://:hunter2@a/", "redis://:hunter3@b/"],
            &["redis://:hunter2@a/", "unix:///run/redis.sock"],
        ] {
            let error = RedisClusterStore::builder(nodes.iter().copied()).connect_lazy();
            let error = error.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Refused, "{nodes:?}");
            assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn connecting_to_nothing_fails_and_says_where() {
        let nodes = ["redis://:hunter2@127.0.0.1:1", "redis://:hunter2@127.0.0.1:2"];
        let error = RedisClusterStore::connect(nodes).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        let shown = format!("{error:?}");
        assert!(shown.contains("127.0.0.1:1, 127.0.0.1:2"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

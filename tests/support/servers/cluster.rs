//! Redis Cluster: three primaries, and a replica of each.

use super::engine::{Engine, command_in, program, run};
use super::folder::{Folder, User};
use super::{Certificate, Server, Trouble, free_port};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Three primaries and three replicas.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Server>,
    line: Line,
}

struct Node {
    options: Vec<String>,
    line: Line,
}

/// How a node is talked to, by clients and by the others: over TLS if there is a certificate.
#[derive(Debug, Clone)]
struct Line(Option<Arc<Certificate>>);

impl Line {
    /// What a node is started with for it.
    fn options(&self, port: u16) -> Vec<String> {
        let port = port.to_string();
        let Some(certificate) = &self.0 else { return vec!["--port".into(), port] };
        let (file, key) = (certificate.file(), certificate.key());
        let mut options = vec!["--port", "0", "--tls-port", &port, "--tls-cert-file", &file];
        options.extend(["--tls-key-file", &key, "--tls-ca-cert-file", certificate.authority()]);
        options.extend(["--tls-auth-clients", "no", "--tls-cluster", "yes"]);
        options.extend(["--tls-replication", "yes"]);
        options.into_iter().map(String::from).collect()
    }

    /// A client of it.
    fn client(&self) -> Result<Command, Trouble> {
        let mut command = Command::new(program("redis-cli", "redis-tools")?);
        if let Some(certificate) = &self.0 {
            command.args(["--tls", "--cacert", certificate.authority()]);
        }
        Ok(command)
    }

    /// What the node on this port answers.
    fn ask(&self, port: u16, words: &[&str]) -> Result<String, Trouble> {
        let mut command = self.client()?;
        command.args(["-h", "127.0.0.1", "-p", &port.to_string()]).args(words);
        run(command)
    }
}

impl Engine for Node {
    fn name(&self) -> &'static str {
        "redis-cluster"
    }

    fn command(&self, port: u16, at: &Folder, user: Option<&User>) -> Result<Command, Trouble> {
        let mut command = command_in(at, user, &program("redis-server", "redis-server")?);
        command.args(["--bind", "127.0.0.1"]).args(self.line.options(port));
        command.args(["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
        // Nodes talk on a second port; the usual one, 10 000 above the first, may not exist. It is
        // in the node's own file from the first start on.
        if !at.path().join("nodes.conf").exists() {
            command.args(["--cluster-port", &free_port()?.to_string()]);
        }
        command.args(["--save", "", "--appendonly", "no"]).args(&self.options);
        Ok(command)
    }

    fn answers(&self, port: u16) -> bool {
        self.line.ask(port, &["ping"]).is_ok_and(|answer| answer.trim() == "PONG")
    }

    fn url(&self, port: u16) -> String {
        let scheme = if self.line.0.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{port}")
    }
}

impl RedisCluster {
    /// Starts one with these options for every node, and waits until all slots are served and every
    /// replica follows its primary.
    ///
    /// # Errors
    /// When it does not come together.
    pub fn start(options: &[&str]) -> Result<Self, Trouble> {
        Self::start_over(Line(None), options)
    }

    /// Starts one that talks TLS only.
    ///
    /// # Errors
    /// When it does not come together.
    pub fn start_with_tls(certificate: Certificate) -> Result<Self, Trouble> {
        Self::start_over(Line(Some(Arc::new(certificate))), &[])
    }

    fn start_over(line: Line, options: &[&str]) -> Result<Self, Trouble> {
        let options: Vec<String> = options.iter().map(|&option| option.into()).collect();
        let node = |_| Server::start(Node { options: options.clone(), line: line.clone() });
        let nodes = (0..6).map(node).collect::<Result<_, _>>()?;
        let cluster = Self { nodes, line };
        let mut join = cluster.line.client()?;
        join.args(["--cluster", "create", "--cluster-replicas", "1", "--cluster-yes"]);
        join.args(cluster.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())));
        run(join)?;
        cluster.settled(Duration::from_secs(60))?;
        Ok(cluster)
    }

    /// The addresses of all nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Server::url).collect()
    }

    /// All nodes, to be killed and started again.
    pub fn nodes(&mut self) -> &mut [Server] {
        &mut self.nodes
    }

    /// The numbers of those [`nodes`](Self::nodes) that run and say that they are primaries.
    ///
    /// # Errors
    /// When one can't be asked.
    pub fn primaries(&self) -> Result<Vec<usize>, Trouble> {
        let mut primaries = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if node.id().is_some() && self.line.ask(node.port(), &["role"])?.starts_with("master") {
                primaries.push(at);
            }
        }
        Ok(primaries)
    }

    /// Waits until every node that runs says that the cluster is well and, if it is a replica, that
    /// it follows its primary.
    ///
    /// # Errors
    /// When that takes longer than the limit.
    pub fn settled(&self, limit: Duration) -> Result<(), Trouble> {
        let begin = Instant::now();
        loop {
            let mut waiting = None;
            for node in self.nodes.iter().filter(|node| node.id().is_some()) {
                let state = self.line.ask(node.port(), &["cluster", "info"])?;
                let role = self.line.ask(node.port(), &["info", "replication"])?;
                let known = state.contains("cluster_known_nodes:6");
                let follows =
                    !role.contains("role:slave") || role.contains("master_link_status:up");
                if !(state.contains("cluster_state:ok") && known && follows) {
                    waiting = Some(state + &role);
                }
            }
            let Some(state) = waiting else { return Ok(()) };
            if begin.elapsed() > limit {
                return Err(Trouble::new(format!("the cluster is not well:\n{state}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

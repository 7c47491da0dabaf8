//! Redis Cluster: three primaries, and a replica of each.

use super::engine::{Engine, command_in, program, run, says};
use super::folder::{Folder, User};
use super::server::free_port;
use super::{Server, Trouble};
use std::process::Command;
use std::time::{Duration, Instant};

/// Three primaries and three replicas.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Server>,
}

struct Node {
    options: Vec<String>,
}

impl Engine for Node {
    fn name(&self) -> &'static str {
        "redis-cluster"
    }

    fn command(&self, port: u16, at: &Folder, user: Option<&User>) -> Result<Command, Trouble> {
        let mut command = command_in(at, user, &program("redis-server", "redis-server")?);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
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
        says(port, "PING\r\n", "+PONG")
    }

    fn url(&self, port: u16) -> String {
        format!("redis://127.0.0.1:{port}")
    }
}

impl RedisCluster {
    /// Starts one with these options for every node, and waits until all slots are served and every
    /// replica follows its primary.
    ///
    /// # Errors
    /// When it does not come together.
    pub fn start(options: &[&str]) -> Result<Self, Trouble> {
        let options: Vec<String> = options.iter().map(|&option| option.into()).collect();
        let node = |_| Server::start(Node { options: options.clone() });
        let cluster = Self { nodes: (0..6).map(node).collect::<Result<_, _>>()? };
        let mut join = Command::new(program("redis-cli", "redis-tools")?);
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
            if node.id().is_some() && ask(node, &["role"])?.starts_with("master") {
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
                let state = ask(node, &["cluster", "info"])?;
                let role = ask(node, &["info", "replication"])?;
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

fn ask(node: &Server, words: &[&str]) -> Result<String, Trouble> {
    let mut command = Command::new(program("redis-cli", "redis-tools")?);
    command.args(["-h", "127.0.0.1", "-p", &node.port().to_string()]).args(words);
    run(command)
}

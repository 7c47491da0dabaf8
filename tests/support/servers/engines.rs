//! The engines, one by one.

use super::engine::{Engine, command_in, program, run, says};
use super::folder::{Folder, User};
use super::{Server, Trouble};
use std::process::Command;

/// Owned command-line options.
type Options = Vec<String>;

macro_rules! engine {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name(Options);

        impl $name {
            /// Starts one with these options.
            ///
            /// # Errors
            /// When it does not start: it is not installed, or does not like an option.
            pub fn start(options: &[&str]) -> Result<Server, Trouble> {
                Server::start(Self(options.iter().map(|&option| option.into()).collect()))
            }
        }
    };
}

engine! {
    /// Redis: in memory, with a snapshot now and then unless an option says otherwise.
    Redis
}
engine! {
    /// PostgreSQL: database `postgres`, superuser `session` without a password. Options such as
    /// `"-c", "max_connections=20"`. Every commit is on the disk.
    Postgres
}
engine! {
    /// MariaDB: database `session`, user `root` without a password. Every commit is on the disk.
    MariaDb
}
engine! {
    /// Memcached.
    Memcached
}

impl Redis {
    /// Options for: what is acknowledged is on the disk.
    pub const EVERY_WRITE_ON_DISK: [&str; 6] =
        ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
}

impl Engine for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn command(&self, port: u16, at: &Folder, user: Option<&User>) -> Result<Command, Trouble> {
        let mut command = command_in(at, user, &program("redis-server", "redis-server")?);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]).args(&self.0);
        Ok(command)
    }

    fn answers(&self, port: u16) -> bool {
        // While it loads its data it answers with an error.
        says(port, "PING\r\n", "+PONG")
    }

    fn url(&self, port: u16) -> String {
        format!("redis://127.0.0.1:{port}")
    }
}

impl Engine for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn users(&self) -> &'static [&'static str] {
        &["postgres", "nobody"]
    }

    fn prepare(&self, at: &Folder, user: Option<&User>) -> Result<(), Trouble> {
        let mut command = command_in(at, user, &program("initdb", "postgresql")?);
        command.args(["--auth=trust", "--username=session", "--encoding=UTF8", "--locale=C"]);
        run({
            command.args(["--no-sync", "--pgdata", &at.join("data")]);
            command
        })
        .map(drop)
    }

    fn command(&self, port: u16, at: &Folder, user: Option<&User>) -> Result<Command, Trouble> {
        let mut command = command_in(at, user, &program("postgres", "postgresql")?);
        command.args(["-D", &at.join("data"), "-h", "127.0.0.1", "-p", &port.to_string()]);
        // No socket in a folder that others share.
        command.args(["-c", "unix_socket_directories="]).args(&self.0);
        Ok(command)
    }

    fn answers(&self, port: u16) -> bool {
        let Ok(pg_isready) = program("pg_isready", "postgresql-client") else { return false };
        let mut command = Command::new(pg_isready);
        command.args(["-q", "-h", "127.0.0.1", "-U", "session", "-d", "postgres", "-p"]);
        run({
            command.arg(port.to_string());
            command
        })
        .is_ok()
    }

    fn url(&self, port: u16) -> String {
        format!("postgres://session@127.0.0.1:{port}/postgres")
    }
}

impl MariaDb {
    fn client(port: u16, sql: &str) -> Result<String, Trouble> {
        let mut command = Command::new(program("mariadb", "mariadb-client")?);
        command.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root"]);
        command.args([&format!("--port={port}"), "--connect-timeout=1", "-e", sql]);
        run(command)
    }
}

impl Engine for MariaDb {
    fn name(&self) -> &'static str {
        "mariadb"
    }

    fn users(&self) -> &'static [&'static str] {
        &["mysql", "nobody"]
    }

    fn prepare(&self, at: &Folder, user: Option<&User>) -> Result<(), Trouble> {
        let mut command = command_in(at, user, &program("mariadb-install-db", "mariadb-server")?);
        command.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
        command.args(["--skip-test-db", "--skip-name-resolve"]);
        run({
            command.arg(format!("--datadir={}", at.join("data")));
            command
        })
        .map(drop)
    }

    fn command(&self, port: u16, at: &Folder, user: Option<&User>) -> Result<Command, Trouble> {
        let mut command = command_in(at, user, &program("mariadbd", "mariadb-server")?);
        command.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        command.arg(format!("--port={port}"));
        command.arg(format!("--datadir={}", at.join("data")));
        command.arg(format!("--socket={}", at.join("socket")));
        command.arg(format!("--pid-file={}", at.join("pid"))).args(&self.0);
        Ok(command)
    }

    fn answers(&self, port: u16) -> bool {
        Self::client(port, "SELECT 1").is_ok()
    }

    fn begin(&self, port: u16) -> Result<(), Trouble> {
        Self::client(port, "CREATE DATABASE IF NOT EXISTS session").map(drop)
    }

    fn url(&self, port: u16) -> String {
        format!("mysql://root@127.0.0.1:{port}/session")
    }
}

impl Engine for Memcached {
    fn name(&self) -> &'static str {
        "memcached"
    }

    fn users(&self) -> &'static [&'static str] {
        &["memcache", "nobody"]
    }

    fn command(&self, port: u16, at: &Folder, user: Option<&User>) -> Result<Command, Trouble> {
        let mut command = command_in(at, user, &program("memcached", "memcached")?);
        command.args(["-l", "127.0.0.1", "-U", "0", "-p", &port.to_string()]).args(&self.0);
        Ok(command)
    }

    fn answers(&self, port: u16) -> bool {
        says(port, "version\r\n", "VERSION")
    }

    fn url(&self, port: u16) -> String {
        format!("memcached://127.0.0.1:{port}")
    }
}

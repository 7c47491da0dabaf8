//! What a server needs of its engine.

use super::Trouble;
use super::folder::{Folder, User};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How to run one kind of server.
pub trait Engine: Send + Sync {
    /// A word for it.
    fn name(&self) -> &'static str;

    /// The users it may run as when the caller is root; none if it runs as root too.
    fn users(&self) -> &'static [&'static str] {
        &[]
    }

    /// Makes its data, once.
    fn prepare(&self, _: &Folder, _: Option<&User>) -> Result<(), Trouble> {
        Ok(())
    }

    /// The command that runs it on this port.
    fn command(&self, port: u16, at: &Folder, user: Option<&User>) -> Result<Command, Trouble>;

    /// Whether it answers.
    fn answers(&self, port: u16) -> bool;

    /// What it needs when it answers for the first time.
    fn begin(&self, _port: u16) -> Result<(), Trouble> {
        Ok(())
    }

    /// The address for a client.
    fn url(&self, port: u16) -> String;
}

/// A program, wherever Debian puts it.
pub fn program(name: &str, package: &str) -> Result<PathBuf, Trouble> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    // PostgreSQL's are apart, each release in its own folder: the newest.
    let releases = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut releases: Vec<PathBuf> = releases.map(|entry| entry.path().join("bin")).collect();
    releases.sort();
    folders.extend(releases.into_iter().rev());
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| Trouble::new(format!("`{name}` is missing: install the package {package}")))
}

/// Runs a command to its end.
pub fn run(mut command: Command) -> Result<String, Trouble> {
    let output = command
        .output()
        .map_err(|error| Trouble::new(format!("{command:?} can't be started: {error}")))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(said(&output.stdout));
    }
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    Err(Trouble::new(format!("{command:?} failed with {}:\n{out}{err}", output.status)))
}

/// Whether a server on this port says this to that.
pub fn says(port: u16, ask: &str, expected: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let limit = Duration::from_secs(1);
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&server, limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.write_all(ask.as_bytes())?;
        let mut answer = vec![0; expected.len()];
        stream.read_exact(&mut answer)?;
        Ok(answer == expected.as_bytes())
    };
    ask().unwrap_or(false)
}

/// A command that runs in the folder of a server, as whoever runs the server.
pub fn command_in(folder: &Folder, user: Option<&User>, program: &Path) -> Command {
    let mut command = super::folder::command_as(user, program);
    command.current_dir(folder.path());
    command
}

//! A temporary folder, and the user that servers run as.

use super::Trouble;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Removed with all that is in it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new one that belongs to this user, or to the caller's.
    pub fn new(name: &str, user: Option<&User>) -> Result<Self, Trouble> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let trouble = |error| Trouble::new(format!("no temporary folder for {name}: {error}"));
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("session-test-{}-{count}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match std::fs::create_dir(&path) {
                // Left by another process that had this number.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                made => made.map_err(trouble)?,
            }
            let folder = Self(path);
            if let Some(user) = user {
                user.own(&folder.0)?;
            }
            return Ok(folder);
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A name in it, as text for a command line.
    pub fn join(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to whoever cleans the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Somebody else, whom a server that refuses to run as root runs as.
#[derive(Debug, Clone)]
pub struct User {
    name: String,
    uid: u32,
    gid: u32,
}

impl User {
    /// The first of these that exists; `None` if the caller is not root, who needs nobody else.
    pub fn instead_of_root(names: &[&str]) -> Result<Option<Self>, Trouble> {
        if id(&["-u"]) != Some(0) {
            return Ok(None);
        }
        for name in names {
            if let (Some(uid), Some(gid)) = (id(&["-u", name]), id(&["-g", name])) {
                return Ok(Some(Self { name: (*name).to_owned(), uid, gid }));
            }
        }
        Err(Trouble::new(format!("root needs one of the users {names:?} to run a server")))
    }

    /// Makes it theirs.
    pub fn own(&self, path: &Path) -> Result<(), Trouble> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(|error| Trouble::new(format!("{} gets no owner: {error}", path.display())))
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A command that runs as this user, or as the caller. The process is the command itself.
pub fn command_as(user: Option<&User>, program: &Path) -> Command {
    let Some(User { name, .. }) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", name, "--regid", name, "--init-groups", "--"]).arg(program);
    command
}

//! A server that can be killed and started again.

use super::Trouble;
use super::engine::Engine;
use super::folder::{Folder, User};
use super::process::Process;
use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stopped, and its data removed, when it is dropped.
pub struct Server {
    engine: Box<dyn Engine>,
    port: u16,
    user: Option<User>,
    // Before the folder: a server goes before its data.
    process: Option<Process>,
    folder: Folder,
}

impl Server {
    pub(super) fn start(engine: impl Engine + 'static) -> Result<Self, Trouble> {
        let user = match engine.users() {
            [] => None,
            names => User::instead_of_root(names)?,
        };
        let folder = Folder::new(engine.name(), user.as_ref())?;
        engine.prepare(&folder, user.as_ref())?;
        let mut server = Self { engine: Box::new(engine), port: 0, user, process: None, folder };
        let mut trouble = Trouble::new("no port is free");
        // A port that is free now may be somebody else's in a moment: then the next one.
        for _ in 0..5 {
            server.port = free_port()?;
            match server.restart() {
                Ok(()) => {
                    server.engine.begin(server.port)?;
                    return Ok(server);
                }
                Err(error) => trouble = error,
            }
        }
        Err(trouble)
    }

    /// The address for a client.
    #[must_use]
    pub fn url(&self) -> String {
        self.engine.url(self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process, if it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// The end of its log; empty if it does not run.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.as_ref().map_or_else(String::new, Process::log)
    }

    /// By SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// By SIGTERM, so that it can put its things in order; waits until it is gone.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.end(PATIENCE);
        }
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop), on the same port, with the
    /// data that it left; kills it before if it runs. Waits until it answers.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn restart(&mut self) -> Result<(), Trouble> {
        self.kill();
        let begin = Instant::now();
        let mut process = self.spawn()?;
        while !self.engine.answers(self.port) || !process.runs() {
            let name = self.engine.name();
            if !process.runs() {
                let text = format!("{name} ended at once; its log:\n{}", process.log());
                return Err(Trouble::new(text));
            }
            if begin.elapsed() > PATIENCE {
                let text = format!("{name} does not answer; its log:\n{}", process.log());
                return Err(Trouble::new(text));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        Ok(())
    }

    fn spawn(&self) -> Result<Process, Trouble> {
        let command = self.engine.command(self.port, &self.folder, self.user.as_ref())?;
        Process::spawn(command, self.folder.path())
    }
}

/// A port that nobody listens on now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16, Trouble> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let port = listener.and_then(|listener| listener.local_addr()).map(|address| address.port());
    port.map_err(|error| Trouble::new(format!("no port is free: {error}")))
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url()).field("id", &self.id()).finish()
    }
}

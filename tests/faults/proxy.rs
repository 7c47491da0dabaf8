//! What lies between a store and its server, and is not always well.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of the bytes. Those of requests go to the server, those of replies come from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Forward,
    /// Each piece of a reply waits.
    Delay(Duration),
    /// Nothing arrives in either direction. A connection that met it stays silent for ever.
    BlackHole,
    /// Requests arrive, replies don't. A connection that met it never brings a reply again.
    SwallowReplies,
    /// So many bytes of the next request arrive, then the connection breaks.
    CutRequest(usize),
    /// So many bytes of the next reply arrive, then the connection breaks.
    CutReply(usize),
    /// The next request arrives; the client's side of the connection says that no reply will come,
    /// while the server's side stays open.
    HalfClose,
    /// Of some replies a part arrives, then the connection breaks; others are late.
    Chaos,
}

/// Forwards a port of its own to another.
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    /// Counts how often all connections were broken.
    breaks: watch::Sender<u32>,
    cuts: Arc<AtomicU64>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// In front of this port of 127.0.0.1.
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (mode, seen) = watch::channel(Mode::Forward);
        let (breaks, broken) = watch::channel(0);
        let cuts = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&cuts);
        let listening = tokio::spawn(async move {
            let mut number = 0;
            while let Ok((client, _)) = listener.accept().await {
                number += 1;
                let dice = Dice(number);
                let mut broken = broken.clone();
                broken.mark_unchanged();
                let passing = connection(client, server, seen.clone(), dice, Arc::clone(&count));
                tokio::spawn(async move {
                    tokio::select! {
                        () = passing => {}
                        Ok(()) = broken.changed() => {}
                    }
                });
            }
        });
        Self { port, mode, breaks, cuts, listening }
    }

    /// The address of a server with the proxy's port in place of its own.
    pub fn url(&self, of: &str) -> String {
        let from = format!("127.0.0.1:{}", port_of(of));
        assert!(of.contains(&from), "{of}");
        of.replace(&from, &format!("127.0.0.1:{}", self.port))
    }

    /// From now on.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Breaks all connections that there are, and is well from then on. Gives once they are gone.
    pub async fn break_all(&self) {
        self.set(Mode::Forward);
        self.breaks.send_modify(|breaks| *breaks += 1);
        // Each connection has a receiver, and the listener one.
        while self.breaks.receiver_count() > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sets the mode from elsewhere.
    pub fn setter(&self) -> impl Fn(Mode) + Send + 'static {
        let mode = self.mode.clone();
        move |to| {
            mode.send_replace(to);
        }
    }

    /// How many replies were cut.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The port in `scheme://user@127.0.0.1:PORT/rest`.
pub fn port_of(url: &str) -> u16 {
    let behind = url.rsplit(':').next().and_then(|rest| rest.split('/').next());
    behind.and_then(|port| port.parse().ok()).expect("an address with a port")
}

/// Numbers that look random and are the same in each run (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

async fn connection(
    client: TcpStream,
    server: u16,
    mode: watch::Receiver<Mode>,
    dice: Dice,
    cuts: Arc<AtomicU64>,
) {
    // Nobody there: the client's side is closed.
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("a socket");
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let requests = requests(from_client, to_server, mode.clone());
    let replies = replies(from_server, to_client, mode, dice, cuts);
    // The first to break takes both.
    tokio::select! {
        () = requests => {}
        () = replies => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mode: watch::Receiver<Mode>) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        let now = *mode.borrow();
        let passing = match now {
            Mode::BlackHole => return silence(from).await,
            Mode::CutRequest(bytes) => read.min(bytes),
            _ => read,
        };
        if to.write_all(&buffer[..passing]).await.is_err() || passing < read {
            return;
        }
    }
}

/// Takes what comes, until the client gives up.
async fn silence(mut from: OwnedReadHalf) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(1..) = from.read(&mut buffer).await {}
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mode: watch::Receiver<Mode>,
    mut dice: Dice,
    cuts: Arc<AtomicU64>,
) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        // Said as soon as the mode is set: no reply is on its way then.
        if *mode.borrow_and_update() == Mode::HalfClose {
            if to.shutdown().await.is_err() {
                return;
            }
            return drain(from).await;
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            changed = mode.changed() => match changed {
                Ok(()) => continue,
                // The proxy is gone; what was begun goes on.
                Err(_) => from.read(&mut buffer).await,
            },
        };
        let Ok(read @ 1..) = read else { return };
        let now = *mode.borrow();
        let passing = match now {
            // Set while the reply was on its way: said above, and the reply goes nowhere.
            Mode::HalfClose => continue,
            Mode::Delay(time) => {
                tokio::time::sleep(time).await;
                read
            }
            Mode::BlackHole | Mode::SwallowReplies => return drain(from).await,
            Mode::CutReply(bytes) => read.min(bytes),
            Mode::Chaos => match dice.below(8) {
                0 => usize::try_from(dice.below(read as u64)).expect("of a buffer"),
                1 => {
                    tokio::time::sleep(Duration::from_micros(dice.below(3000))).await;
                    read
                }
                _ => read,
            },
            _ => read,
        };
        if to.write_all(&buffer[..passing]).await.is_err() {
            return;
        }
        if passing < read {
            cuts.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
}

/// Reads what the server says and tells nobody.
async fn drain(mut from: OwnedReadHalf) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(1..) = from.read(&mut buffer).await {}
    // The connection stays until the client gives up.
    std::future::pending::<()>().await;
}

//! A server that answers as it is told.

use super::MemcachedStore;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// What the server does when it is asked.
pub(super) enum Answer {
    Say(Vec<u8>),
    /// Not before it is told to.
    SayAfter(Arc<Notify>, Vec<u8>),
    SayAndClose(Vec<u8>),
    Nothing,
}

/// What the server was asked: over which connection, the command line, the value.
pub(super) type Asked = (usize, String, Vec<u8>);

pub(super) struct Server {
    pub(super) url: String,
    pub(super) asked: mpsc::UnboundedReceiver<Asked>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("memcached://{}", listener.local_addr().expect("bound"));
        let (heard, asked) = mpsc::unbounded_channel();
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            for connection in 1.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(serve(stream, connection, heard.clone(), Arc::clone(&answer)));
            }
        });
        Self { url, asked }
    }

    pub(super) async fn store(&self) -> MemcachedStore {
        MemcachedStore::connect(self.url.clone()).await.expect("connects")
    }

    /// The next command's connection and its first word.
    pub(super) async fn next(&mut self) -> (usize, String) {
        let (connection, line, _) = self.asked.recv().await.expect("asked");
        (connection, line.split(' ').next().unwrap_or_default().to_owned())
    }
}

async fn serve(
    stream: TcpStream,
    connection: usize,
    heard: mpsc::UnboundedSender<Asked>,
    answer: Arc<impl Fn(&Asked) -> Answer>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|&len| len > 0)?;
        let line = line.trim_end().to_owned();
        let mut value = Vec::new();
        if line.starts_with("add ") || line.starts_with("cas ") {
            value.resize(line.split(' ').nth(4)?.parse::<usize>().ok()? + 2, 0);
            stream.read_exact(&mut value).await.ok()?;
            value.truncate(value.len() - 2);
        }
        let asked = (connection, line, value);
        let reply = match (asked.1.as_str(), answer(&asked)) {
            ("version" | "stats settings", Answer::Nothing) => {
                let reply: &[u8] =
                    if asked.1 == "version" { b"VERSION 1.6.18\r\n" } else { b"END\r\n" };
                stream.write_all(reply).await.ok()?;
                continue;
            }
            (_, answer) => answer,
        };
        heard.send(asked).ok()?;
        match reply {
            Answer::Say(reply) => stream.write_all(&reply).await.ok()?,
            Answer::SayAfter(told, reply) => {
                told.notified().await;
                stream.write_all(&reply).await.ok()?;
            }
            Answer::SayAndClose(reply) => return stream.write_all(&reply).await.ok(),
            Answer::Nothing => {}
        }
    }
}

/// The reply to a `gets`.
pub(super) fn value(asked: &Asked, value: &[u8], token: u64) -> Vec<u8> {
    let item = asked.1.trim_start_matches("gets ");
    let head = format!("VALUE {item} 0 {} {token}\r\n", value.len());
    [head.as_bytes(), value, b"\r\nEND\r\n"].concat()
}

pub(super) fn say(reply: &str) -> Answer {
    Answer::Say(reply.as_bytes().to_vec())
}

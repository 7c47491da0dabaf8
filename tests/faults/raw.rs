//! Talking to servers beside the store: by their own command-line clients, and without any.

use crate::proxy::port_of;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A line to a Redis server.
pub struct Redis(BufReader<TcpStream>);

impl Redis {
    pub fn at(url: &str) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port_of(url))).expect("Redis");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self(BufReader::new(stream))
    }

    /// Sends words, and gives the answer: its line, or the text that it announces.
    pub fn ask(&mut self, words: &[&str]) -> String {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.0.get_mut().write_all(request.as_bytes()).expect("sent");
        self.answer()
    }

    /// The next answer. An array as its elements, one a line.
    pub fn answer(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an answer");
        let line = line.trim_end().to_owned();
        let count = |text: &str| usize::try_from(text.parse::<i64>().expect("a number")).ok();
        if let Some(length) = line.strip_prefix('$') {
            let Some(length) = count(length) else { return String::new() };
            let mut text = vec![0; length + 2];
            self.0.read_exact(&mut text).expect("the rest");
            text.truncate(length);
            return String::from_utf8_lossy(&text).into_owned();
        }
        if let Some(length) = line.strip_prefix('*') {
            let elements = (0..count(length).unwrap_or(0)).map(|_| self.answer());
            return elements.collect::<Vec<_>>().join("\n");
        }
        line
    }
}

/// Runs SQL as the superuser, and gives what it finds, without decoration.
pub fn psql(url: &str, sql: &str) -> String {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "-qtAX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]);
    output(command)
}

/// Likewise with MariaDB, as root.
pub fn mariadb(url: &str, sql: &str) -> String {
    let mut command = Command::new("mariadb");
    command.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root"]);
    command.args(["--skip-column-names", &format!("--port={}", port_of(url)), "session"]);
    command.args(["-e", sql]);
    output(command)
}

fn output(mut command: Command) -> String {
    let output = command.stderr(Stdio::piped()).output().expect("the client is installed");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A connection to PostgreSQL that takes up a place there. `Err`: there is none left.
pub fn hold_postgres(url: &str) -> Result<TcpStream, String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port_of(url))).expect("PostgreSQL");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    // Version 3.0 of the protocol.
    let mut hello = vec![0, 3, 0, 0];
    hello.extend_from_slice(b"user\0session\0database\0postgres\0\0");
    let length = u32::try_from(hello.len() + 4).expect("short").to_be_bytes();
    stream.write_all(&[&length[..], &hello].concat()).expect("sent");
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).expect("a message");
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).expect("short") - 4;
        let mut message = vec![0; length];
        stream.read_exact(&mut message).expect("its rest");
        match kind {
            b'Z' => return Ok(stream),
            b'E' => return Err(String::from_utf8_lossy(&message).into_owned()),
            _ => {}
        }
    }
}

//! How a connection to one server is made.

use super::gather::{Waiting, drive};
use ::redis::aio::MultiplexedConnection;
use ::redis::io::tcp::TcpSettings;
use ::redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisResult};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::{AbortHandle, JoinSet};

/// The task that writes a connection, which ends when this is dropped.
pub(super) struct Writer {
    task: AbortHandle,
    pub(super) waiting: Arc<Waiting>,
}

impl Writer {
    fn spawn(driver: impl Future<Output = ()> + Send + 'static) -> Self {
        let waiting = Arc::<Waiting>::default();
        let its = Arc::clone(&waiting);
        let task = tokio::spawn(async move { drive(driver, &its).await }).abort_handle();
        Self { task, waiting }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connects. Where the stream can be had by itself, its [`Writer`] gathers commands; else, which is with TLS
/// and with settings for the socket, the client connects and writes as it does.
pub(super) async fn dial(
    client: &Client,
    config: AsyncConnectionConfig,
) -> RedisResult<(MultiplexedConnection, Option<Writer>)> {
    let info = client.get_connection_info();
    match info.addr() {
        ConnectionAddr::Tcp(host, port) if sets_nothing(info.tcp_settings()) => {
            speak(info, reach(host, *port).await?, config).await
        }
        #[cfg(unix)]
        ConnectionAddr::Unix(path) => {
            speak(info, tokio::net::UnixStream::connect(path).await?, config).await
        }
        _ => Ok((client.get_multiplexed_async_connection_with_config(&config).await?, None)),
    }
}

async fn speak(
    info: &ConnectionInfo,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    config: AsyncConnectionConfig,
) -> RedisResult<(MultiplexedConnection, Option<Writer>)> {
    let (connection, driver) =
        MultiplexedConnection::new_with_config(info.redis_settings(), stream, config).await?;
    Ok((connection, Some(Writer::spawn(driver))))
}

/// The settings don't say whether they are the usual ones, but show all that they are.
fn sets_nothing(settings: &TcpSettings) -> bool {
    let usual = TcpSettings::default().set_nodelay(settings.nodelay());
    format!("{settings:?}") == format!("{usual:?}")
}

/// The address that answers first, of those that the name has: one of them may lead nowhere.
async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    for address in lookup_host((host, port)).await? {
        attempts.spawn(connect(address));
    }
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    while let Some(attempt) = attempts.join_next().await {
        match attempt {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(lost) => failure = lost.into(),
        }
    }
    Err(failure)
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Without it a command waits for the reply to the one before, up to 40 ms.
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::redis::io::tcp::socket2::TcpKeepalive;
    use std::time::Duration;
    use tokio::net::TcpListener;

    #[test]
    fn settings_of_the_users_own_are_seen() {
        let usual = TcpSettings::default();
        assert!(sets_nothing(&usual) && sets_nothing(&usual.clone().set_nodelay(true)));
        let alive = TcpKeepalive::new().with_time(Duration::from_secs(60));
        assert!(!sets_nothing(&usual.clone().set_keepalive(alive)));
        assert!(!sets_nothing(&usual.set_linger_time(Duration::ZERO)));
    }

    #[tokio::test]
    async fn a_name_is_reached_by_the_address_that_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // `localhost` may be ::1 as well, where nobody listens.
        let stream = reach("localhost", port).await.unwrap();
        assert!(stream.nodelay().unwrap());
        drop(listener);
        let error = reach("localhost", port).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}

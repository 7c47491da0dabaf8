//! A server that is not there.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a knock may take. Who refuses does it at once.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whether the server was found away.
///
/// Where nobody listens a pool tries again for as long as it is patient, for the server may be starting.
/// That is well for the first calls of an outage, and would be seconds of waiting for each one after them.
/// So a call that waited in vain leaves word here, and the next ones knock before they wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Away(Arc<AtomicBool>);

impl Away {
    pub(super) fn is_noted(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Whether it is away now, which is noted.
    pub(super) async fn knock(&self, door: Option<(&str, u16)>) -> bool {
        let away = match door {
            Some(door) => refuses(door).await,
            None => false,
        };
        self.0.store(away, Relaxed);
        away
    }
}

/// Whether nobody listens there. Not if there is no answer in time: what that means takes longer to
/// find out.
async fn refuses(door: (&str, u16)) -> bool {
    let refused = |error: std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
    let knocked = timeout(PATIENCE, TcpStream::connect(door)).await;
    knocked.is_ok_and(|connected| connected.is_err_and(refused))
}

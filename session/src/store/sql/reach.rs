//! The first connection to an address.

use super::WAIT_FOR_CONNECTION;
use super::engine::{Connection, Engine, Options};
use super::fault::Fault;
use crate::store::StoreError;
use sqlx::Connection as _;
use std::io::ErrorKind;
use tokio::time::timeout;

/// Shows that the server lets us in. A pool would try again when it is refused, and tell in the end
/// of its own patience instead of the server.
pub(super) async fn reach<E: Engine>(options: &Options<E>) -> Result<(), StoreError> {
    let connecting = async {
        let connection = Connection::<E>::connect_with(options).await?;
        // What it answers to a farewell does not matter.
        let _ = connection.close().await;
        Ok(())
    };
    let late = |_| Err(std::io::Error::from(ErrorKind::TimedOut).into());
    let reached = timeout(WAIT_FOR_CONNECTION, connecting).await.unwrap_or_else(late);
    reached.map_err(|error| Fault::unconnected::<E>(error, options, "").into())
}

//! Whose turn it is to write, among those who met at one row.

use super::StoreHome;
use crate::error::CommitError;
use crate::store::RowKey;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// Rows share the queues by their keys. More of them only tell rows apart that are both contended.
const QUEUES: usize = 64;
/// Conflicts that are answered by writing again at once.
const AT_ONCE: u32 = 1;
/// Conflicts in one's turn after which there are rivals in other processes to make way for.
const PATIENT: u32 = 4;

/// The queues of one layer's contended rows. Requests that meet nobody never look at them.
pub(crate) struct Queues(Box<[Mutex<()>]>);

impl Default for Queues {
    fn default() -> Self {
        Self((0..QUEUES).map(|_| Mutex::new(())).collect())
    }
}

/// What one commit holds of them.
#[derive(Default)]
pub(super) struct Turn<'h> {
    queue: Option<MutexGuard<'h, ()>>,
}

impl<'h> Turn<'h> {
    /// Before a conflict is merged and tried again. Of the requests of this process that keep meeting
    /// at a row one tries at a time, in the order of their coming: so each is sure to get through.
    /// Says whether it had to wait.
    pub(super) async fn wait(
        &mut self,
        home: &'h StoreHome,
        key: &RowKey,
        conflicts: u32,
    ) -> Result<bool, CommitError> {
        if conflicts <= AT_ONCE {
            return Ok(false);
        }
        if self.queue.is_some() {
            if conflicts <= PATIENT {
                return Ok(false);
            }
            back_off(conflicts - PATIENT).await;
            return Ok(true);
        }
        let queue = &home.queues.0[usize::from(key.as_bytes()[0]) % QUEUES];
        if let Ok(free) = queue.try_lock() {
            self.queue = Some(free);
            return Ok(false);
        }
        match tokio::time::timeout(home.patience, queue.lock()).await {
            Ok(mine) => {
                self.queue = Some(mine);
                Ok(true)
            }
            Err(_) => Err(CommitError::Contended),
        }
    }
}

/// Waits a little, longer at most with every try, and at random, so that those who met once don't
/// meet again.
pub(super) async fn back_off(tries: u32) {
    const LONGEST_US: u64 = 20_000;
    let most = LONGEST_US.min(500 << tries.min(16));
    // Without randomness the wait is merely the same for all.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    tokio::time::sleep(Duration::from_micros(most * u64::from(random) / u64::from(u32::MAX))).await;
}

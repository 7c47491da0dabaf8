//! Throwing dead rows away, in the background.

use super::StoreError;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::task::JoinHandle;

/// A store whose engine does not throw away by itself what is over.
pub trait Sweep: Clone + Send + Sync + 'static {
    /// Deletes some of what is over, as much as does not disturb others for long, and tells how
    /// much. Zero: nothing was left. Several may do so at once.
    ///
    /// # Errors
    /// When the engine can't be asked.
    fn sweep_batch(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Deletes all that is over, batch by batch, and tells how much it was.
    ///
    /// # Errors
    /// When the engine can't be asked. What was deleted before stays deleted.
    fn sweep(&self) -> impl Future<Output = Result<u64, StoreError>> + Send {
        async {
            let mut swept = 0;
            loop {
                let batch = self.sweep_batch().await?;
                if batch == 0 {
                    return Ok(swept);
                }
                swept += batch;
                // Requests wait for the same connections.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Sweeps now and then every `interval` in the background.
    fn sweep_every(&self, interval: Duration) -> Sweeper {
        Sweeper::start(self.clone(), interval)
    }
}

/// Sweeps a store in the background until it is stopped or dropped.
///
/// An error is logged, at the level `warn` and with the target `session`, and does not end it: it
/// tries again after the interval. Each instance of an app may have one.
#[must_use = "the sweeping ends when this is dropped"]
pub struct Sweeper {
    task: Option<JoinHandle<()>>,
    stop: Arc<Stop>,
}

impl Sweeper {
    fn start(store: impl Sweep, interval: Duration) -> Self {
        let stop = Arc::new(Stop::default());
        let task = tokio::spawn(run(store, interval, Arc::clone(&stop)));
        Self { task: Some(task), stop }
    }

    /// Ends it, after the batch that is under way, and waits for the end.
    pub async fn stop(mut self) {
        self.stop.ask();
        if let Some(task) = self.task.take() {
            // It fails when the store panicked or the runtime ends: it is at an end either way.
            let _ = task.await;
        }
    }
}

impl Drop for Sweeper {
    /// Ends it, after the batch that is under way, and does not wait.
    fn drop(&mut self) {
        self.stop.ask();
    }
}

impl fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweeper").finish_non_exhaustive()
    }
}

async fn run(store: impl Sweep, interval: Duration, stop: Arc<Stop>) {
    loop {
        loop {
            match store.sweep_batch().await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    let error: &(dyn std::error::Error + 'static) = &error;
                    tracing::warn!(target: "session", error, "sweeping the session store failed");
                    break;
                }
            }
            if stop.is_asked() {
                return;
            }
            tokio::task::yield_now().await;
        }
        // At least a moment, so that no interval makes it a busy loop.
        if stop.asked_within(interval.max(Duration::from_millis(10))).await {
            return;
        }
    }
}

/// A flag that wakes whoever waits for it.
#[derive(Default)]
struct Stop(Mutex<Asked>);

#[derive(Default)]
struct Asked {
    asked: bool,
    waits: Option<Waker>,
}

impl Stop {
    fn ask(&self) {
        let waits = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.asked = true;
            state.waits.take()
        };
        if let Some(waker) = waits {
            waker.wake();
        }
    }

    fn is_asked(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).asked
    }

    /// Waits for that long, or until it is asked.
    async fn asked_within(&self, duration: Duration) -> bool {
        let mut sleep = pin!(tokio::time::sleep(duration));
        std::future::poll_fn(|context| {
            {
                let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if state.asked {
                    return Poll::Ready(true);
                }
                state.waits = Some(context.waker().clone());
            }
            sleep.as_mut().poll(context).map(|()| false)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;
    use std::collections::VecDeque;
    use tokio::sync::{Semaphore, mpsc};

    const SOON: Duration = Duration::from_millis(10);
    const NEVER: Duration = Duration::from_secs(1_000_000);

    /// Answers as told, then that nothing is left, and tells of every batch.
    #[derive(Clone)]
    struct Told {
        answers: Arc<Mutex<VecDeque<Result<u64, StoreErrorKind>>>>,
        begun: mpsc::UnboundedSender<()>,
        may_end: Arc<Semaphore>,
    }

    fn told(
        answers: impl IntoIterator<Item = Result<u64, StoreErrorKind>>,
        ends: usize,
    ) -> (Told, mpsc::UnboundedReceiver<()>) {
        let (begun, batches) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        (Told { answers, begun, may_end: Arc::new(Semaphore::new(ends)) }, batches)
    }

    impl Sweep for Told {
        async fn sweep_batch(&self) -> Result<u64, StoreError> {
            let _ = self.begun.send(());
            self.may_end.acquire().await.unwrap().forget();
            let answer = self.answers.lock().unwrap().pop_front();
            answer.unwrap_or(Ok(0)).map_err(StoreError::of)
        }
    }

    #[tokio::test]
    async fn a_sweep_goes_on_until_nothing_is_left() {
        let (store, _batches) = told([Ok(1000), Ok(7)], 3);
        assert_eq!(store.sweep().await.unwrap(), 1007);
        assert_eq!(store.may_end.available_permits(), 0, "three batches");
    }

    #[tokio::test]
    async fn an_error_does_not_end_the_sweeping() {
        let (store, mut batches) = told([Err(StoreErrorKind::Unavailable), Ok(5)], 100);
        let sweeper = store.sweep_every(SOON);
        for _ in 0..4 {
            batches.recv().await.unwrap();
        }
        sweeper.stop().await;
        assert!(store.answers.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn stopping_waits_for_the_batch_under_way_and_for_no_other() {
        let (store, mut batches) = told([Ok(5), Ok(5)], 0);
        let sweeper = store.sweep_every(NEVER);
        batches.recv().await.unwrap();
        let mut stopping = pin!(sweeper.stop());
        let mut context = std::task::Context::from_waker(Waker::noop());
        assert!(stopping.as_mut().poll(&mut context).is_pending());
        store.may_end.add_permits(10);
        stopping.await;
        assert_eq!(store.answers.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn stopping_does_not_wait_for_the_interval() {
        let (store, mut batches) = told([], 1);
        let sweeper = store.sweep_every(NEVER);
        batches.recv().await.unwrap();
        sweeper.stop().await;
    }

    #[tokio::test]
    async fn dropping_ends_it() {
        let (store, mut batches) = told([], 1);
        let sweeper = store.sweep_every(NEVER);
        batches.recv().await.unwrap();
        drop(store);
        drop(sweeper);
        assert_eq!(batches.recv().await, None, "the task dropped its store");
    }
}

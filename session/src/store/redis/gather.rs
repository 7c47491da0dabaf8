//! Commands that are ready at about the same time are written at once.
//!
//! A connection is written by a task of its own, which the first command wakes. If it wrote that one right
//! away, as a runtime of several threads has it do, then each command would be a system call here and one
//! more in the server. If it wrote when all other tasks had their turn, then the server would rest
//! while they have it, and they while the server works. So it gives way until some commands wait, or
//! until nothing else is ready.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use tokio::sync::Notify;
use tokio::task::yield_now;

/// As many commands are worth a system call.
const ENOUGH: usize = 8;

/// How many commands wait to be written. It may be off by those that are handed over in this moment: then
/// some are written a little earlier or later.
#[derive(Default)]
pub(super) struct Waiting {
    commands: AtomicUsize,
    enough: Notify,
}

impl Waiting {
    /// One more is about to be handed to the connection.
    pub(super) fn one_more(&self) {
        if self.commands.fetch_add(1, Ordering::Relaxed) + 1 == ENOUGH {
            self.enough.notify_one();
        }
    }

    fn are_few(&self) -> bool {
        (1..ENOUGH).contains(&self.commands.load(Ordering::Relaxed))
    }
}

/// Drives a connection. Answers, for which no command waits, are read at once.
pub(super) async fn drive(driver: impl Future<Output = ()>, waiting: &Waiting) {
    let mut driver = pin!(driver);
    loop {
        if waiting.are_few() {
            give_way(waiting).await;
        }
        waiting.commands.store(0, Ordering::Relaxed);
        let mut asked = false;
        let over = poll_fn(|context| {
            if asked {
                return Poll::Ready(false);
            }
            asked = true;
            driver.as_mut().poll(context).map(|()| true)
        });
        if over.await {
            return;
        }
    }
}

async fn give_way(waiting: &Waiting) {
    let (mut enough, mut turn) = (pin!(waiting.enough.notified()), pin!(yield_now()));
    poll_fn(|context| match enough.as_mut().poll(context) {
        Poll::Pending => turn.as_mut().poll(context),
        ready @ Poll::Ready(()) => ready,
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};

    /// What drives a connection.
    struct Driven<F> {
        drive: Pin<Box<F>>,
    }

    impl<F: Future<Output = ()>> Driven<F> {
        fn poll(&mut self) -> Poll<()> {
            self.drive.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        }
    }

    /// A connection that counts how often it is polled.
    fn counting(polls: &AtomicUsize) -> impl Future<Output = ()> {
        poll_fn(|_| {
            polls.fetch_add(1, Ordering::Relaxed);
            Poll::Pending
        })
    }

    fn driven<'a>(
        polls: &'a AtomicUsize,
        waiting: &'a Waiting,
    ) -> Driven<impl Future<Output = ()>> {
        let mut driven = Driven { drive: Box::pin(drive(counting(polls), waiting)) };
        assert!(driven.poll().is_pending());
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        driven
    }

    #[test]
    fn a_command_alone_waits_for_one_turn() {
        let (polls, waiting) = (AtomicUsize::new(0), Waiting::default());
        let mut driven = driven(&polls, &waiting);
        waiting.one_more();
        assert!(driven.poll().is_pending());
        assert_eq!(polls.load(Ordering::Relaxed), 1, "it gives way");
        assert!(driven.poll().is_pending());
        assert_eq!(polls.load(Ordering::Relaxed), 2, "and is written");
    }

    #[test]
    fn enough_commands_wait_for_nobody() {
        let (polls, waiting) = (AtomicUsize::new(0), Waiting::default());
        let mut driven = driven(&polls, &waiting);
        (0..ENOUGH).for_each(|_| waiting.one_more());
        assert!(driven.poll().is_pending());
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn who_makes_them_enough_ends_the_wait() {
        let (polls, waiting) = (AtomicUsize::new(0), Waiting::default());
        let mut driven = driven(&polls, &waiting);
        let wakes = Arc::new(Wakes::default());
        waiting.one_more();
        let waker = Waker::from(Arc::clone(&wakes));
        assert!(driven.drive.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        // On a runtime the turn comes when nothing else is ready: not while this test goes on.
        (1..ENOUGH - 1).for_each(|_| waiting.one_more());
        assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
        waiting.one_more();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert!(driven.poll().is_pending());
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn answers_are_read_at_once() {
        let (polls, waiting) = (AtomicUsize::new(0), Waiting::default());
        let mut driven = driven(&polls, &waiting);
        assert!(driven.poll().is_pending());
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn it_ends_with_the_connection() {
        let waiting = Waiting::default();
        let mut driven = Driven { drive: Box::pin(drive(std::future::ready(()), &waiting)) };
        assert!(driven.poll().is_ready());
    }
}

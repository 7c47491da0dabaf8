//! One command and its answer.

use super::failure::broken_off;
use super::link::{Connect, Connection, Link, too_late};
use ::redis::{Cmd, RedisResult, Value};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};

/// How long an answer is listened for whose caller has gone.
const LISTEN: Duration = Duration::from_secs(1);

/// A command under way, with which it comes back for another try.
///
/// When the caller drops it, its answer is listened for in the background. Else a connection that
/// went silent would never be found out where all callers have less time than the store gives them,
/// and would be asked for ever.
pub(super) struct Exchange<'a, C: Connect> {
    link: &'a Link<C>,
    connection: C::Connection,
    work: Option<Work>,
}

type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub(super) type Outcome = (Cmd, RedisResult<Value>);

impl<'a, C: Connect> Exchange<'a, C> {
    pub(super) fn new(
        link: &'a Link<C>,
        connection: C::Connection,
        command: Cmd,
        deadline: Instant,
    ) -> Self {
        let line = connection.clone();
        let work = async move {
            let answer = timeout_at(deadline, line.send(&command)).await;
            let answer = answer.unwrap_or_else(|_| Err(too_late()));
            let answer = answer.and_then(Value::extract_error).map_err(broken_off);
            (command, answer)
        };
        Self { link, connection, work: Some(Box::pin(work)) }
    }
}

/// The work is pinned in its box, the rest nowhere.
impl<C: Connect> Unpin for Exchange<'_, C> {}

impl<C: Connect> Future for Exchange<'_, C> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let outcome = work.as_mut().poll(context);
        if let Poll::Ready((_, answer)) = &outcome {
            self.work = None;
            self.link.heard(&self.connection, answer);
        }
        outcome
    }
}

impl<C: Connect> Drop for Exchange<'_, C> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        // Without a runtime nothing reads the connection either.
        let Ok(runtime) = Handle::try_current() else { return };
        let (link, connection) = (self.link.clone(), self.connection.clone());
        runtime.spawn(async move {
            let answer = timeout(LISTEN, work).await.map_or_else(|_| Err(too_late()), |(_, a)| a);
            link.heard(&connection, &answer);
        });
    }
}

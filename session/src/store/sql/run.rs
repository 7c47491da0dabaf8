//! Runs one statement on a connection of a pool.

use super::away::Away;
use super::breaks::Breaks;
use super::engine::{Answer, Arguments, Engine, Row, Want};
use super::fault::{Fault, Meaning};
use super::text::{Statement, Values};
use sqlx::Pool;
use sqlx::pool::PoolConnection;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

/// How often a statement is run that the engine undoes. What it was in the way of is done when it
/// is run again.
const ATTEMPTS: usize = 5;

/// A pool, and for how long to wait: for a connection and for the engine's answer together.
pub(super) struct Runner<E: Engine> {
    pub(super) pool: Pool<E::Db>,
    pub(super) limit: Duration,
    /// For errors.
    pub(super) table: Arc<str>,
    pub(super) breaks: Breaks,
    pub(super) away: Away,
}

impl<E: Engine> Clone for Runner<E> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            limit: self.limit,
            table: Arc::clone(&self.table),
            breaks: self.breaks.clone(),
            away: self.away.clone(),
        }
    }
}

impl<E: Engine> Runner<E> {
    /// How many rows the statement changed.
    pub(super) async fn execute(
        &self,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<u64, Fault> {
        Ok(match self.run(statement, values, Want::Count).await? {
            Answer::Count(count) => count,
            Answer::Rows(_) => 0,
        })
    }

    /// The rows that the statement found.
    pub(super) async fn fetch(
        &self,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<Vec<Row<E>>, Fault> {
        Ok(match self.run(statement, values, Want::Rows).await? {
            Answer::Count(_) => Vec::new(),
            Answer::Rows(rows) => rows,
        })
    }

    async fn run(
        &self,
        statement: &Statement,
        values: &Values<'_>,
        want: Want,
    ) -> Result<Answer<E>, Fault> {
        let until = Instant::now() + self.limit;
        let mut attempt = 1;
        loop {
            match self.attempt(statement, values, want, until).await {
                Err(fault) if fault.meaning == Meaning::Undone && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// The pool gave no connection.
    pub(super) fn unconnected(&self, error: sqlx::Error) -> Fault {
        Fault::unconnected::<E>(error, &self.pool.connect_options(), &self.table)
    }

    /// A connection, new or free. Dropped while it waits or connects, it gives up what it had: nothing
    /// was sent.
    async fn connection(&self, until: Instant) -> Result<PoolConnection<E::Db>, Fault> {
        // One that is free works, whether or not the server takes new ones.
        let in_vain = self.away.is_noted() && self.pool.num_idle() == 0;
        if !(in_vain && self.is_away().await) {
            let acquired = timeout_at(until, self.pool.acquire()).await;
            match acquired.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                Err(sqlx::Error::PoolTimedOut) if self.is_away().await => {}
                acquired => return acquired.map_err(|error| self.unconnected(error)),
            }
        }
        Err(self.unconnected(io::Error::from(io::ErrorKind::ConnectionRefused).into()))
    }

    async fn is_away(&self) -> bool {
        self.away.knock(E::door(&self.pool.connect_options())).await
    }

    async fn attempt(
        &self,
        statement: &Statement,
        values: &Values<'_>,
        want: Want,
        until: Instant,
    ) -> Result<Answer<E>, Fault> {
        let fault = |error| Fault::new::<E>(error, &self.table);
        let mut arguments = Arguments::<E>::default();
        for value in statement.values(values) {
            E::bind(&mut arguments, value).map_err(sqlx::Error::Encode).map_err(fault)?;
        }
        let sql = statement.sql.clone();

        let mut connection = self.connection(until).await?;
        let breaks = self.breaks.clone();
        let answer = Finish::new(async move {
            let answer = timeout_at(until, E::run(&mut connection, sql, arguments, want)).await;
            let reusable = match &answer {
                Ok(Ok(_)) => true,
                Ok(Err(sqlx::Error::Database(error))) => {
                    E::said(&**error).meaning != Meaning::Unavailable
                }
                // Where in its reply the engine is nobody knows.
                Ok(Err(_)) => false,
                Err(_) => !E::CLOSE_LATE,
            };
            if !reusable {
                breaks.note();
                connection.close_on_drop();
            }
            answer
        });
        answer.await.map_err(|_| Fault::late())?.map_err(fault)
    }
}

/// A statement under way. When the caller drops it, it is brought to its end in the background.
///
/// So no connection goes back to the pool with a reply unread, which the next caller would take for
/// its own. sqlx alone does not see to it on every engine: for PostgreSQL it counts the replies that
/// are due and reads them before the next statement, and SQLite has no replies; but for MySQL it
/// takes an answer that was read in part, or one to a `PREPARE`, for read.
pub(super) struct Finish<T: Send + 'static> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
}

impl<T: Send + 'static> Finish<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(work)) }
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let done = work.as_mut().poll(context);
        if done.is_ready() {
            self.work = None;
        }
        done
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        // Without a runtime nothing reads the connection, and the pool itself can't go on.
        if let Some(work) = self.work.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::task::Waker;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_statement_that_is_dropped_under_way_is_brought_to_its_end() {
        let (reply, replied) = oneshot::channel::<()>();
        let (read, done) = oneshot::channel::<()>();
        let mut statement = Box::pin(Finish::new(async move {
            replied.await.unwrap();
            read.send(()).unwrap();
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(statement.as_mut().poll(&mut context).is_pending());
        drop(statement);
        reply.send(()).unwrap();
        done.await.unwrap();
    }

    #[tokio::test]
    async fn a_statement_that_is_done_is_not_run_again() {
        let runs = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&runs);
        let done = Finish::new(async move { *counted.lock().unwrap() += 1 });
        done.await;
        assert_eq!(*runs.lock().unwrap(), 1);
        assert_eq!(Arc::strong_count(&runs), 1, "the work is dropped");
    }
}

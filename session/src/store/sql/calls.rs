//! The calls of a store, for any engine.

use super::away::Away;
use super::breaks::Breaks;
use super::engine::{Engine, Statements};
use super::fault::{Fault, Meaning};
use super::run::{Finish, Runner};
use super::text::{Names, Statement, Values};
use crate::store::{
    Created, Deleted, IndexKey, Lease, Loaded, Record, Revision, RowKey, StoreError,
    StoreErrorKind, Times, Touched, Updated,
};
use sqlx::Pool;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// For how long a call waits, unless the user says otherwise.
const LIMIT: Duration = Duration::from_secs(5);

/// For how long the making of tables waits: for whoever else makes them, too.
const MIGRATION_LIMIT: Duration = Duration::from_secs(60);

/// How often an update is tried that would be right a moment later. Once more is rare already.
const ATTEMPTS: usize = 5;

/// How many dead rows are deleted by one statement.
const BATCH: i64 = 1000;

/// What is beside the body in the longest statement, generously.
const AROUND_BODY: usize = 4096;

pub(super) struct Core<E: Engine> {
    reads: Runner<E>,
    writes: Runner<E>,
    names: Names,
    statements: Arc<Statements>,
}

impl<E: Engine> Clone for Core<E> {
    fn clone(&self) -> Self {
        Self {
            reads: self.reads.clone(),
            writes: self.writes.clone(),
            names: self.names.clone(),
            statements: Arc::clone(&self.statements),
        }
    }
}

impl<E: Engine> Core<E> {
    pub(super) fn new(pool: Pool<E::Db>) -> Self {
        Self::with_two(pool.clone(), pool, &Breaks::default())
    }

    /// On a pool that asks `breaks` before it lends a connection.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn told_of_breaks(pool: Pool<E::Db>, breaks: &Breaks) -> Self {
        Self::with_two(pool.clone(), pool, breaks)
    }

    /// With a pool of their own for reads.
    pub(super) fn with_two(reads: Pool<E::Db>, writes: Pool<E::Db>, breaks: &Breaks) -> Self {
        let names = Names::default();
        let table: Arc<str> = names.shown().into();
        let runner = |pool| {
            let (table, breaks) = (Arc::clone(&table), breaks.clone());
            Runner { pool, limit: LIMIT, table, breaks, away: Away::default() }
        };
        let statements = Arc::new(Statements::new::<E>(&names));
        Self { reads: runner(reads), writes: runner(writes), names, statements }
    }

    pub(super) fn named(
        mut self,
        rename: impl FnOnce(Names) -> Result<Names, StoreError>,
    ) -> Result<Self, StoreError> {
        self.names = rename(self.names)?;
        self.statements = Arc::new(Statements::new::<E>(&self.names));
        let table: Arc<str> = self.names.shown().into();
        self.reads.table = Arc::clone(&table);
        self.writes.table = table;
        Ok(self)
    }

    pub(super) fn limited(mut self, limit: Duration) -> Self {
        self.reads.limit = limit;
        self.writes.limit = limit;
        self
    }

    pub(super) fn table(&self) -> &str {
        &self.reads.table
    }

    pub(super) async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        let rows = self.reads.fetch(&self.statements.load, &Values::of_key(key)).await?;
        match rows.first() {
            Some(row) => E::columns(row).map_err(unreadable)?.loaded(key),
            None => Ok(Loaded::Nothing),
        }
    }

    pub(super) async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        let values = Values::of_key(key).record(record).lease(lease);
        let made = match self.writes.execute(&self.statements.create, &values).await {
            Err(fault) if fault.meaning == Meaning::Taken => match &self.statements.replace {
                // Whoever took the key in between is left alone: their row's time is not over.
                Some(replace) => self.write(replace, &values).await?,
                None => return Err(fault.into()),
            },
            done => self.fitting(done, record).await?,
        };
        Ok(if made > 0 { Created::Created } else { Created::Taken })
    }

    pub(super) async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let values = Values::of_key(key).record(record).expected(expected).lease(lease);
        for _ in 0..ATTEMPTS {
            let done = self.writes.execute(&self.statements.update, &values).await;
            if self.fitting(done, record).await? > 0 {
                return Ok(Updated::Applied);
            }
            // Why not? The answer is about the moment of this second statement: what it finds would
            // have refused the update, too. But for a row that has become what was expected since.
            match self.load(key).await? {
                Loaded::Record(row) if row.times.ends() >= lease.now => {
                    if row.revision != expected {
                        return Ok(Updated::Conflict(Some(row)));
                    }
                }
                _ => return Ok(Updated::Ended),
            }
        }
        Err(StoreError::of(StoreErrorKind::Busy))
    }

    pub(super) async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        let values = Values::of_key(key).expected(expected).times(times).lease(lease);
        let touched = self.write(&self.statements.touch, &values).await? > 0;
        Ok(if touched { Touched::Touched } else { Touched::Nothing })
    }

    pub(super) async fn delete(
        &self,
        key: &RowKey,
        remember: Duration,
    ) -> Result<Deleted, StoreError> {
        let values = Values::of_key(key).remember(remember);
        let deleted = self.write(&self.statements.delete, &values).await? > 0;
        Ok(if deleted { Deleted::Deleted } else { Deleted::Gone })
    }

    pub(super) async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let values = Values { index: index.as_bytes(), ..Values::of_key(member) }.keep(keep);
        self.write(&self.statements.index_insert, &values).await.map(|_| ())
    }

    pub(super) async fn index_remove(
        &self,
        index: &IndexKey,
        member: &RowKey,
    ) -> Result<(), StoreError> {
        let values = Values { index: index.as_bytes(), ..Values::of_key(member) };
        self.write(&self.statements.index_remove, &values).await.map(|_| ())
    }

    pub(super) async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        let values = Values {
            index: index.as_bytes(),
            // No bytes are less than any.
            key: after.map_or(&[], |after| after.as_bytes()),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            ..Values::default()
        };
        let rows = self.reads.fetch(&self.statements.index_members, &values).await?;
        let member = |row| {
            let bytes = E::bytes(row).map_err(unreadable)?;
            bytes.try_into().map(RowKey::from_bytes).map_err(|_| StoreError::corrupt())
        };
        rows.iter().map(member).collect()
    }

    /// Deletes some of what nothing needs any more, and says how much.
    pub(super) async fn sweep_batch(&self) -> Result<u64, StoreError> {
        let values = Values { limit: BATCH, ..Values::default() };
        let rows = self.write(&self.statements.sweep, &values).await?;
        Ok(rows + self.write(&self.statements.index_sweep, &values).await?)
    }

    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        // Tables that are there need no rights to make any.
        if self.has_tables().await? {
            return Ok(());
        }
        let fault = |error| StoreError::from(Fault::new::<E>(error, self.table()));
        let acquired = self.writes.pool.acquire().await;
        let mut connection = acquired.map_err(|error| self.writes.unconnected(error))?;
        let schema = self.statements.schema.clone();
        let made = Finish::new(async move {
            let made = timeout(MIGRATION_LIMIT, E::make(&mut connection, schema)).await;
            if !matches!(made, Ok(Ok(()))) {
                connection.close_on_drop();
            }
            made
        });
        made.await.map_err(|_| Fault::late())?.map_err(fault)?;
        if self.has_tables().await? {
            return Ok(());
        }
        let text = format!("the tables of `{}` were made, and are not there", self.table());
        Err(StoreError::new(StoreErrorKind::Refused, text))
    }

    /// Whether both tables are there and ours. Fails if one is somebody else's.
    async fn has_tables(&self) -> Result<bool, StoreError> {
        let mut both = true;
        for probe in [&self.statements.probe, &self.statements.index_probe] {
            match self.writes.fetch(probe, &Values::default()).await {
                Ok(_) => {}
                Err(fault) if fault.meaning == Meaning::NoTable => both = false,
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(both)
    }

    async fn write(&self, statement: &Statement, values: &Values<'_>) -> Result<u64, StoreError> {
        Ok(self.writes.execute(statement, values).await?)
    }

    /// An engine that closes the connection on a statement that is too long for it looks as if it
    /// were down: asked how long a statement may be, it tells.
    async fn fitting(&self, done: Result<u64, Fault>, record: &Record) -> Result<u64, StoreError> {
        let fault = match done {
            Ok(done) => return Ok(done),
            Err(fault) => fault,
        };
        if let Some(longest) = &self.statements.longest
            && fault.meaning == Meaning::Unavailable
            && record.body.len() > AROUND_BODY
            && let Ok(rows) = self.reads.fetch(longest, &Values::default()).await
            && let Some(Ok(longest)) = rows.first().map(E::number)
            && usize::try_from(longest).is_ok_and(|max| record.body.len() + AROUND_BODY > max)
        {
            return Err(StoreError::from(fault.too_large()));
        }
        Err(fault.into())
    }
}

/// A column holds what is no value of ours.
fn unreadable(error: sqlx::Error) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, error)
}

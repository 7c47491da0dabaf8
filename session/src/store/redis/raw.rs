//! Rows under keys of somebody else's, as they are.

use super::RedisStore;
use super::link::Connect;
use super::rows::Rows;
use crate::store::{StoreError, StoreErrorKind};
use ::redis::{Cmd, Value};
use std::time::Duration;

/// `GET`, `SET` and `DEL` of keys that another application has too.
impl RedisStore {
    pub(crate) async fn raw_get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.raw_get(key).await
    }

    pub(crate) async fn raw_set(
        &self,
        key: &[u8],
        value: &[u8],
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.0.raw_set(key, value, keep).await
    }

    pub(crate) async fn raw_delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.raw_delete(key).await
    }
}

impl<C: Connect> Rows<C> {
    async fn raw_get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut get = Cmd::new();
        get.arg("GET").arg(key);
        match self.answer(self.link.read(get, self.link.deadline()).await)? {
            Value::Nil => Ok(None),
            Value::BulkString(value) => Ok(Some(value)),
            _ => Err(StoreError::of(StoreErrorKind::Other)),
        }
    }

    async fn raw_set(&self, key: &[u8], value: &[u8], keep: Duration) -> Result<(), StoreError> {
        // Whole seconds, rounded up, as `koa-redis` has it.
        let seconds = keep.as_millis().div_ceil(1000).clamp(1, 1 << 38);
        let mut set = Cmd::new();
        set.arg("SET").arg(key).arg(value).arg("EX").arg(seconds.to_string());
        self.answer(self.link.write(set, self.link.deadline()).await).map(drop)
    }

    async fn raw_delete(&self, key: &[u8]) -> Result<(), StoreError> {
        let mut del = Cmd::new();
        del.arg("DEL").arg(key);
        self.answer(self.link.write(del, self.link.deadline()).await).map(drop)
    }
}

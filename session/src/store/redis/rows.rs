//! Rows and indexes over a link: names, commands and their answers, for one server as for a cluster.

use super::link::{Connect, Link};
use super::script::{self, ENDED, Script};
use crate::store::{
    Created, Deleted, IndexKey, Lease, Loaded, Record, Revision, RowKey, StoreError,
    StoreErrorKind, Times, Touched, Updated,
};
use ::redis::{Cmd, ErrorKind, RedisResult, ServerErrorKind, Value};
use std::time::Duration;

/// Longer lifetimes than this many milliseconds, some 8900 years, would overflow in Redis.
const LONGEST: u64 = 1 << 48;

/// What Redis can take as one value.
const LARGEST: usize = 512 << 20;

pub(super) struct Rows<C: Connect> {
    pub(super) link: Link<C>,
    prefix: Vec<u8>,
}

impl<C: Connect> Rows<C> {
    pub(super) fn new(connect: C, prefix: Vec<u8>, timeout: Duration) -> Self {
        Self { link: Link::new(connect, timeout), prefix }
    }

    pub(super) fn address(&self) -> &str {
        self.link.address()
    }

    /// Shows whether the server answers, lets us in and lets us run scripts: asks for rows that are
    /// nobody's. Two of them, as a node of a cluster may have the slot of one.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        self.load(&RowKey::from_bytes([0; 32])).await?;
        self.delete(&RowKey::from_bytes([1; 32]), Duration::ZERO).await?;
        Ok(())
    }

    pub(super) async fn load(&self, key: &RowKey) -> Result<Loaded, StoreError> {
        let mut get = Cmd::with_capacity(2, self.prefix.len() + 72);
        get.arg("GET").arg(self.row(key));
        loaded(self.answer(self.link.read(get, self.link.deadline()).await)?)
    }

    pub(super) async fn create(
        &self,
        key: &RowKey,
        record: &Record,
        lease: Lease,
    ) -> Result<Created, StoreError> {
        let value = fitting(record)?;
        let mut set = Cmd::with_capacity(6, self.prefix.len() + 96 + value.len());
        set.arg("SET").arg(self.row(key)).arg(value).arg("NX").arg("PX").arg(keep(&lease));
        created(&self.answer(self.link.write(set, self.link.deadline()).await)?)
    }

    pub(super) async fn update(
        &self,
        key: &RowKey,
        expected: Revision,
        record: &Record,
        lease: Lease,
    ) -> Result<Updated, StoreError> {
        let value = fitting(record)?;
        let mut head = [0; Record::HEAD];
        head.copy_from_slice(&value[..Record::HEAD]);
        head[1..9].copy_from_slice(&expected.number().to_be_bytes());
        // A row that ends when this record does is over: the script has to look at it.
        let head = if record.times.ends() < lease.now { &head[..9] } else { &head[..] };
        let (now, keep) = (lease.now.ms().to_string(), keep(&lease).to_string());
        let may_shorten = if lease.may_shorten { "1" } else { "0" };
        let args: [&[u8]; 5] =
            [head, &value, now.as_bytes(), keep.as_bytes(), may_shorten.as_bytes()];
        updated(self.run(&script::UPDATE, &self.row(key), &args).await?)
    }

    pub(super) async fn touch(
        &self,
        key: &RowKey,
        expected: Revision,
        times: Times,
        lease: Lease,
    ) -> Result<Touched, StoreError> {
        let (revision, times) = (expected.number().to_be_bytes(), times.to_bytes());
        let (now, keep) = (lease.now.ms().to_string(), keep(&lease).to_string());
        let args: [&[u8]; 4] = [&revision, &times, now.as_bytes(), keep.as_bytes()];
        touched(&self.run(&script::TOUCH, &self.row(key), &args).await?)
    }

    pub(super) async fn delete(
        &self,
        key: &RowKey,
        remember: Duration,
    ) -> Result<Deleted, StoreError> {
        let remember = if remember.is_zero() { 0 } else { in_ms(remember) }.to_string();
        deleted(&self.run(&script::DELETE, &self.row(key), &[remember.as_bytes()]).await?)
    }

    pub(super) async fn index_insert(
        &self,
        index: &IndexKey,
        member: &RowKey,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let (member, keep) = (member.to_hex(), in_ms(keep).to_string());
        let args: [&[u8]; 2] = [&member, keep.as_bytes()];
        number(&self.run(&script::INDEX_INSERT, &self.set(index), &args).await?).map(|_| ())
    }

    pub(super) async fn index_remove(
        &self,
        index: &IndexKey,
        member: &RowKey,
    ) -> Result<(), StoreError> {
        let mut remove = Cmd::new();
        remove.arg("ZREM").arg(self.set(index)).arg(&member.to_hex()[..]);
        number(&self.answer(self.link.write(remove, self.link.deadline()).await)?).map(|_| ())
    }

    pub(super) async fn index_members(
        &self,
        index: &IndexKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<RowKey>, StoreError> {
        let set = self.set(index);
        members(self.run(&script::INDEX_MEMBERS, &set, &[]).await?, after, limit)
    }

    /// One command; two when the server does not know the script.
    async fn run(&self, script: &Script, key: &[u8], args: &[&[u8]]) -> Result<Value, StoreError> {
        let deadline = self.link.deadline();
        let unknown = ErrorKind::Server(ServerErrorKind::NoScript);
        let send = async |command| match script.writes {
            true => self.link.write(command, deadline).await,
            false => self.link.read(command, deadline).await,
        };
        let answer = match send(script.by_digest(key, args)).await {
            Err(error) if error.kind() == unknown => send(script.in_full(key, args)).await,
            answer => answer,
        };
        self.answer(answer)
    }

    pub(super) fn answer(&self, answer: RedisResult<Value>) -> Result<Value, StoreError> {
        answer.map_err(|error| self.link.failure(error))
    }

    fn row(&self, key: &RowKey) -> Vec<u8> {
        [&self.prefix[..], &key.to_hex()].concat()
    }

    fn set(&self, index: &IndexKey) -> Vec<u8> {
        [&self.prefix[..], b"i:", &index.to_hex()].concat()
    }
}

fn fitting(record: &Record) -> Result<Vec<u8>, StoreError> {
    let value = record.to_bytes();
    if value.len() > LARGEST {
        return Err(StoreError::of(StoreErrorKind::TooLarge));
    }
    Ok(value)
}

fn keep(lease: &Lease) -> u64 {
    lease.keep_ms().min(LONGEST)
}

/// Rounded up, and never zero, which Redis refuses.
fn in_ms(time: Duration) -> u64 {
    let ms = u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(LONGEST);
    ms.clamp(1, LONGEST)
}

fn loaded(answer: Value) -> Result<Loaded, StoreError> {
    match answer {
        Value::Nil => Ok(Loaded::Nothing),
        Value::BulkString(value) if value == ENDED => Ok(Loaded::Ended),
        Value::BulkString(value) => record(value).map(Loaded::Record),
        _ => Err(unexpected()),
    }
}

fn created(answer: &Value) -> Result<Created, StoreError> {
    match answer {
        Value::Okay => Ok(Created::Created),
        Value::Nil => Ok(Created::Taken),
        _ => Err(unexpected()),
    }
}

fn updated(answer: Value) -> Result<Updated, StoreError> {
    match answer {
        Value::Int(1) => Ok(Updated::Applied),
        Value::Nil => Ok(Updated::Ended),
        Value::BulkString(value) => Ok(Updated::Conflict(Some(record(value)?))),
        _ => Err(unexpected()),
    }
}

fn touched(answer: &Value) -> Result<Touched, StoreError> {
    match answer {
        Value::Int(1) => Ok(Touched::Touched),
        Value::Int(0) | Value::Nil => Ok(Touched::Nothing),
        Value::BulkString(_) => Err(StoreError::corrupt()),
        _ => Err(unexpected()),
    }
}

fn deleted(answer: &Value) -> Result<Deleted, StoreError> {
    match answer {
        Value::Int(1) => Ok(Deleted::Deleted),
        Value::Nil => Ok(Deleted::Gone),
        Value::BulkString(_) => Err(StoreError::corrupt()),
        _ => Err(unexpected()),
    }
}

fn number(answer: &Value) -> Result<i64, StoreError> {
    match answer {
        Value::Int(number) => Ok(*number),
        _ => Err(unexpected()),
    }
}

/// Redis has them in the order of their deadlines.
fn members(answer: Value, after: Option<&RowKey>, limit: usize) -> Result<Vec<RowKey>, StoreError> {
    let Value::Array(all) = answer else { return Err(unexpected()) };
    let mut members = Vec::with_capacity(all.len());
    for member in all {
        let Value::BulkString(hex) = member else { return Err(unexpected()) };
        let member = RowKey::parse_hex(&hex).ok_or_else(StoreError::corrupt)?;
        if after.is_none_or(|after| member > *after) {
            members.push(member);
        }
    }
    members.sort_unstable();
    members.truncate(limit);
    Ok(members)
}

fn record(value: Vec<u8>) -> Result<Record, StoreError> {
    Record::from_bytes(value).ok_or_else(StoreError::corrupt)
}

fn unexpected() -> StoreError {
    StoreError::new(StoreErrorKind::Other, "Redis gave an answer of another kind than asked for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Millis;
    use crate::store::redis::server::Server;

    fn rows(prefix: &[u8]) -> Rows<Server> {
        let server = Server::at("redis://127.0.0.1:1", Duration::from_secs(1)).unwrap();
        Rows::new(server, prefix.to_vec(), Duration::from_secs(1))
    }

    fn a_record() -> Record {
        let at = Millis::from_ms(1_700_000_000_000);
        Record { revision: Revision::FIRST, times: Times::new(at, 1000, at), body: vec![7] }
    }

    fn bulk(bytes: &[u8]) -> Value {
        Value::BulkString(bytes.to_vec())
    }

    #[test]
    fn names_are_the_prefix_and_the_digest() {
        let (key, index) = (RowKey::from_bytes([0xab; 32]), IndexKey::from_bytes([0xcd; 32]));
        let rows = rows(b"app:");
        assert_eq!(rows.row(&key), format!("app:{}", "ab".repeat(32)).into_bytes());
        assert_eq!(rows.set(&index), format!("app:i:{}", "cd".repeat(32)).into_bytes());
    }

    #[test]
    fn any_bytes_are_a_prefix() {
        let key = RowKey::from_bytes([0; 32]);
        for prefix in [&b""[..], b"*", b"a b\n", b"{x}", b"\xff\0[", "\u{e4}".as_bytes()] {
            let name = rows(prefix).row(&key);
            assert_eq!(name, [prefix, &[b'0'; 64]].concat());
        }
    }

    #[test]
    fn what_load_answers() {
        assert_eq!(loaded(Value::Nil).unwrap(), Loaded::Nothing);
        assert_eq!(loaded(bulk(b"x")).unwrap(), Loaded::Ended);
        let record = a_record();
        assert_eq!(loaded(bulk(&record.to_bytes())).unwrap(), Loaded::Record(record));
        for foreign in [&b""[..], b"y", b"{\"user\":1}", &[0xd1; 20]] {
            assert_eq!(loaded(bulk(foreign)).unwrap_err().kind(), StoreErrorKind::Corrupt);
        }
        assert_eq!(loaded(Value::Okay).unwrap_err().kind(), StoreErrorKind::Other);
    }

    #[test]
    fn what_writes_answer() {
        assert_eq!(created(&Value::Okay).unwrap(), Created::Created);
        assert_eq!(created(&Value::Nil).unwrap(), Created::Taken);
        assert_eq!(updated(Value::Int(1)).unwrap(), Updated::Applied);
        assert_eq!(updated(Value::Nil).unwrap(), Updated::Ended);
        let record = a_record();
        let conflict = updated(bulk(&record.to_bytes())).unwrap();
        assert_eq!(conflict, Updated::Conflict(Some(record)));
        assert_eq!(touched(&Value::Int(1)).unwrap(), Touched::Touched);
        assert_eq!(touched(&Value::Int(0)).unwrap(), Touched::Nothing);
        assert_eq!(touched(&Value::Nil).unwrap(), Touched::Nothing);
        assert_eq!(deleted(&Value::Int(1)).unwrap(), Deleted::Deleted);
        assert_eq!(deleted(&Value::Nil).unwrap(), Deleted::Gone);
    }

    #[test]
    fn what_is_no_record_is_corrupt_for_writes_too() {
        let foreign = bulk(b"{}");
        assert_eq!(updated(foreign.clone()).unwrap_err().kind(), StoreErrorKind::Corrupt);
        assert_eq!(touched(&foreign).unwrap_err().kind(), StoreErrorKind::Corrupt);
        assert_eq!(deleted(&foreign).unwrap_err().kind(), StoreErrorKind::Corrupt);
    }

    #[test]
    fn members_come_in_the_order_of_their_bytes_and_by_pages() {
        let key = |byte| RowKey::from_bytes([byte; 32]);
        let answer = || Value::Array([9, 1, 200].map(|b| bulk(&key(b).to_hex())).to_vec());
        assert_eq!(members(answer(), None, 9).unwrap(), [key(1), key(9), key(200)]);
        assert_eq!(members(answer(), None, 2).unwrap(), [key(1), key(9)]);
        assert_eq!(members(answer(), Some(&key(1)), 1).unwrap(), [key(9)]);
        assert_eq!(members(answer(), Some(&key(200)), 9).unwrap(), []);
        let foreign = Value::Array(vec![bulk(b"user:1")]);
        assert_eq!(members(foreign, None, 9).unwrap_err().kind(), StoreErrorKind::Corrupt);
    }

    #[test]
    fn lifetimes_are_never_zero_and_never_too_long() {
        assert_eq!(in_ms(Duration::ZERO), 1);
        assert_eq!(in_ms(Duration::from_micros(1500)), 2);
        assert_eq!(in_ms(Duration::MAX), LONGEST);
        let lease = Lease { now: Millis::default(), keep: Duration::MAX, may_shorten: false };
        assert_eq!(keep(&lease), LONGEST);
    }
}

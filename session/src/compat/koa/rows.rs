//! Their rows in Redis: the cookie has a signed id, the row has the session.

use super::KoaCookies;
use super::cookies::{Moving, Pair};
use super::keys::KoaKeys;
use super::payload::{self, Dialect};
use crate::base64url;
use crate::carrier::CookieOptions;
use crate::data::{NoIndexes, SessionData};
use crate::layer::{ForeignOption, SessionBuilder, SessionLayer};
use crate::life::{Asked, Doing, Foreign, ForeignLook, ForeignRows};
use crate::random;
use crate::seal::Envelope;
use crate::store::RedisStore;
use crate::time::Millis;
use http::HeaderMap;
use std::fmt;
use std::time::{Duration, SystemTime};

/// Longer ids are not looked up.
const LONGEST_ID: usize = 512;
/// koa-session keeps rows for so long beyond their end.
const GRACE: Duration = Duration::from_secs(10);

/// The sessions of koa-session (with a `store`) or koa-generic-session that live in Redis, as
/// `koa-redis` writes them: one JSON text a row.
///
/// A row is found under the id itself, and the last write wins.
#[derive(Clone)]
#[must_use = "pass it to `SessionLayer::koa_rows`, or to `moving_from` with `accept_until`"]
pub struct KoaRows {
    pub(super) cookies: KoaCookies,
    dialect: Dialect,
    prefix: String,
    redis: RedisStore,
}

impl KoaRows {
    /// Rows of koa-session: under the id, `{.., "_expire": .., "_maxAge": ..}`. The cookie is
    /// `koa.sess` unless [`name`](Self::name) says otherwise.
    pub fn koa_session(keys: KoaKeys, redis: RedisStore) -> Self {
        let (cookies, dialect) = (KoaCookies::new(keys), Dialect::Session);
        Self { cookies, dialect, prefix: String::new(), redis }
    }

    /// Rows of koa-generic-session: under `koa:sess:` and the id, `{"cookie": {..}, ..}`. The cookie is
    /// `koa.sid` unless [`name`](Self::name) says otherwise. These rows say nothing of their end, which is
    /// the engine's.
    pub fn generic_session(keys: KoaKeys, redis: RedisStore) -> Self {
        let cookies = KoaCookies::new(keys).name("koa.sid");
        Self { cookies, dialect: Dialect::Generic, prefix: "koa:sess:".to_owned(), redis }
    }

    /// Their `key`.
    pub fn name(mut self, name: &str) -> Self {
        self.cookies = self.cookies.name(name);
        self
    }

    /// Their `path`; `/` by default. A cookie with another one can't be removed.
    pub fn path(mut self, path: &str) -> Self {
        self.cookies = self.cookies.path(path);
        self
    }

    /// Their `domain`; by default none. A cookie with another one can't be removed.
    pub fn domain(mut self, domain: &str) -> Self {
        self.cookies = self.cookies.domain(domain);
        self
    }

    /// Their `prefix`. With koa-session it is a part of the id, none by default; with
    /// koa-generic-session it stands before the id in Redis alone, `koa:sess:` by default.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// To move over from: until then sessions of theirs are accepted.
    pub fn accept_until(self, date: SystemTime) -> Moving {
        Moving { from: self.option(), until: Millis::of(date) }
    }

    fn option(self) -> ForeignOption {
        let Self { cookies, dialect, prefix, redis } = self;
        let options = cookies.options.clone();
        let make = move |options: &CookieOptions| {
            let pair = Pair::new(cookies.keys, options)?;
            Ok(Box::new(InRows { pair, dialect, prefix, redis }) as Box<dyn Foreign>)
        };
        let reserves: fn(&str) -> bool = match dialect {
            Dialect::Session => |key| Dialect::Session.reserves(key),
            Dialect::Generic => |key| Dialect::Generic.reserves(key),
        };
        ForeignOption::new(options, make, reserves)
    }
}

impl<T: SessionData> SessionLayer<T> {
    /// Sessions in the rows of koa-session or koa-generic-session, side by side with a Node application
    /// that reads and writes them too. See [`compat::koa`](crate::compat::koa) for what that can't
    /// promise.
    pub fn koa_rows(rows: KoaRows) -> SessionBuilder<T>
    where
        T: NoIndexes,
    {
        SessionBuilder::foreign(rows.option())
    }
}

impl fmt::Debug for KoaRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KoaRows")
            .field("name", &self.cookies.options.name)
            .field("dialect", &self.dialect)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Sessions in rows of theirs.
pub(super) struct InRows {
    pair: Pair,
    dialect: Dialect,
    prefix: String,
    redis: RedisStore,
}

impl InRows {
    fn key(&self, id: &[u8]) -> Vec<u8> {
        match self.dialect {
            Dialect::Session => id.to_vec(),
            Dialect::Generic => [self.prefix.as_bytes(), id].concat(),
        }
    }
}

impl Foreign for InRows {
    fn is_there(&self, headers: &HeaderMap) -> bool {
        self.pair.is_there(headers)
    }

    fn look<'a>(&'a self, asked: Asked<'a>) -> Doing<'a, ForeignLook> {
        Box::pin(async move {
            let (verified, others) = self.pair.verified(asked.headers);
            let brought = others || !verified.is_empty();
            let mut look = ForeignLook { brought, ..Default::default() };
            look.others.unknown = others;
            for signed in verified {
                let id = std::str::from_utf8(signed.value).ok().filter(|id| id.len() <= LONGEST_ID);
                let row = match id {
                    Some(id) => self.redis.raw_get(&self.key(id.as_bytes())).await?,
                    None => None,
                };
                match (row, id) {
                    (Some(row), Some(id)) => {
                        let theirs = payload::read(&row, self.dialect);
                        look.add(theirs, signed.under_first_key, Some(id.into()), asked);
                    }
                    _ => look.others.missing = true,
                }
            }
            Ok(look)
        })
    }

    fn text(
        &self,
        payload: &[u8],
        envelope: &Envelope,
        ends: Millis,
        aside: Option<&str>,
    ) -> Vec<u8> {
        match self.dialect {
            Dialect::Session => payload::session(payload, envelope, ends),
            Dialect::Generic => payload::generic(payload, envelope, aside),
        }
    }

    fn rows(&self) -> Option<&dyn ForeignRows> {
        Some(self)
    }

    fn room(&self, _text: &[u8]) -> (usize, usize) {
        (0, self.pair.room())
    }

    fn set(&self, headers: &mut HeaderMap, value: &[u8], now: Millis, max_age: Option<u64>) {
        self.pair.set(headers, value, now, max_age);
    }

    fn remove(&self, headers: &mut HeaderMap) {
        self.pair.remove(headers);
    }

    fn request_value(&self, value: &[u8]) -> String {
        self.pair.request_value(value)
    }
}

impl ForeignRows for InRows {
    fn new_id(&self) -> Result<Box<str>, getrandom::Error> {
        let mut bytes = [0; 32];
        random::fill(&mut bytes)?;
        let mut id = match self.dialect {
            Dialect::Session => self.prefix.clone().into_bytes(),
            Dialect::Generic => Vec::new(),
        };
        base64url::encode(&bytes, &mut id);
        // The prefix is text, and base64url is ASCII.
        Ok(String::from_utf8(id).unwrap_or_default().into())
    }

    fn put<'a>(&'a self, id: &'a str, text: &'a [u8], left: Duration) -> Doing<'a> {
        let keep = match self.dialect {
            Dialect::Session => left.saturating_add(GRACE),
            Dialect::Generic => left,
        };
        Box::pin(async move { self.redis.raw_set(&self.key(id.as_bytes()), text, keep).await })
    }

    fn delete<'a>(&'a self, id: &'a str) -> Doing<'a> {
        Box::pin(async move { self.redis.raw_delete(&self.key(id.as_bytes())).await })
    }
}

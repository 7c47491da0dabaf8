//! Their cookies: `NAME`, and its signature in `NAME.sig`.

use super::keys::KoaKeys;
use super::payload::{self, Dialect, Theirs};
use super::text;
use crate::carrier::{Carrier, Cookie, CookieError, CookieOptions, find};
use crate::layer::ForeignOption;
use crate::life::{Asked, Doing, Foreign, ForeignLive, ForeignLook, ForeignRows, Vitality};
use crate::seal::Envelope;
use crate::time::Millis;
use http::HeaderMap;
use std::fmt;
use std::time::SystemTime;

/// Cookies and signatures of one name that are looked at (DESIGN rule 18).
const MAX_TOKENS: usize = 8;

/// The sessions of koa-session or egg-session that live in a cookie.
///
/// They are found under the name that `key` is in their options: `koa.sess` unless [`name`](Self::name)
/// says otherwise, `EGG_SESS` in egg. `.sig` behind it is the signature's. Unsigned cookies
/// (`signed: false`) are never read, and encrypted ones of egg (`encrypt: true`) can't be.
#[derive(Clone)]
#[must_use = "pass it to `SessionLayer::koa`, or to `moving_from` with `accept_until`"]
pub struct KoaCookies {
    pub(super) keys: KoaKeys,
    pub(super) options: CookieOptions,
}

impl KoaCookies {
    /// Cookies signed with these keys.
    pub fn new(keys: KoaKeys) -> Self {
        Self { keys, options: CookieOptions::named("koa.sess") }
    }

    /// Their `key`; `koa.sess` by default.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.options.name);
        self
    }

    /// Their `path`; `/` by default. A cookie with another one can't be removed.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.options.path);
        self
    }

    /// Their `domain`; by default none. A cookie with another one can't be removed.
    pub fn domain(mut self, domain: &str) -> Self {
        self.options.domain = Some(domain.to_owned());
        self
    }

    /// To move over from: until then sessions of theirs are accepted. The longest lifetime that they
    /// have from now on is enough; nobody who comes later had a session any more.
    pub fn accept_until(self, date: SystemTime) -> Moving {
        Moving { from: self.option(|_| false), until: Millis::of(date) }
    }

    pub(super) fn option(self, reserves: fn(&str) -> bool) -> ForeignOption {
        let options = self.options.clone();
        let make = move |options: &CookieOptions| {
            Ok(Box::new(InCookies(Pair::new(self.keys, options)?)) as Box<dyn Foreign>)
        };
        ForeignOption::new(options, make, reserves)
    }
}

impl fmt::Debug for KoaCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KoaCookies").field("name", &self.options.name).finish_non_exhaustive()
    }
}

/// What to move over from, and until when: for
/// [`moving_from`](crate::SessionBuilder::moving_from).
#[must_use = "pass it to `moving_from`"]
pub struct Moving {
    pub(super) from: ForeignOption,
    pub(super) until: Millis,
}

/// What says until when sessions of theirs are accepted: [`Moving`], and nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say until when sessions of theirs are accepted",
    label = "without a date they would count for ever",
    note = "say it: `.accept_until(date)`, a `SystemTime`"
)]
pub trait WithDate: sealed::Sealed {
    #[doc(hidden)]
    fn moving(self) -> Moving;
}

impl WithDate for Moving {
    fn moving(self) -> Moving {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Moving {}
}

impl fmt::Debug for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moving").field("until", &self.until).finish_non_exhaustive()
    }
}

/// The two cookies of a session.
pub(super) struct Pair {
    keys: KoaKeys,
    name: String,
    value: Cookie,
    signature_name: String,
    signature: Cookie,
}

/// A value whose signature holds.
pub(super) struct Signed<'r> {
    pub(super) value: &'r [u8],
    pub(super) under_first_key: bool,
}

impl Pair {
    pub(super) fn new(keys: KoaKeys, options: &CookieOptions) -> Result<Self, CookieError> {
        let signature_name = format!("{}.sig", options.name);
        let signature = CookieOptions { name: signature_name.clone(), ..options.clone() };
        Ok(Self {
            keys,
            name: options.name.clone(),
            value: Cookie::new(options)?,
            signature_name,
            signature: Cookie::new(&signature)?,
        })
    }

    pub(super) fn is_there(&self, headers: &HeaderMap) -> bool {
        let mut there = false;
        find::each_cookie(headers, &self.name, &mut |_| there = true);
        there
    }

    /// The values that verify, each once. Says too whether there were others.
    pub(super) fn verified<'r>(&self, headers: &'r HeaderMap) -> (Vec<Signed<'r>>, bool) {
        let (mut values, mut signatures) = (Vec::<&[u8]>::new(), Vec::<&[u8]>::new());
        // No browser sends one that is longer than what it takes.
        let room = self.room();
        let few = |all: &mut Vec<&'r [u8]>, text: &'r [u8]| {
            if all.len() < MAX_TOKENS && text.len() <= room && !all.contains(&text) {
                all.push(text);
            }
        };
        find::each_cookie(headers, &self.name, &mut |text| few(&mut values, text));
        find::each_cookie(headers, &self.signature_name, &mut |text| few(&mut signatures, text));
        let found = values.len();
        let verified: Vec<_> = values
            .into_iter()
            .filter_map(|value| {
                let key = self.keys.verify(&self.name, value, &signatures)?;
                Some(Signed { value, under_first_key: key == 0 })
            })
            .collect();
        let others = verified.len() < found;
        (verified, others)
    }

    pub(super) fn room(&self) -> usize {
        self.value.capacity()
    }

    pub(super) fn set(
        &self,
        headers: &mut HeaderMap,
        value: &[u8],
        now: Millis,
        max_age: Option<u64>,
    ) {
        let signature = self.keys.sign(&self.name, value);
        let write = |to: &mut Vec<u8>| to.extend_from_slice(value);
        self.value.set_value(headers, value.len(), write, now, max_age);
        let write = |to: &mut Vec<u8>| to.extend_from_slice(&signature);
        self.signature.set_value(headers, signature.len(), write, now, max_age);
    }

    pub(super) fn remove(&self, headers: &mut HeaderMap) {
        self.value.remove(headers);
        self.signature.remove(headers);
    }

    pub(super) fn request_value(&self, value: &[u8]) -> String {
        let signature = self.keys.sign(&self.name, value);
        let text = String::from_utf8_lossy;
        let (name, sig) = (&self.name, &self.signature_name);
        format!("{name}={}; {sig}={}", text(value), text(&signature))
    }
}

/// Sessions in cookies of theirs.
pub(super) struct InCookies(pub(super) Pair);

impl Foreign for InCookies {
    fn is_there(&self, headers: &HeaderMap) -> bool {
        self.0.is_there(headers)
    }

    fn look<'a>(&'a self, asked: Asked<'a>) -> Doing<'a, ForeignLook> {
        let (verified, others) = self.0.verified(asked.headers);
        let mut look =
            ForeignLook { brought: others || !verified.is_empty(), ..Default::default() };
        // They don't name their keys: it may be under one that this instance does not have yet.
        look.others.unknown = others;
        for signed in verified {
            let text = text::decode(signed.value);
            look.add(payload::read(&text, Dialect::Session), signed.under_first_key, None, asked);
        }
        Box::pin(std::future::ready(Ok(look)))
    }

    fn text(
        &self,
        payload: &[u8],
        envelope: &Envelope,
        ends: Millis,
        _aside: Option<&str>,
    ) -> Vec<u8> {
        text::encode(&payload::session(payload, envelope, ends)).into_bytes()
    }

    fn rows(&self) -> Option<&dyn ForeignRows> {
        None
    }

    fn room(&self, text: &[u8]) -> (usize, usize) {
        (text.len(), self.0.room())
    }

    fn set(&self, headers: &mut HeaderMap, value: &[u8], now: Millis, max_age: Option<u64>) {
        self.0.set(headers, value, now, max_age);
    }

    fn remove(&self, headers: &mut HeaderMap) {
        self.0.remove(headers);
    }

    fn request_value(&self, value: &[u8]) -> String {
        self.0.request_value(value)
    }
}

impl ForeignLook {
    /// Judges one session of theirs.
    pub(super) fn add(
        &mut self,
        theirs: Option<Theirs>,
        under_first_key: bool,
        id: Option<Box<str>>,
        asked: Asked<'_>,
    ) {
        // Signed, and no session: whatever it is, they start a new one too.
        let Some(theirs) = theirs else {
            self.others.unknown = true;
            return;
        };
        match theirs.times.envelope(asked.lifetimes, asked.version, asked.now) {
            None => self.others.expired = true,
            Some(_) if self.live.is_some() => self.ambiguous = true,
            Some(envelope) => match asked.lifetimes.vitality(&envelope, asked.now) {
                Vitality::Alive => {
                    let (payload, aside) = (theirs.data, theirs.cookie);
                    self.live = Some(ForeignLive { payload, envelope, under_first_key, id, aside });
                }
                Vitality::Expired => self.others.expired = true,
                Vitality::FromTheFuture => self.others.future = true,
            },
        }
    }
}

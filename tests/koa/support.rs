//! A browser's cookies, and what koa writes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use session::compat::koa::{KoaCookies, KoaKeys};
use session::{Session, SessionData};
use session_tests::{Reply, Site};
use std::collections::BTreeMap;

/// When koa's vectors were made: the test clock stands there, too.
pub const NOW: u64 = 1_700_000_000_000;
pub const DAY: u64 = 86_400_000;

#[derive(Session, Debug, PartialEq)]
pub struct Visit {
    pub views: u64,
    #[session(rotate)]
    pub user: Option<String>,
    pub note: Option<String>,
}

pub fn keys() -> KoaKeys {
    KoaKeys::sha1(["key-new-2023", "key-old-2022"]).unwrap()
}

pub fn theirs() -> KoaCookies {
    KoaCookies::new(keys())
}

/// What a browser keeps: by name, without attributes.
#[derive(Debug, Default, Clone)]
pub struct Jar(pub BTreeMap<String, String>);

impl Jar {
    pub fn with(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    /// A session of koa's with this payload, signed with this key.
    pub fn of_koa(payload: &str, key: &str) -> Self {
        let value = STANDARD.encode(payload);
        let signature = sign(key, "koa.sess", &value);
        Self::with(&[("koa.sess", &value), ("koa.sess.sig", &signature)])
    }

    pub fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub fn keep(&mut self, reply: &Reply) {
        for line in reply.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a pair");
            if attributes.contains("Max-Age=0;") {
                self.0.remove(name);
            } else {
                self.0.insert(name.into(), value.into());
            }
        }
    }

    /// What koa would decode.
    pub fn payload(&self) -> String {
        let bytes = STANDARD.decode(&self.0["koa.sess"]).expect("base64 with padding");
        String::from_utf8(bytes).expect("text")
    }

    pub async fn sends<T: SessionData, A: 'static>(
        &mut self,
        site: &Site<T>,
        handler: impl axum::handler::Handler<A, ()>,
    ) -> Reply {
        let reply = site.run(&self.header(), handler).await;
        self.keep(&reply);
        reply
    }
}

/// Keygrip's, from its description: not the library's code.
pub fn sign(key: &str, name: &str, value: &str) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{name}={value}").as_bytes());
    let text = STANDARD.encode(mac.finalize().into_bytes());
    text.replace('/', "_").replace('+', "-").replace('=', "")
}

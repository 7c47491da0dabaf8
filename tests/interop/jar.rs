//! The one cookie jar.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use std::collections::BTreeMap;

/// What a browser keeps of one site: by name. Whoever judges a session judges it by what it says, not by
/// the cookie's end: so nothing leaves the jar by itself.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Jar(pub BTreeMap<String, String>);

impl Jar {
    /// A value of theirs, signed with this key as Keygrip does by default.
    pub fn signed(name: &str, value: &str, key: &str) -> Self {
        Self(BTreeMap::from([
            (name.to_owned(), value.to_owned()),
            (format!("{name}.sig"), sign(key, name, value)),
        ]))
    }

    pub fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub fn keep<'l>(&mut self, set_cookies: impl IntoIterator<Item = &'l str>) {
        for line in set_cookies {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a pair");
            let attributes = attributes.to_ascii_lowercase();
            let gone = ["max-age=0", "expires=thu, 01 jan 1970 00:00:00 gmt"];
            if attributes.split(';').any(|attribute| gone.contains(&attribute.trim())) {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What is in a cookie of koa-session's.
    pub fn payload(&self, name: &str) -> String {
        let bytes = STANDARD.decode(&self.0[name]).expect("base64 with padding");
        String::from_utf8(bytes).expect("text")
    }
}

/// Keygrip's, from its description: neither the library's code nor Node's.
pub fn sign(key: &str, name: &str, value: &str) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).expect("any length");
    mac.update(format!("{name}={value}").as_bytes());
    let text = STANDARD.encode(mac.finalize().into_bytes());
    text.replace('/', "_").replace('+', "-").replace('=', "")
}

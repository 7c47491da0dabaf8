//! The wire format a second time, written from `docs/wire-format.md` and not from the library's
//! code: HMAC-SHA256 and nothing else of its dependencies.

#![allow(dead_code, reason = "each test target uses its own part")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes in front of the payload, without the ends of fields.
pub const FIXED: usize = 38;
pub const TAG: usize = 32;

pub const OWN_LIFETIME: u8 = 0b001;
pub const BROWSER: u8 = 0b010;
pub const EXPIRIES: u8 = 0b100;

pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(message).finalize().into_bytes().into()
}

/// The info of a derivation: the domain string and the parts, each behind its length.
pub fn info(parts: &[&str]) -> Vec<u8> {
    let mut info = Vec::new();
    for part in [&["rust session v1"], parts].concat() {
        info.extend(u32::try_from(part.len()).expect("short").to_be_bytes());
        info.extend(part.as_bytes());
    }
    info
}

/// HKDF-SHA256 (RFC 5869) without salt, for one block of output.
pub fn derive(key: &[u8], parts: &[&str]) -> [u8; 32] {
    let extracted = hmac(&[0; 32], key);
    hmac(&extracted, &[info(parts).as_slice(), &[1]].concat())
}

pub fn key_id(key: &[u8]) -> [u8; 8] {
    *derive(key, &["key id"]).first_chunk().expect("32 bytes")
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    pub version: u8,
    pub key_id: [u8; 8],
    pub flags: u8,
    pub started: u64,
    pub rotated: u64,
    pub renewed: u64,
    pub idle: u64,
    pub payload_version: u32,
    pub expiries: Vec<(String, u64)>,
    pub payload: Vec<u8>,
}

impl Parts {
    /// Everything that is authenticated.
    pub fn message(&self) -> Vec<u8> {
        let mut message = vec![self.version];
        message.extend(self.key_id);
        message.push(self.flags);
        for time in [self.started, self.rotated, self.renewed, self.idle] {
            message.extend(&time.to_be_bytes()[2..]);
        }
        message.extend(self.payload_version.to_be_bytes());
        if self.flags & EXPIRIES != 0 {
            message.push(u8::try_from(self.expiries.len()).expect("at most 255"));
            for (field, end) in &self.expiries {
                message.push(u8::try_from(field.len()).expect("at most 255"));
                message.extend(field.as_bytes());
                message.extend(&end.to_be_bytes()[2..]);
            }
        }
        message.extend(&self.payload);
        message
    }

    /// Reads a token whose tag was checked.
    pub fn parse(message: &[u8]) -> Self {
        let number = |at: usize, len: usize| {
            message[at..at + len].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        let flags = message[9];
        let mut at = FIXED;
        let mut expiries = Vec::new();
        if flags & EXPIRIES != 0 {
            at += 1;
            for _ in 0..message[FIXED] {
                let len = usize::from(message[at]);
                let field = String::from_utf8(message[at + 1..][..len].to_vec()).expect("UTF-8");
                expiries.push((field, number(at + 1 + len, 6)));
                at += 7 + len;
            }
        }
        Self {
            version: message[0],
            key_id: *message[1..].first_chunk().expect("longer"),
            flags,
            started: number(10, 6),
            rotated: number(16, 6),
            renewed: number(22, 6),
            idle: number(28, 6),
            payload_version: u32::try_from(number(34, 4)).expect("4 bytes"),
            expiries,
            payload: message[at..].to_vec(),
        }
    }
}

/// What a token is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    pub key: &'a [u8],
    pub mode: &'a str,
    pub cookie: &'a str,
    pub schema: &'a str,
}

impl Bound<'_> {
    pub fn sub_key(&self) -> [u8; 32] {
        derive(self.key, &[self.mode, self.cookie, self.schema])
    }

    /// `message` and its tag, as text.
    pub fn seal(&self, message: &[u8]) -> String {
        text(&[message, &hmac(&self.sub_key(), message)].concat())
    }

    pub fn open(&self, token: &str) -> Option<Parts> {
        let token = raw(token);
        let (message, tag) = token.split_last_chunk::<TAG>()?;
        (hmac(&self.sub_key(), message) == *tag).then(|| Parts::parse(message))
    }
}

pub fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn raw(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url without padding")
}

//! Keygrip's signatures.

use crate::base64url;
use ctutils::CtEq;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use std::fmt;

/// What `app.keys` is in the Node application: the first key signs, all verify.
///
/// A type of its own, and no [`Keys`](crate::Keys): these are used as they are, may be short, and are
/// known to another application. Don't use one of them for anything else.
///
/// ```
/// use session::compat::koa::KoaKeys;
///
/// // app.keys = ['key-new-2023', 'key-old-2022']
/// let keys = KoaKeys::sha1(["key-new-2023", "key-old-2022"])?;
/// // app.keys = new Keygrip([..], 'sha256', 'base64'), and what egg does
/// let keys = KoaKeys::sha256(["key-new-2023"])?;
/// # Ok::<(), session::compat::koa::KoaKeysError>(())
/// ```
#[derive(Clone)]
pub struct KoaKeys(Vec<Signer>);

#[derive(Clone)]
enum Signer {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

impl KoaKeys {
    /// As koa has it unless told otherwise: HMAC-SHA1, 27 characters.
    ///
    /// # Errors
    /// When there is no key, or an empty one.
    pub fn sha1<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Result<Self, KoaKeysError> {
        Self::new(keys, |key| Hmac::new_from_slice(key).ok().map(Signer::Sha1))
    }

    /// As egg has it, and koa with a `Keygrip` that was told so: HMAC-SHA256, 43 characters.
    ///
    /// # Errors
    /// When there is no key, or an empty one.
    pub fn sha256<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Result<Self, KoaKeysError> {
        Self::new(keys, |key| Hmac::new_from_slice(key).ok().map(Signer::Sha256))
    }

    fn new<K: AsRef<str>>(
        keys: impl IntoIterator<Item = K>,
        signer: impl Fn(&[u8]) -> Option<Signer>,
    ) -> Result<Self, KoaKeysError> {
        let mut signers = Vec::new();
        for (index, key) in keys.into_iter().enumerate() {
            let key = key.as_ref().as_bytes();
            let empty = KoaKeysError::Empty { position: index + 1 };
            signers.push(signer(key).filter(|_| !key.is_empty()).ok_or(empty)?);
        }
        if signers.is_empty() { Err(KoaKeysError::None) } else { Ok(Self(signers)) }
    }

    /// The signature of a cookie, as the cookie `NAME.sig` has it.
    pub(super) fn sign(&self, name: &str, value: &[u8]) -> Vec<u8> {
        self.0.first().map(|key| key.sign(name, value)).unwrap_or_default()
    }

    /// Which key one of these signatures is under. In constant time as to what is compared.
    pub(super) fn verify(&self, name: &str, value: &[u8], signatures: &[&[u8]]) -> Option<usize> {
        self.0.iter().position(|key| {
            let ours = key.sign(name, value);
            signatures.iter().any(|theirs| (*theirs).ct_eq(&ours[..]).into())
        })
    }
}

impl Signer {
    fn sign(&self, name: &str, value: &[u8]) -> Vec<u8> {
        let parts = [name.as_bytes(), b"=", value];
        let mut text = Vec::with_capacity(43);
        match self {
            Self::Sha1(mac) => {
                let mac = parts.iter().fold(mac.clone(), Mac::chain_update);
                base64url::encode(&mac.finalize().into_bytes(), &mut text);
            }
            Self::Sha256(mac) => {
                let mac = parts.iter().fold(mac.clone(), Mac::chain_update);
                base64url::encode(&mac.finalize().into_bytes(), &mut text);
            }
        }
        text
    }
}

impl fmt::Debug for KoaKeys {
    /// Shows how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KoaKeys").field("keys", &self.0.len()).finish_non_exhaustive()
    }
}

/// Keys are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KoaKeysError {
    /// There is no key.
    None,
    /// A key is empty.
    Empty {
        /// Counted from one.
        position: usize,
    },
}

impl fmt::Display for KoaKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no key: list what `app.keys` of the Node application is"),
            Self::Empty { position } => write!(f, "key {position} is empty"),
        }
    }
}

impl std::error::Error for KoaKeysError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(keys: &KoaKeys, name: &str, value: &str) -> String {
        String::from_utf8(keys.sign(name, value.as_bytes())).unwrap()
    }

    /// Of the `keygrip` and `cookies` packages, and of koa-session, koa-generic-session and egg.
    #[test]
    fn known_signatures() {
        let cat = KoaKeys::sha1(["keyboard cat"]).unwrap();
        assert_eq!(signed(&cat, "foo", "bar"), "iW2fuCIzk9Cg_rqLT1CAqrtdWs8");
        let cat = KoaKeys::sha1(["keyboard cat a"]).unwrap();
        assert_eq!(signed(&cat, "foo", "bar"), "tecF04p5ua6TnfYxUTDskgWSKJE");
        let payload = "eyJ2aWV3cyI6MSwidXNlciI6ImFsaWNlIiwiX2V4cGlyZSI6MTcwMDA4NjQwMDAwMCwiX21heEFnZSI6\
                       ODY0MDAwMDB9";
        let keys = KoaKeys::sha1(["key-new-2023", "key-old-2022"]).unwrap();
        assert_eq!(signed(&keys, "koa.sess", payload), "765PdgrmC6Vbyoe6YAoS7DXl1Ns");
        assert_eq!(signed(&keys, "koa.sess", "sid-1"), "mXyKlfsaD3kdTAnlI2GbI8ybwB8");
        let verified = |sig: &str| keys.verify("koa.sess", payload.as_bytes(), &[sig.as_bytes()]);
        assert_eq!(verified("765PdgrmC6Vbyoe6YAoS7DXl1Ns"), Some(0));
        assert_eq!(verified("1vSHObC6-w7BJsykf1tpObkc-FY"), Some(1));
        for bad in ["", "765PdgrmC6Vbyoe6YAoS7DXl1Nt", "765PdgrmC6Vbyoe6YAoS7DXl1Ns="] {
            assert_eq!(verified(bad), None, "{bad}");
        }
        let generic = KoaKeys::sha1(["k1", "k0"]).unwrap();
        assert_eq!(signed(&generic, "koa.sid", "gsid1"), "sx713zVMRQpqzuc5eZ0A_TlZ80U");
        let egg = KoaKeys::sha256(["key-new-2023"]).unwrap();
        assert_eq!(
            signed(&egg, "EGG_SESS", payload),
            "g1dQRDpoj4mPoznUqYpjf1ix-QR-2TYpPgVD0DE3MQE"
        );
    }

    #[test]
    fn keys_that_are_none() {
        assert_eq!(KoaKeys::sha1([""; 0]).unwrap_err(), KoaKeysError::None);
        let error = KoaKeys::sha256(["a", ""]).unwrap_err();
        assert_eq!(error, KoaKeysError::Empty { position: 2 });
        assert!(!format!("{:?}", KoaKeys::sha1(["hunter2"]).unwrap()).contains("hunter2"));
    }
}

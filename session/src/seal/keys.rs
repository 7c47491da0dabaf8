//! The key ring.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;

/// Bytes that a key must have at least (ASVS 5.0, 11.2.3: 128 bits of security; this is 256).
const MIN_KEY_BYTES: usize = 32;

/// The key that this crate's documentation shows. It is refused, so that nobody goes to
/// production with it.
const EXAMPLE: &str = "ZG9jdW1lbnRhdGlvbiBleGFtcGxlOiBub3QgYSBrZXk=";

/// A key ring: the first key signs, all verify.
///
/// To change a key without logging anybody out, roll out `[old, new]`, then `[new, old]`, and once
/// the longest lifetime has passed `[new]`. A token names its key, so that verifying costs the same
/// with any number of keys. A token under a later-listed key is sealed anew with the first one by
/// the next response whose request used the session.
///
/// Keys are never used as they are: each use derives its own by HKDF-SHA256, bound to the library,
/// the mode, the cookie's name and the session's schema name. One ring serves any number of
/// session types.
///
/// In the environment a ring looks like `SESSION_KEYS=ZG9jdW1lbnRhdGlvbiBleGFtcGxlOiBub3QgYSBrZXk=`;
/// this very key, having been published, is refused.
///
/// ```no_run
/// use session::Keys;
///
/// # fn main() -> Result<(), session::KeysError> {
/// // What `openssl rand -base64 32` prints, in an environment variable:
/// let keys = Keys::from_env("SESSION_KEYS")?;
/// // For development, and for tests: sessions end with the process.
/// let keys = Keys::random()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Keys {
    ring: Vec<Key>,
}

#[derive(Clone)]
pub(super) struct Key {
    /// Names the key in tokens; derived from it, so that it can't be mixed up.
    pub(super) id: [u8; 8],
    hkdf: Hkdf<Sha256>,
}

impl Keys {
    /// The ring in an environment variable: one or more keys, separated by commas, each base64
    /// (either alphabet, padded or not) or hexadecimal of 32 bytes or more.
    ///
    /// # Errors
    /// When the variable is missing, or as [`parse`](Self::parse).
    pub fn from_env(variable: &str) -> Result<Self, KeysError> {
        let text = std::env::var(variable)
            .map_err(|_| KeysError::Variable { name: variable.to_owned() })?;
        Self::parse(&text)
    }

    /// The ring written as text, as [`from_env`](Self::from_env) takes it.
    ///
    /// # Errors
    /// When there is no key, or one is neither base64 nor hexadecimal, or as [`new`](Self::new).
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let keys = text
            .split(',')
            .map(str::trim)
            .enumerate()
            .map(|(index, key)| decode(key).ok_or(KeysError::Encoding { position: index + 1 }))
            .collect::<Result<Vec<_>, _>>();
        match keys {
            _ if text.trim().is_empty() => Err(KeysError::None),
            keys => Self::new(keys?),
        }
    }

    /// A ring of raw keys, 32 bytes or more each, the signing one first.
    ///
    /// # Errors
    /// When there is none, or one is shorter than 32 bytes, all zero, listed twice, or the
    /// documentation's own.
    pub fn new<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Result<Self, KeysError> {
        let mut ring: Vec<Key> = Vec::new();
        for (index, key) in keys.into_iter().enumerate() {
            let (key, position) = (key.as_ref(), index + 1);
            if key.len() < MIN_KEY_BYTES {
                return Err(KeysError::TooShort { position, bytes: key.len() });
            }
            if key.iter().all(|&byte| byte == 0) {
                return Err(KeysError::Zero { position });
            }
            if decode(EXAMPLE).is_some_and(|example| example == key) {
                return Err(KeysError::Example { position });
            }
            let key = Key::derive(key);
            if let Some(first) = ring.iter().position(|other| other.id == key.id) {
                return Err(KeysError::Doubled { position, first: first + 1 });
            }
            ring.push(key);
        }
        if ring.is_empty() { Err(KeysError::None) } else { Ok(Self { ring }) }
    }

    /// One key from the operating system's random number generator. Sessions end with it.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn random() -> Result<Self, KeysError> {
        let mut key = [0_u8; MIN_KEY_BYTES];
        getrandom::fill(&mut key).map_err(KeysError::Random)?;
        Self::new([key])
    }

    pub(super) fn ring(&self) -> &[Key] {
        &self.ring
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("len", &self.ring.len()).finish_non_exhaustive()
    }
}

impl Key {
    fn derive(key: &[u8]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, key);
        let mut id = [0; 8];
        expand(&hkdf, &["key id"], &mut id);
        Self { id, hkdf }
    }

    /// A sub-key for one purpose.
    pub(super) fn sub_key(&self, purpose: &[&str]) -> [u8; 32] {
        let mut sub_key = [0; 32];
        expand(&self.hkdf, purpose, &mut sub_key);
        sub_key
    }
}

/// HKDF-Expand with an info that no two purposes share: the library's domain string and every part
/// of the purpose, each behind its length (u32, big endian).
fn expand(hkdf: &Hkdf<Sha256>, purpose: &[&str], to: &mut [u8]) {
    let mut info = Vec::new();
    for part in std::iter::once(&"rust session v1").chain(purpose) {
        // A cookie or schema name of 4 GiB can't be; a prefix that saturates is still a prefix.
        let len = u32::try_from(part.len()).unwrap_or(u32::MAX);
        info.extend_from_slice(&len.to_be_bytes());
        info.extend_from_slice(part.as_bytes());
    }
    hkdf.expand(&info, to).expect("32 bytes are less than HKDF-SHA256's limit of 8160");
}

fn decode(key: &str) -> Option<Vec<u8>> {
    let hexadecimal = key.len() >= 2 * MIN_KEY_BYTES
        && key.len().is_multiple_of(2)
        && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hexadecimal {
        return (0..key.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&key[at..at + 2], 16).ok())
            .collect();
    }
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if key.contains(['-', '_']) {
        base64::alphabet::URL_SAFE
    } else {
        base64::alphabet::STANDARD
    };
    GeneralPurpose::new(&alphabet, config).decode(key).ok()
}

/// A key ring can't be used.
///
/// `position` counts from 1, in the order of the list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum KeysError {
    /// The environment variable is missing or no Unicode text.
    Variable {
        /// The variable's name.
        name: String,
    },
    /// The list is empty.
    None,
    /// A key is neither base64 nor hexadecimal.
    Encoding {
        /// Which one.
        position: usize,
    },
    /// A key has less than 32 bytes.
    TooShort {
        /// Which one.
        position: usize,
        /// How many it has.
        bytes: usize,
    },
    /// A key is all zero.
    Zero {
        /// Which one.
        position: usize,
    },
    /// A key is listed twice.
    Doubled {
        /// The second place.
        position: usize,
        /// The first place.
        first: usize,
    },
    /// A key was copied from the documentation.
    Example {
        /// Which one.
        position: usize,
    },
    /// The operating system gave no random bytes.
    Random(getrandom::Error),
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAKE: &str = "make one with `openssl rand -base64 32`";
        match self {
            Self::Variable { name } => write!(
                f,
                "the environment variable `{name}` holds no session keys; {MAKE} and set it"
            ),
            Self::None => write!(f, "the list of session keys is empty; {MAKE}"),
            Self::Encoding { position } => {
                write!(f, "session key {position} is neither base64 nor hexadecimal; {MAKE}")
            }
            Self::TooShort { position, bytes } => write!(
                f,
                "session key {position} has {bytes} bytes and needs at least {MIN_KEY_BYTES}; {MAKE}"
            ),
            Self::Zero { position } => {
                write!(f, "session key {position} is all zero; {MAKE}")
            }
            Self::Doubled { position, first } => {
                write!(f, "session keys {first} and {position} are the same; remove one")
            }
            Self::Example { position } => write!(
                f,
                "session key {position} is the documentation's example, which everybody knows; {MAKE}"
            ),
            Self::Random(_) => f.write_str("the operating system gave no random bytes for a key"),
        }
    }
}

impl std::error::Error for KeysError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Random(source) => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

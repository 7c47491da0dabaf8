//! What a signed token says, read by its documented layout.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The parts of a signed token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub key: [u8; 8],
    pub flags: u8,
    pub started: u64,
    pub rotated: u64,
    pub renewed: u64,
    pub idle: u64,
    /// Everything behind the fixed part and before the tag, as text.
    pub rest: String,
}

impl Sealed {
    /// Reads `name=token` or a bare token.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn read(cookie: &str) -> Self {
        let token = cookie.rsplit('=').next().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(token).expect("base64url");
        let number = |at: usize| {
            bytes[at..at + 6].iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
        };
        assert_eq!(bytes[0], 1, "the version of the layout");
        Self {
            key: bytes[1..9].try_into().expect("8 bytes"),
            flags: bytes[9],
            started: number(10),
            rotated: number(16),
            renewed: number(22),
            idle: number(28),
            rest: String::from_utf8_lossy(&bytes[38..bytes.len() - 32]).into_owned(),
        }
    }
}

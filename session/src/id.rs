//! Names of sessions that are kept on the server: ids and handles.

use crate::{base64url, random};
use ctutils::CtEq;
use std::fmt;

/// The public name of a session that is kept on the server: random, the same through rotation, and
/// no credential: it may stand in a list of "your sessions", and gives no access. Sessions in
/// cookies have none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHandle([u8; 16]);

impl SessionHandle {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        random::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionHandle {
    /// 32 lowercase hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

impl std::str::FromStr for SessionHandle {
    type Err = HandleError;

    /// Reads what `Display` writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, HandleError> {
        let digits =
            text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u128::from_str_radix(text, 16) {
            Ok(number) if digits => Ok(Self(number.to_be_bytes())),
            _ => Err(HandleError),
        }
    }
}

/// A text is no [`SessionHandle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandleError;

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session's handle is 32 lowercase hexadecimal digits")
    }
}

impl std::error::Error for HandleError {}

/// Bytes of an id's secret half: 256 bits (ASVS 5.0, 7.2.3 asks for 128).
pub(crate) const SECRET: usize = 32;
/// As text an id has 64 characters, none of which has a bit to spare: each id has one text.
const ID: usize = SessionId::BYTES;
const TEXT: usize = base64url::encoded_len(ID);

/// What the client of a stored session holds: `handle (16) | secret (32)`, base64url.
///
/// The handle finds the row, the secret opens it. A rotation changes the secret.
#[derive(Clone, Copy)]
pub(crate) struct SessionId([u8; ID]);

impl SessionId {
    /// The bytes of an id, before they become text.
    pub(crate) const BYTES: usize = 16 + SECRET;

    pub(crate) const fn from_bytes(bytes: [u8; ID]) -> Self {
        Self(bytes)
    }

    /// The same secret half under another handle.
    pub(crate) fn with_handle(mut self, handle: SessionHandle) -> Self {
        self.0[..16].copy_from_slice(handle.as_bytes());
        self
    }

    /// Reads a token's text: exactly what [`bytes`](Self::bytes) becomes as base64url.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; TEXT] = text.try_into().ok()?;
        // The decoder's SIMD path needs more than 64 characters: with it an id takes half the instructions.
        let (mut longer, mut bytes) = ([b'A'; TEXT + 4], [0; ID + 3]);
        longer[..TEXT].copy_from_slice(text);
        base64url::decode_exact(&longer, &mut bytes)?;
        bytes.first_chunk().copied().map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8; ID] {
        &self.0
    }

    pub(crate) fn handle(&self) -> SessionHandle {
        let mut handle = [0; 16];
        handle.copy_from_slice(&self.0[..16]);
        SessionHandle(handle)
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.0[16..]
    }
}

impl fmt::Debug for SessionId {
    /// Does not show the id: it is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionId").finish_non_exhaustive()
    }
}

/// The digest of an id's secret half, as a row holds it.
#[derive(Clone, Copy)]
pub(crate) struct SecretDigest(pub(crate) [u8; 32]);

impl SecretDigest {
    /// In constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SessionId {
        SessionId::from_bytes([9; ID]).with_handle(SessionHandle([7; 16]))
    }

    fn text(id: &SessionId) -> Vec<u8> {
        let mut text = Vec::new();
        base64url::encode(id.bytes(), &mut text);
        text
    }

    #[test]
    fn an_id_has_one_text() {
        let text = text(&id());
        assert_eq!(SessionId::parse(&text).unwrap().bytes(), id().bytes());
        for len in (0..text.len()).chain([text.len() + 1]) {
            let mut other = text.clone();
            other.resize(len, b'A');
            assert!(SessionId::parse(&other).is_none(), "{len} characters");
        }
        for bad in [b'=', b'+', b'/', b' ', b'"', b'%', 0, 255] {
            let mut other = text.clone();
            other[10] = bad;
            assert!(SessionId::parse(&other).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_handle_has_one_text() {
        let handle = SessionHandle([0xab; 16]);
        assert_eq!(handle.to_string().parse(), Ok(handle));
        let long = format!("{handle}0");
        for bad in ["", "ab", &handle.to_string().to_uppercase(), &long, "+123", &"g".repeat(32)] {
            assert_eq!(bad.parse::<SessionHandle>(), Err(HandleError), "{bad}");
        }
    }

    #[test]
    fn req_6_debug_shows_no_credential() {
        assert_eq!(format!("{:?}", id()), "SessionId { .. }");
    }
}

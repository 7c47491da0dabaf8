//! Signed tokens: everybody can read them, nobody without the key can make or change one.

use super::envelope::{Envelope, Kind};
use super::keys::Keys;
use crate::base64url;
use crate::data::Payload;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The mode's name in the derivation of sub-keys.
const MODE: &str = "signed";
/// HMAC-SHA256, not truncated.
const TAG: usize = 32;

/// Makes and opens tokens of the form `envelope | payload | HMAC-SHA256(envelope | payload)`,
/// base64url without padding.
///
/// Guarantees integrity, and by its sub-key that a token of one library, mode, cookie name or schema
/// is refused by another. Does not hide anything, and does not prevent the replay of an older token.
pub(crate) struct Signed {
    ring: Vec<Signer>,
}

struct Signer {
    id: [u8; 8],
    /// Keyed, so that a request pays for the message alone.
    mac: Hmac<Sha256>,
}

/// Why a token was refused. One answer outward; the two cases differ only in what becomes of the
/// cookie (DESIGN rule 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Malformed, or the tag is wrong: it will never be good.
    Forged,
    /// Under a key or of a version that this instance does not know: another one may.
    Unknown,
}

impl Signed {
    pub(crate) fn new(keys: &Keys, cookie: &str, schema: &str) -> Self {
        let ring = keys
            .ring()
            .iter()
            .map(|key| Signer {
                id: key.id,
                mac: Hmac::new_from_slice(&key.sub_key(&[MODE, cookie, schema]))
                    .expect("HMAC takes keys of any length"),
            })
            .collect();
        Self { ring }
    }

    /// Verifies `token`. Leaves its payload in `payload`, and says whether it is under the key that
    /// signs now.
    pub(crate) fn open(
        &self,
        token: &[u8],
        payload: &mut Payload,
    ) -> Result<(Envelope, bool), Refused> {
        let buffer = payload.token_buffer();
        base64url::decode(token, buffer).ok_or(Refused::Forged)?;
        let position = match Kind::of(buffer) {
            Kind::Ours(id) => {
                self.ring.iter().position(|signer| signer.id == id).ok_or(Refused::Unknown)?
            }
            Kind::Later => return Err(Refused::Unknown),
            Kind::Malformed => return Err(Refused::Forged),
        };
        let (message, tag) = buffer.split_last_chunk::<TAG>().ok_or(Refused::Forged)?;
        // In constant time.
        self.ring[position]
            .mac
            .clone()
            .chain_update(message)
            .verify(tag.into())
            .map_err(|_| Refused::Forged)?;
        let end = message.len();
        let (envelope, start) = Envelope::read(message).ok_or(Refused::Forged)?;
        payload.narrow(start..end);
        Ok((envelope, position == 0))
    }

    /// The bytes of a token before they become text.
    pub(crate) fn token_len(envelope: &Envelope, payload: &[u8]) -> usize {
        envelope.len() + payload.len() + TAG
    }

    /// Seals into `token`, as raw bytes: the carrier writes them as base64url.
    pub(crate) fn seal(&self, envelope: &Envelope, payload: &[u8], token: &mut Vec<u8>) {
        let signer = &self.ring[0];
        token.clear();
        envelope.write(signer.id, token);
        token.extend_from_slice(payload);
        let tag = signer.mac.clone().chain_update(&*token).finalize().into_bytes();
        token.extend_from_slice(&tag);
    }
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed").field("keys", &self.ring.len()).finish_non_exhaustive()
    }
}

//! Authenticated encryption with a key ring.

use super::Keys;
use super::signed::Refused;
use crate::random;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};

/// Bytes of the parts around a ciphertext. A nonce is random: with 192 bits no two are ever the same, for all practical purposes.
const ID: usize = 8;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Encrypts with the first key of a ring, decrypts with all, by XChaCha20-Poly1305.
///
/// Layout: `key id (8) | nonce (24) | ciphertext | tag (16)`. The key is a sub-key of the ring's for one
/// purpose; key id, and whatever the caller binds the text to, are authenticated with it.
pub(crate) struct Encrypted {
    ring: Vec<Cipher>,
}

struct Cipher {
    id: [u8; ID],
    aead: XChaCha20Poly1305,
}

impl Encrypted {
    /// How much longer a text is when it is sealed.
    pub(crate) const OVERHEAD: usize = ID + NONCE + TAG;

    pub(crate) fn new(keys: &Keys, purpose: &[&str]) -> Self {
        let cipher = |key: &super::keys::Key| Cipher {
            id: key.id,
            aead: XChaCha20Poly1305::new(&key.sub_key(purpose).into()),
        };
        Self { ring: keys.ring().iter().map(cipher).collect() }
    }

    pub(crate) fn keys(&self) -> usize {
        self.ring.len()
    }

    /// Appends `text`, sealed, which opens only with the same `bound`.
    ///
    /// # Errors
    /// When the system has no random bytes for a nonce.
    pub(crate) fn seal(
        &self,
        bound: &[u8],
        text: &[u8],
        to: &mut Vec<u8>,
    ) -> Result<(), getrandom::Error> {
        let mut nonce = [0; NONCE];
        random::fill(&mut nonce)?;
        self.seal_with(nonce, bound, text, to);
        Ok(())
    }

    fn seal_with(&self, nonce: [u8; NONCE], bound: &[u8], text: &[u8], to: &mut Vec<u8>) {
        let cipher = &self.ring[0];
        to.reserve(Self::OVERHEAD + text.len());
        to.extend_from_slice(&cipher.id);
        to.extend_from_slice(&nonce);
        let start = to.len();
        to.extend_from_slice(text);
        let associated = [&cipher.id, bound].concat();
        let tag = cipher
            .aead
            .encrypt_inout_detached(&nonce.into(), &associated, (&mut to[start..]).into())
            .expect("XChaCha20-Poly1305 takes texts of up to 256 GiB");
        to.extend_from_slice(&tag);
    }

    /// What was sealed. Nothing of it is looked at before the tag was found right, in constant time.
    pub(crate) fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Refused> {
        let (id, rest) = sealed.split_first_chunk::<ID>().ok_or(Refused::Forged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(Refused::Forged)?;
        let (text, tag) = rest.split_last_chunk::<TAG>().ok_or(Refused::Forged)?;
        let cipher = self.ring.iter().find(|cipher| cipher.id == *id).ok_or(Refused::Unknown)?;
        let (nonce, tag) = (XNonce::from(*nonce), Tag::from(*tag));
        let associated = [id, bound].concat();
        let mut text = text.to_vec();
        cipher
            .aead
            .decrypt_inout_detached(&nonce, &associated, text.as_mut_slice().into(), &tag)
            .map_err(|_| Refused::Forged)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests;

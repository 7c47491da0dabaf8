//! The digests under which a session is kept.

use crate::id::{SecretDigest, SessionHandle, SessionId};
use crate::store::{IndexKey, RowKey};
use sha2::{Digest, Sha256};

/// Computes the digests of one session type.
///
/// Each is SHA-256 over domain, purpose and schema, each with its length before it (8 bytes), filled
/// with zeros to whole blocks of 64 bytes, and what it names: the first part is computed once.
#[derive(Clone)]
pub(crate) struct Names {
    row: Sha256,
    secret: Sha256,
    index: Sha256,
}

/// Binds the digests to this library and this form of them.
const DOMAIN: &[u8] = b"session: stored sessions, 1";

impl Names {
    pub(crate) fn new(schema: &str) -> Self {
        let of = |purpose: &str| {
            let mut hash = Sha256::new();
            for part in [DOMAIN, purpose.as_bytes(), schema.as_bytes()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            // What follows begins a block of its own.
            let length = 24 + DOMAIN.len() + purpose.len() + schema.len();
            hash.update(&[0; 64][..(64 - length % 64) % 64]);
            hash
        };
        Self { row: of("row"), secret: of("secret"), index: of("index") }
    }

    /// The key of a session's row.
    pub(crate) fn row(&self, handle: SessionHandle) -> RowKey {
        RowKey::from_bytes(self.row.clone().chain_update(handle.as_bytes()).finalize().into())
    }

    /// What the row of an id's session must hold.
    pub(crate) fn secret(&self, id: &SessionId) -> SecretDigest {
        SecretDigest(self.secret.clone().chain_update(id.secret()).finalize().into())
    }

    /// The key of the index of a field's value.
    pub(crate) fn index(&self, field: &str, value: &[u8]) -> IndexKey {
        let hash = self.index.clone();
        let hash = hash.chain_update((field.len() as u64).to_be_bytes());
        let hash = hash.chain_update(field.as_bytes());
        IndexKey::from_bytes(hash.chain_update(value).finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle() -> SessionHandle {
        SessionHandle::from_bytes([7; 16])
    }

    fn id() -> SessionId {
        SessionId::from_bytes([9; 48]).with_handle(handle())
    }

    #[test]
    fn rule_16_digests_differ_by_schema_and_purpose_and_are_what_the_docs_say() {
        let (visit, admin) = (Names::new("Visit"), Names::new("Admin"));
        let row = visit.row(handle());
        assert_ne!(row, admin.row(handle()));
        assert_ne!(row.as_bytes(), &visit.secret(&id()).0);
        let mut first = Vec::new();
        for part in [DOMAIN, b"row", b"Visit"] {
            first.extend_from_slice(&(part.len() as u64).to_be_bytes());
            first.extend_from_slice(part);
        }
        first.resize(64, 0);
        first.extend_from_slice(&[7; 16]);
        assert_eq!(row.as_bytes()[..], Sha256::digest(&first)[..]);
    }

    #[test]
    fn an_index_key_tells_field_and_value_apart() {
        let names = Names::new("Visit");
        assert_ne!(names.index("ab", b"c"), names.index("a", b"bc"));
    }
}

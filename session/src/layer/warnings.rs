//! What a layer says once, when it is built: what is easily forgotten, and is no error.

/// What the warnings are about.
pub(super) struct Facts {
    /// The cookie is not Secure.
    pub(super) insecure: bool,
    pub(super) http_only: bool,
    /// The store says that it [is](crate::store::Store::is_volatile).
    pub(super) volatile: bool,
    /// A build without debug assertions.
    pub(super) release: bool,
}

pub(super) fn warnings(facts: &Facts) -> impl Iterator<Item = &'static str> + use<> {
    let insecure = "the session cookie is not Secure: for development only";
    let readable = "the session cookie is not HttpOnly: every script of the page can read it";
    let volatile = "the sessions are in this process's memory: they end with it, and no other process \
                    has them; if that is meant, say `MemoryStore::builder().for_production()`";
    let table = [
        (facts.insecure, insecure),
        (!facts.http_only, readable),
        (facts.volatile && facts.release, volatile),
    ];
    table.into_iter().filter_map(|(due, warning)| due.then_some(warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said, by its first words.
    fn said(insecure: bool, http_only: bool, volatile: bool, release: bool) -> Vec<&'static str> {
        let facts = Facts { insecure, http_only, volatile, release };
        warnings(&facts).map(|warning| warning.split(':').next().unwrap_or_default()).collect()
    }

    // Fails when a layer of which there is nothing to say warns, or one that is easily forgotten does not.
    #[test]
    fn a_21_what_is_unsafe_is_said() {
        const MEMORY: &str = "the sessions are in this process's memory";
        assert!(said(false, true, false, true).is_empty());
        assert_eq!(said(true, true, false, false), ["the session cookie is not Secure"]);
        assert_eq!(said(false, false, false, true), ["the session cookie is not HttpOnly"]);
        assert_eq!(said(false, true, true, true), [MEMORY]);
        assert!(said(false, true, true, false).is_empty(), "while it is developed");
        assert_eq!(said(true, false, true, true).len(), 3);
    }

    // Fails when a store does not say that its sessions end with the process, or says it although that is
    // meant, or one that keeps them elsewhere does.
    #[cfg(feature = "memory")]
    #[test]
    fn a_21_a_memory_store_is_volatile_unless_that_is_meant() {
        use crate::store::{AnyStore, MemoryStore, Store};
        let meant = || MemoryStore::builder().for_production().build();
        assert!(MemoryStore::new().is_volatile());
        assert!(!meant().is_volatile());
        assert!(AnyStore::new(MemoryStore::new()).is_volatile());
        assert!(!AnyStore::new(meant()).is_volatile());
        #[cfg(feature = "cache")]
        {
            use crate::store::Cache;
            use std::time::Duration;
            assert!(Cache::new(MemoryStore::new(), Duration::ZERO).is_volatile());
            assert!(!Cache::new(meant(), Duration::ZERO).is_volatile());
        }
    }
}

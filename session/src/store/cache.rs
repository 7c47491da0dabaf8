//! A read-through cache over any store.

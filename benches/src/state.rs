//! The session that every contender keeps: six fields, 143 bytes as JSON.

use serde::{Deserialize, Serialize};

/// What is in the session of a small shop's visitor. Decoding it takes five heap allocations.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Visit {
    pub(crate) user: String,
    pub(crate) name: String,
    pub(crate) csrf: String,
    pub(crate) theme: String,
    pub(crate) cart: Vec<u32>,
    pub(crate) views: u64,
}

/// The initial values, as functions, because one contender declares them field by field.
pub(crate) mod initial {
    pub(crate) const VIEWS: u64 = 204_519;

    pub(crate) fn user() -> String {
        String::from("usr_7Qm2Xc94LrBt5")
    }

    pub(crate) fn name() -> String {
        String::from("Grace Hopper")
    }

    pub(crate) fn csrf() -> String {
        String::from("kP3vT9xWq2Zr8LmY")
    }

    pub(crate) fn theme() -> String {
        String::from("dark")
    }

    pub(crate) fn cart() -> Vec<u32> {
        vec![100_417, 100_982, 101_336, 104_750]
    }
}

/// A new session starts from these values, so that W4 writes as many bytes as W2.
impl Default for Visit {
    fn default() -> Self {
        Self {
            user: initial::user(),
            name: initial::name(),
            csrf: initial::csrf(),
            theme: initial::theme(),
            cart: initial::cart(),
            views: initial::VIEWS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Visit;

    #[test]
    fn the_state_is_143_bytes_as_json() {
        let json = serde_json::to_string(&Visit::default()).expect("a plain struct encodes");
        assert_eq!(json.len(), 143, "{json}");
    }
}

//! Nobody is warned of accessors that nobody calls, nor asked to document them.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(unused_qualifications, unused_results, elided_lifetimes_in_paths, unnameable_types)]
#![deny(single_use_lifetimes, unused_lifetimes, trivial_casts, unused_import_braces)]

use session::Session;

/// A visit.
#[derive(Debug, Session)]
#[session(version = 1, migrate = migrate, valid = whole, before_save = stamp)]
pub struct Visit {
    /// How often.
    pub views: u64,
    #[session(index)]
    pub(crate) notice: Option<String>,
    #[session(index)]
    user: Option<u64>,
    #[session(merge = sum, alias = "count", default = 1 + 1, valid = small)]
    clicks: u32,
    #[session(merge = by)]
    note: String,
    #[session(skip)]
    cache: Vec<u8>,
    #[session(with = hex)]
    color: u32,
}

fn migrate(
    _: u32,
    _: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<(), std::num::ParseIntError> {
    Ok(())
}

fn whole(_: &Visit, _: &http::request::Parts) -> bool {
    true
}

fn small(clicks: &u32) -> bool {
    *clicks < 9
}

fn stamp(_: &mut Visit, _: &http::request::Parts) -> Result<(), String> {
    Ok(())
}

fn by(_: &String, ours: &String, theirs: &String) -> String {
    format!("{ours}{theirs}")
}

mod hex {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(color: &u32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{color:x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
        let text = String::deserialize(from)?;
        u32::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
    }
}

fn main() {}

//! Every attribute in every form.
#![deny(warnings, unused_qualifications)]

use session::Session;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

#[derive(Session)]
#[session(name = "__Host-visit", schema = "visit/1", max_age = "1d", absolute = "4w")]
#[session(extend = "renew", valid = valid, before_save = stamp, version = 3, migrate = migrate)]
#[session(crate = session)]
struct Visit {
    #[session(default = Some(std::time::Duration::from_secs(60).as_secs()), rename = "v")]
    #[session(alias = "views", alias = "count", valid = small, merge = reject)]
    views: Option<u64>,
    #[session(skip, default = Cache { size: 3 }, accessor = false)]
    cache: Cache,
    #[session(with = codecs::hex, secret, keep)]
    color: u32,
    #[session(rotate, index)]
    user: Option<u64>,
    #[session(ttl = "500ms", accessor = elevated)]
    sudo: Option<u64>,
    #[session(merge = last)]
    a: u64,
    #[session(merge = sum)]
    b: f64,
    #[session(merge = max)]
    c: u64,
    #[session(merge = min)]
    d: String,
    #[session(merge = union)]
    e: HashSet<u64>,
    #[session(merge = union)]
    f: BTreeMap<String, u64>,
    #[session(merge = union)]
    g: BTreeSet<String>,
    #[session(merge = union)]
    h: HashMap<u8, u8>,
    #[session(merge = merges::longest)]
    i: String,
}

#[derive(Session)]
#[session(max_age = "browser", extend = "rolling",)]
struct Browser {
    #[session(skip,)]
    name: &'static str,
    views: u64,
}

#[derive(Session)]
#[session(extend = "on_write")]
struct OnWrite {
    views: u64,
}

#[derive(Session)]
#[session(extend = "fixed")]
struct Fixed {
    views: u64,
}

struct Cache {
    size: u64,
}

fn valid(visit: &Visit) -> bool {
    visit.cache.size == 3
}

fn small(views: &Option<u64>, request: &http::request::Parts) -> bool {
    *views < Some(9) || request.uri.path() == "/"
}

fn stamp(visit: &mut Visit, _: &http::request::Parts) -> Result<(), std::convert::Infallible> {
    visit.a += 1;
    Ok(())
}

fn migrate(
    from: u32,
    members: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    members.insert("v".to_owned(), from.into());
    Ok(())
}

mod merges {
    pub fn longest(_: &String, ours: &String, theirs: &String) -> String {
        std::cmp::max_by_key(ours, theirs, |text| text.len()).clone()
    }
}

mod codecs {
    pub mod hex {
        use serde::{Deserialize, Deserializer, Serializer};

        pub fn serialize<S: Serializer>(color: &u32, to: S) -> Result<S::Ok, S::Error> {
            to.collect_str(&format_args!("{color:x}"))
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
            let text = String::deserialize(from)?;
            u32::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
        }
    }
}

fn main() {}

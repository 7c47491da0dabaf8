//! Real Node applications and this library take turns on one cookie jar and one Redis.
//!
//! Node is started from `tests/node`, whose packages `npm ci` installs; Redis is one of the common servers,
//! or a test's own. Both applications are told what time it is. Redis is not: its rows are looked at
//! right after they are written.

mod cookies;
mod egg;
mod failing;
mod generic;
mod jar;
mod moving;
mod node;
#[path = "../faults/proxy.rs"]
#[expect(dead_code, reason = "shared with `faults`, which needs more of it")]
mod proxy;
#[path = "../faults/raw.rs"]
#[expect(dead_code, reason = "shared with `faults`, which needs more of it")]
mod raw;
mod rows;
mod turns;

//! Servers that fail, through a real axum app: cut, silent, killed and started again, full,
//! read-only, of somebody else. The store is asked through a proxy where the line is to fail.
//!
//! A test is named after the rule of the design, or the item of the list of attacks, that it holds.
//! Whatever waits, waits for something that it looks at, and not for longer than it says.

mod app;
mod cluster;
mod counted;
mod crossed;
mod deploy;
mod engines;
mod full;
mod killed;
mod load;
mod outages;
mod proxy;
mod raw;
mod rows;
mod silence;
mod sqlite;
mod state;
mod two;
mod unsure;

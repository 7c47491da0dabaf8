//! The rules of the contract for sessions in stores, each through a real axum app whose store is in
//! the test itself: it logs calls, fails on demand, and lets others come between.
//!
//! A test is named after the rule of the design that it holds; a comment says which change of the
//! library makes it fail.

mod calls;
mod commits;
mod conflicts;
mod detached;
mod dropped;
mod encrypted;
mod ended;
mod failing;
mod ids;
mod lifetimes;
mod listed;
mod merges;
mod outages;
mod prompt;
mod race;
mod schedules;
mod secrets;
mod state;
mod table;

//! The rules of the contract that concern HTTP, each through a real axum app. One file a topic.
//!
//! A test is named after the rule of the design that it holds (`rule_8_..`) or the row of the
//! table of behaviours (`b_12_..`); a comment says which change of the library makes it fail.

mod carriers;
mod changes;
mod codec;
mod commits;
mod cookie;
mod dropped;
mod events;
mod events_in;
mod events_page;
mod failures;
mod handles;
mod headers;
mod hooks;
mod keys;
mod late;
mod lifetimes;
mod logged;
mod login;
mod operations;
mod outside;
mod secrets;
mod several;
mod tampering;
mod ttl;
mod untouched;
mod written;

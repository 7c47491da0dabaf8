//! The public API without HTTP: keys, options and their errors, codecs, time, and what `Debug` shows.

mod builder;
mod codec;
mod ending;
mod errors;
mod json;
mod keys;
mod lifetimes;
mod reserved;
mod secrets;
mod support;
mod threads;
mod time;
mod warnings;

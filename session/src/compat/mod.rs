//! Sessions that other libraries wrote.

#[cfg(feature = "koa")]
pub mod koa;

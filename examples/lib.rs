//! The examples beside this file show how the library is used. The one in the README is compiled as
//! a test of this crate.
#![doc = include_str!("../README.md")]

/// The Rust in the pages for those who come from another library: compiled as tests of this crate,
/// with the feature `pages`.
#[cfg(all(doctest, feature = "pages"))]
mod pages {
    #[doc = include_str!("../docs/coming-from-koa.md")]
    mod coming_from_koa {}

    #[doc = include_str!("../docs/coming-from-tower-sessions.md")]
    mod coming_from_tower_sessions {}
}

#[cfg(all(test, feature = "pages"))]
#[path = "pages/hand_over.rs"]
mod hand_over;

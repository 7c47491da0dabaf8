//! Docs and deprecations of a field are those of its accessors.
#![deny(warnings, missing_docs)]

use session::Session;

/// A visit.
#[derive(Session)]
pub struct Visit {
    /// How often; see [`Visit`].
    ///
    /// ```
    /// assert!(true);
    /// ```
    #[session(index)]
    pub views: u64,
    /** A block
    comment. */
    pub notice: Option<String>,
    #[doc = concat!("Computed ", "docs.")]
    pub color: u8,
    #[deprecated(note = "use `views`")]
    #[allow(missing_docs)]
    #[session(index)]
    pub count: u64,
}

/// Finds by what is deprecated.
#[expect(deprecated)]
pub fn finder(sessions: &session::Sessions<Visit>) -> session::SessionsBy<'_, Visit> {
    sessions.by_count(&1)
}

/// Uses what is deprecated.
#[expect(deprecated)]
pub fn handler(session: &session::TypedSession<Visit>) -> u64 {
    *session.count()
}

fn main() {}

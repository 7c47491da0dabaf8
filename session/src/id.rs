//! Names of sessions.

use std::fmt;

/// The public name of a session that is kept on the server: random, the same through rotation, and
/// no credential: it may stand in a list of "your sessions", and gives no access. Sessions in
/// cookies have none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHandle(u128);

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

//! One site, one visitor, one reply: a test says what a request does and looks at what comes back.

mod reply;
pub mod rows;
pub mod servers;
mod shelf;
mod site;
mod token;
mod traced;

pub use reply::Reply;
pub use shelf::{Fault, Prompt, Shelf};
pub use site::{Log, PROMPT, Site, Visitor, request, site, site_of, site_under, stored_site};
pub use token::Sealed;
pub use traced::{Line, Traced, hear};

use session::Keys;

/// The name of the cookie unless another is given.
pub const NAME: &str = "__Host-session";

/// A key ring for tests: one key a letter, the first signs.
///
/// # Panics
/// When a letter stands twice.
#[must_use]
pub fn ring(letters: &str) -> Keys {
    Keys::new(letters.bytes().map(|letter| [letter; 32])).expect("32 bytes each, and different")
}

/// What a future gives that has nothing to wait for: sessions in cookies never do.
///
/// # Panics
/// When it waits.
pub fn at_once<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

//! How a token travels: in a cookie, in a header, or as the user's own [`Carrier`] does it.
//!
//! Knows no sessions and no keys.

mod cookie;
pub(crate) mod find;
mod header;
mod syntax;

pub(crate) use cookie::{Cookie, CookieOptions, DEFAULT_NAME};
pub use cookie::{CookieError, Priority, SameSite};
pub use header::HeaderCarrier;

use crate::base64url;
use crate::time::Millis;
use http::{HeaderMap, HeaderName};
use std::fmt;

/// Brings tokens from the client and back.
///
/// The library looks at no more than eight tokens of a request; the one that verifies counts,
/// wherever it stands.
pub trait Carrier: Send + Sync + 'static {
    /// The name that tokens are bound to, beside the schema: a token that came by one name is
    /// refused under another. The cookie carrier's is the cookie's name, a header carrier's
    /// `header:` and the response header's name; choose one that can be neither.
    fn binding(&self) -> &str;

    /// The request header that the token comes in: it is listed in `Vary`.
    fn request_header(&self) -> &HeaderName;

    /// Bytes that the text of a token may have at most.
    fn capacity(&self) -> usize;

    /// Calls `each` with every token of the request, by its bytes, unchecked.
    fn find<'r>(&self, headers: &'r HeaderMap, each: &mut dyn FnMut(&'r [u8]));

    /// Puts a token into the response. `max_age` is what is left of the session, in whole seconds,
    /// or `None` when the client is to drop it with the browser. Mark the value as sensitive, so
    /// that it stays out of logs.
    fn set(&self, headers: &mut HeaderMap, token: Token<'_>, max_age: Option<u64>);

    /// Tells the client to forget the token.
    fn remove(&self, headers: &mut HeaderMap);

    /// The request header's value in which a client sends the token back: for tests that make
    /// requests. By default the token's text.
    fn request_value(&self, token: Token<'_>) -> String {
        token.text()
    }

    /// Marks the request's token as sensitive, so that a log of the headers does not show it.
    fn conceal(&self, headers: &mut HeaderMap) {
        let name = self.request_header();
        if let Some(value) = headers.get_mut(name) {
            value.set_sensitive(true);
        }
        // Some header stands there more than once: it may be this one.
        if headers.len() > headers.keys_len()
            && let http::header::Entry::Occupied(mut values) = headers.entry(name)
        {
            values.iter_mut().for_each(|value| value.set_sensitive(true));
        }
    }
}

/// A token on its way to the client. Its text is base64url without padding.
#[derive(Clone, Copy)]
pub struct Token<'t> {
    bytes: &'t [u8],
    made: Millis,
}

impl<'t> Token<'t> {
    pub(crate) fn new(bytes: &'t [u8], made: Millis) -> Self {
        Self { bytes, made }
    }

    /// When: what is left of the session is counted from then.
    pub(crate) fn made(&self) -> Millis {
        self.made
    }

    /// Bytes of the text.
    #[must_use]
    pub fn text_len(&self) -> usize {
        base64url::encoded_len(self.bytes.len())
    }

    /// Appends the text.
    pub fn write_text(&self, to: &mut Vec<u8>) {
        base64url::encode(self.bytes, to);
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Vec::with_capacity(self.text_len());
        self.write_text(&mut text);
        // base64url is ASCII.
        String::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Debug for Token<'_> {
    /// Does not show the token: it is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

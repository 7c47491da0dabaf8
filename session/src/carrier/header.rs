//! Tokens in headers, for clients that are no browsers.

use super::{Carrier, Token};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Brings the token in one request header and takes it back in one response header. Removal is the
/// response header with an empty value.
///
/// ```
/// use http::HeaderName;
/// use session::HeaderCarrier;
///
/// // `X-Session: TOKEN`, both ways:
/// let carrier = HeaderCarrier::new(HeaderName::from_static("x-session"));
/// // `Authorization: Bearer TOKEN` in, `X-Session-Token: TOKEN` out:
/// let carrier = HeaderCarrier::bearer(HeaderName::from_static("x-session-token"));
/// ```
#[derive(Debug, Clone)]
pub struct HeaderCarrier {
    request: HeaderName,
    response: HeaderName,
    bearer: bool,
    /// No cookie can have this name.
    binding: String,
}

/// What common servers take in one header line.
const MAX_TOKEN: usize = 8000;

impl HeaderCarrier {
    /// One header, both ways.
    #[must_use]
    pub fn new(header: HeaderName) -> Self {
        Self::made(header.clone(), header, false)
    }

    /// `Authorization: Bearer` in (RFC 6750 §2.1), the named header out.
    #[must_use]
    pub fn bearer(response: HeaderName) -> Self {
        Self::made(AUTHORIZATION, response, true)
    }
}

impl HeaderCarrier {
    fn made(request: HeaderName, response: HeaderName, bearer: bool) -> Self {
        Self { binding: format!("header:{response}"), request, response, bearer }
    }
}

impl Carrier for HeaderCarrier {
    fn binding(&self) -> &str {
        &self.binding
    }

    fn request_header(&self) -> &HeaderName {
        &self.request
    }

    fn capacity(&self) -> usize {
        MAX_TOKEN
    }

    fn find<'r>(&self, headers: &'r HeaderMap, each: &mut dyn FnMut(&'r [u8])) {
        for value in headers.get_all(&self.request) {
            let value = value.as_bytes();
            match value.split_at_checked(7) {
                _ if !self.bearer => each(value),
                // Other schemes are other people's.
                Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => {
                    each(token.trim_ascii());
                }
                _ => {}
            }
        }
    }

    fn set(&self, headers: &mut HeaderMap, token: Token<'_>, _max_age: Option<u64>) {
        if let Ok(mut value) = HeaderValue::try_from(token.text()) {
            value.set_sensitive(true);
            headers.insert(self.response.clone(), value);
        }
    }

    fn request_value(&self, token: Token<'_>) -> String {
        let scheme = if self.bearer { "Bearer " } else { "" };
        format!("{scheme}{}", token.text())
    }

    fn remove(&self, headers: &mut HeaderMap) {
        headers.insert(self.response.clone(), HeaderValue::from_static(""));
    }
}

//! The cookie: its attributes, checked once, and the header, written once a response.

use super::{Carrier, Token, find, syntax};
use crate::time::Millis;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// The name unless another is given: browsers accept it only with Secure, from the host itself,
/// with Path=/ (RFC 6265bis §4.1.3.2).
pub(crate) const DEFAULT_NAME: &str = "__Host-session";
/// What browsers take at most, name and value together (RFC 6265bis §5.6).
const MAX_NAME_AND_VALUE: usize = 4096;
/// What browsers take at most (RFC 6265bis §5.6.2): 400 days, in seconds.
const MAX_AGE_LIMIT: u64 = 400 * 86_400;

/// When browsers send the cookie along with requests that other sites caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SameSite {
    /// Only with requests from the site itself.
    Strict,
    /// Also when the user follows a link. The default.
    #[default]
    Lax,
    /// Always. Needs Secure.
    None,
}

/// Which cookies Chromium keeps when a site has too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Priority {
    /// Goes first.
    Low,
    /// Chromium's default.
    Medium,
    /// Goes last.
    High,
}

/// The cookie's attributes as the user gave them.
#[derive(Debug, Clone)]
pub(crate) struct CookieOptions {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) domain: Option<String>,
    /// `None`: the attribute is left out.
    pub(crate) same_site: Option<SameSite>,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) partitioned: bool,
    pub(crate) priority: Option<Priority>,
    /// Expires beside Max-Age.
    pub(crate) expires: bool,
    /// The first option that the layer gave, for the error where no cookie is.
    pub(crate) given: Option<&'static str>,
}

impl CookieOptions {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            domain: None,
            same_site: Some(SameSite::default()),
            secure: true,
            http_only: true,
            partitioned: false,
            priority: None,
            expires: false,
            given: None,
        }
    }

    /// For plain HTTP: no Secure, and hence no prefix that asks for it.
    pub(crate) fn make_insecure(&mut self) {
        self.secure = false;
        for prefix in ["__Host-Http-", "__Http-", "__Host-", "__Secure-"] {
            if syntax::has_prefix(&self.name, prefix) {
                self.name.drain(..prefix.len());
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), CookieError> {
        if !syntax::is_token(&self.name) {
            return Err(CookieError::Name);
        }
        if !self.path.starts_with('/') || !syntax::is_attribute_value(&self.path) {
            return Err(CookieError::Path);
        }
        if self.domain.as_deref().is_some_and(|domain| !syntax::is_domain(domain)) {
            return Err(CookieError::Domain);
        }
        let host = syntax::has_prefix(&self.name, "__Host-");
        let http = syntax::has_prefix(&self.name, "__Http-")
            || syntax::has_prefix(&self.name, "__Host-Http-");
        if (host || http || syntax::has_prefix(&self.name, "__Secure-")) && !self.secure {
            return Err(CookieError::PrefixNeedsSecure);
        }
        if host && self.domain.is_some() {
            return Err(CookieError::HostPrefixForbidsDomain);
        }
        if host && self.path != "/" {
            return Err(CookieError::HostPrefixNeedsRootPath);
        }
        if http && !self.http_only {
            return Err(CookieError::PrefixNeedsHttpOnly);
        }
        if self.same_site == Some(SameSite::None) && !self.secure {
            return Err(CookieError::SameSiteNoneNeedsSecure);
        }
        if self.partitioned && !self.secure {
            return Err(CookieError::PartitionedNeedsSecure);
        }
        // Room for at least the smallest token.
        if self.name.len() > MAX_NAME_AND_VALUE / 2 {
            return Err(CookieError::Name);
        }
        Ok(())
    }
}

/// The cookie carrier.
pub(crate) struct Cookie {
    name: Box<str>,
    /// `name=`
    prefix: Box<str>,
    /// What stands behind the value and Max-Age in every Set-Cookie of ours.
    attributes: Box<str>,
    expires: bool,
    removal: HeaderValue,
}

impl Cookie {
    pub(crate) fn new(options: &CookieOptions) -> Result<Self, CookieError> {
        use fmt::Write;
        options.check()?;
        let mut attributes = format!("; Path={}", options.path);
        if let Some(domain) = &options.domain {
            // Writing to a String can't fail, here and below.
            let _ = write!(attributes, "; Domain={domain}");
        }
        if options.secure {
            attributes.push_str("; Secure");
        }
        if options.http_only {
            attributes.push_str("; HttpOnly");
        }
        attributes.push_str(match options.same_site {
            None => "",
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
        });
        if options.partitioned {
            attributes.push_str("; Partitioned");
        }
        attributes.push_str(match options.priority {
            None => "",
            Some(Priority::Low) => "; Priority=Low",
            Some(Priority::Medium) => "; Priority=Medium",
            Some(Priority::High) => "; Priority=High",
        });
        // A browser drops a cookie only when name, domain, path and partition are the same; and it
        // takes the removal of a Secure cookie only with Secure. So all attributes are repeated.
        let removal = format!(
            "{}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT{attributes}",
            options.name
        );
        Ok(Self {
            name: options.name.as_str().into(),
            prefix: format!("{}=", options.name).into(),
            removal: HeaderValue::from_str(&removal).map_err(|_| CookieError::Path)?,
            attributes: attributes.into(),
            expires: options.expires,
        })
    }

    /// Sets the cookie to a value of `len` bytes that `write` appends. `made`: the time of the response.
    pub(crate) fn set_value(
        &self,
        headers: &mut HeaderMap,
        len: usize,
        write: impl FnOnce(&mut Vec<u8>),
        made: Millis,
        max_age: Option<u64>,
    ) {
        const MAX_AGE: &str = "; Max-Age=";
        const EXPIRES: &str = "; Expires=";
        let mut digits = itoa::Buffer::new();
        let max_age = max_age.map(|seconds| seconds.min(MAX_AGE_LIMIT));
        let expires = max_age.filter(|_| self.expires).map(|seconds| date(made, seconds));
        let max_age = max_age.map(|seconds| digits.format(seconds));
        let lifetime = max_age.map_or(0, |seconds| MAX_AGE.len() + seconds.len())
            + expires.as_ref().map_or(0, |date| EXPIRES.len() + date.len());
        // One buffer of the exact size: the header takes it as it is.
        let mut cookie =
            Vec::with_capacity(self.prefix.len() + len + lifetime + self.attributes.len());
        cookie.extend_from_slice(self.prefix.as_bytes());
        write(&mut cookie);
        if let Some(seconds) = max_age {
            cookie.extend_from_slice(MAX_AGE.as_bytes());
            cookie.extend_from_slice(seconds.as_bytes());
        }
        if let Some(date) = expires {
            cookie.extend_from_slice(EXPIRES.as_bytes());
            cookie.extend_from_slice(date.as_bytes());
        }
        cookie.extend_from_slice(self.attributes.as_bytes());
        let cookie = HeaderValue::try_from(cookie);
        debug_assert!(cookie.is_ok(), "every part was checked when the layer was built");
        if let Ok(mut cookie) = cookie {
            cookie.set_sensitive(true);
            self.put(headers, cookie);
        }
    }

    /// Puts ours in, in place of an earlier one of ours; those of others stay.
    fn put(&self, headers: &mut HeaderMap, ours: HeaderValue) {
        if headers.contains_key(SET_COOKIE) {
            let is_ours =
                |value: &HeaderValue| value.as_bytes().starts_with(self.prefix.as_bytes());
            if headers.get_all(SET_COOKIE).iter().any(is_ours) {
                let others: Vec<HeaderValue> = headers
                    .get_all(SET_COOKIE)
                    .iter()
                    .filter(|value| !is_ours(value))
                    .cloned()
                    .collect();
                headers.remove(SET_COOKIE);
                for other in others {
                    headers.append(SET_COOKIE, other);
                }
            }
        }
        headers.append(SET_COOKIE, ours);
    }
}

impl Carrier for Cookie {
    fn binding(&self) -> &str {
        &self.name
    }

    fn request_header(&self) -> &HeaderName {
        &COOKIE
    }

    fn capacity(&self) -> usize {
        MAX_NAME_AND_VALUE - self.name.len()
    }

    fn find<'r>(&self, headers: &'r HeaderMap, each: &mut dyn FnMut(&'r [u8])) {
        find::each_cookie(headers, &self.name, each);
    }

    fn set(&self, headers: &mut HeaderMap, token: Token<'_>, max_age: Option<u64>) {
        let write = |to: &mut Vec<u8>| token.write_text(to);
        self.set_value(headers, token.text_len(), write, token.made(), max_age);
    }

    fn request_value(&self, token: Token<'_>) -> String {
        format!("{}{}", self.prefix, token.text())
    }

    fn remove(&self, headers: &mut HeaderMap) {
        self.put(headers, self.removal.clone());
    }
}

/// So many seconds after `from`, as RFC 9110 writes dates. They end with the year 9999.
fn date(from: Millis, seconds: u64) -> String {
    const LAST: u64 = 253_402_300_799;
    let at = (from.ms() / 1000).saturating_add(seconds).min(LAST);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(at))
}

/// The cookie's options contradict the standard or one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieError {
    /// `name`: not a token of RFC 9110, or longer than 2048 bytes.
    Name,
    /// `path`: does not begin with `/`, or has characters that can't stand in it, or over 1024.
    Path,
    /// `domain`: not a domain's name.
    Domain,
    /// `name`: a prefix that needs Secure, without Secure.
    PrefixNeedsSecure,
    /// `name`: a prefix that needs HttpOnly, without HttpOnly.
    PrefixNeedsHttpOnly,
    /// `domain`, with a `__Host-` name.
    HostPrefixForbidsDomain,
    /// `path` other than `/`, with a `__Host-` name.
    HostPrefixNeedsRootPath,
    /// `same_site(SameSite::None)` without Secure.
    SameSiteNoneNeedsSecure,
    /// `partitioned(true)` without Secure.
    PartitionedNeedsSecure,
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => {
                "`name`: a cookie's name is made of ASCII letters, digits and !#$%&'*+-.^_`|~"
            }
            Self::Path => "`path`: begins with `/` and has no `;` and no control characters",
            Self::Domain => "`domain`: is a host's name like `example.com`, without port or scheme",
            Self::PrefixNeedsSecure => {
                "`name`: browsers refuse this prefix without Secure; choose a name without prefix"
            }
            Self::PrefixNeedsHttpOnly => {
                "`http_only(false)`: browsers refuse this prefix without HttpOnly; choose another name"
            }
            Self::HostPrefixForbidsDomain => {
                "`domain`: browsers refuse a `__Host-` cookie with a domain; name it `__Secure-..`"
            }
            Self::HostPrefixNeedsRootPath => {
                "`path`: browsers refuse a `__Host-` cookie with a path other than `/`; name it \
                 `__Secure-..`"
            }
            Self::SameSiteNoneNeedsSecure => {
                "`same_site`: browsers refuse SameSite=None without Secure"
            }
            Self::PartitionedNeedsSecure => {
                "`partitioned`: browsers refuse Partitioned without Secure"
            }
        })
    }
}

impl std::error::Error for CookieError {}

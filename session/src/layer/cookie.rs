//! The options of the cookie. Where another carrier is given, each of them is an error.

use super::SessionBuilder;
use crate::carrier::{CookieOptions, Priority, SameSite};
use crate::data::SessionData;

impl<T: SessionData, M> SessionBuilder<T, M> {
    /// The options, to change this one.
    fn cookie(&mut self, option: &'static str) -> &mut CookieOptions {
        self.cookie.given.get_or_insert(option);
        &mut self.cookie
    }

    /// The cookie's name; `__Host-session` by default. Session types of one app need different
    /// ones.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.cookie("name").name);
        self
    }

    /// The cookie's Path; `/` by default.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.cookie("path").path);
        self
    }

    /// The cookie's Domain; by default none, so that only the host itself gets it. A `__Host-` name
    /// forbids one.
    pub fn domain(mut self, domain: &str) -> Self {
        self.cookie("domain").domain = Some(domain.to_owned());
        self
    }

    /// The cookie's SameSite; Lax by default.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.cookie("same_site").same_site = Some(same_site);
        self
    }

    /// Sends no SameSite: browsers then do as they think best, which is Lax for those of the Chromium
    /// family and was None for all. For clients that don't know the attribute.
    pub fn without_same_site(mut self) -> Self {
        self.cookie("without_same_site").same_site = None;
        self
    }

    /// Whether scripts are kept from reading the cookie; on by default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.cookie("http_only").http_only = http_only;
        self
    }

    /// Whether the cookie is kept apart for each site that embeds this one (CHIPS); off by default.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.cookie("partitioned").partitioned = partitioned;
        self
    }

    /// Chromium's Priority attribute; by default none.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.cookie("priority").priority = Some(priority);
        self
    }

    /// Whether the cookie has, beside Max-Age, an Expires at the same moment: for clients that know no
    /// Max-Age. Off by default: where both stand, Max-Age counts (RFC 6265bis §5.6), which needs no clock
    /// that is right. A browser session has neither.
    pub fn expires(mut self, expires: bool) -> Self {
        self.cookie("expires").expires = expires;
        self
    }

    /// Lets the cookie travel over plain HTTP: drops Secure, and the prefix of the name that asks
    /// for it. Warns once, when the layer is built. Chromium and curl take Secure cookies from
    /// `http://localhost`; other browsers, and other addresses, need this.
    pub fn insecure_for_development(mut self) -> Self {
        self.cookie("insecure_for_development");
        self.insecure = true;
        self
    }
}

//! Options that contradict the standards or one another are errors when the layer is built.

use crate::support::*;
use http::{HeaderMap, HeaderName};
use session::store::MemoryStore;
use session::{
    BuildError, Carrier, CookieError, HeaderCarrier, SameSite, SessionBuilder, SessionLayer, Token,
    days,
};
use std::error::Error;
use std::time::Duration;

fn built(
    options: impl FnOnce(SessionBuilder<Visit>) -> SessionBuilder<Visit>,
) -> Result<SessionLayer<Visit>, BuildError> {
    options(builder()).build()
}

// Fails when a check of `CookieOptions::check` is removed or gives another variant.
#[test]
fn rule_18_security_40_contradictory_cookies_are_refused() {
    type Options = fn(SessionBuilder<Visit>) -> SessionBuilder<Visit>;
    let table: &[(&str, Options, CookieError)] = &[
        ("empty", |b| b.name(""), CookieError::Name),
        ("space", |b| b.name("a b"), CookieError::Name),
        ("equals", |b| b.name("a=b"), CookieError::Name),
        ("semicolon", |b| b.name("a;b"), CookieError::Name),
        ("comma", |b| b.name("a,b"), CookieError::Name),
        ("quote", |b| b.name("\"a\""), CookieError::Name),
        ("line", |b| b.name("a\r\nSet-Cookie: b"), CookieError::Name),
        ("NUL", |b| b.name("a\0"), CookieError::Name),
        ("not ASCII", |b| b.name("größe"), CookieError::Name),
        ("a name without end", |b| b.name(&"n".repeat(2049)), CookieError::Name),
        (
            "nothing but a prefix",
            |b| b.name("__Host-").insecure_for_development(),
            CookieError::Name,
        ),
        ("empty path", |b| b.name("n").path(""), CookieError::Path),
        ("relative path", |b| b.name("n").path("a"), CookieError::Path),
        ("path with attribute", |b| b.name("n").path("/; Domain=evil"), CookieError::Path),
        ("path with line", |b| b.name("n").path("/\r\nX: y"), CookieError::Path),
        ("path not ASCII", |b| b.name("n").path("/é"), CookieError::Path),
        ("path too long", |b| b.name("n").path(&"/a".repeat(513)), CookieError::Path),
        ("empty domain", |b| b.name("n").domain(""), CookieError::Domain),
        ("dot", |b| b.name("n").domain("."), CookieError::Domain),
        ("two dots", |b| b.name("n").domain("a..b"), CookieError::Domain),
        ("port", |b| b.name("n").domain("example.com:80"), CookieError::Domain),
        ("scheme", |b| b.name("n").domain("https://example.com"), CookieError::Domain),
        ("attribute", |b| b.name("n").domain("a; Path=/"), CookieError::Domain),
        ("domain not ASCII", |b| b.name("n").domain("exämple.com"), CookieError::Domain),
        ("host and domain", |b| b.domain("example.com"), CookieError::HostPrefixForbidsDomain),
        (
            "host in another case",
            |b| b.name("__HOST-n").domain("example.com"),
            CookieError::HostPrefixForbidsDomain,
        ),
        ("host and path", |b| b.path("/app"), CookieError::HostPrefixNeedsRootPath),
        (
            "http without HttpOnly",
            |b| b.name("__Http-n").http_only(false),
            CookieError::PrefixNeedsHttpOnly,
        ),
        (
            "host-http without HttpOnly",
            |b| b.name("__Host-Http-n").http_only(false),
            CookieError::PrefixNeedsHttpOnly,
        ),
        (
            "host-http and domain",
            |b| b.name("__Host-Http-n").domain("example.com"),
            CookieError::HostPrefixForbidsDomain,
        ),
        (
            "a second prefix",
            |b| b.name("__Secure-__Host-n").insecure_for_development(),
            CookieError::PrefixNeedsSecure,
        ),
        (
            "SameSite=None without Secure",
            |b| b.same_site(SameSite::None).insecure_for_development(),
            CookieError::SameSiteNoneNeedsSecure,
        ),
        (
            "Partitioned without Secure",
            |b| b.partitioned(true).insecure_for_development(),
            CookieError::PartitionedNeedsSecure,
        ),
    ];
    for (what, options, expected) in table {
        let error = built(options).err();
        assert_eq!(error, Some(BuildError::Cookie(*expected)), "{what}");
    }
    let tried = |error: &CookieError| table.iter().any(|(_, _, tried)| tried == error);
    assert!(every_cookie_error().iter().all(tried), "every variant was seen");
}

fn every_cookie_error() -> [CookieError; 9] {
    [
        CookieError::Name,
        CookieError::Path,
        CookieError::Domain,
        CookieError::PrefixNeedsSecure,
        CookieError::PrefixNeedsHttpOnly,
        CookieError::HostPrefixForbidsDomain,
        CookieError::HostPrefixNeedsRootPath,
        CookieError::SameSiteNoneNeedsSecure,
        CookieError::PartitionedNeedsSecure,
    ]
}

// Fails when a check refuses what the standards allow.
#[test]
fn rule_18_everything_else_is_built() {
    type Options = fn(SessionBuilder<Visit>) -> SessionBuilder<Visit>;
    let table: &[(Options, &str)] = &[
        (|b| b, "__Host-session; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (|b| b.name("n"), "n; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (
            |b| b.name("!#$%&'*+-.^_`|~09azAZ"),
            "!#$%&'*+-.^_`|~09azAZ; Path=/; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            |b| b.same_site(SameSite::Strict),
            "__Host-session; Path=/; Secure; HttpOnly; SameSite=Strict",
        ),
        (
            |b| b.same_site(SameSite::None),
            "__Host-session; Path=/; Secure; HttpOnly; SameSite=None",
        ),
        (
            |b| b.same_site(SameSite::None).partitioned(true),
            "__Host-session; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
        ),
        (
            |b| b.priority(session::Priority::High),
            "__Host-session; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High",
        ),
        (|b| b.http_only(false), "__Host-session; Path=/; Secure; SameSite=Lax"),
        (
            |b| b.name("__Secure-n").domain("example.com").path("/a b"),
            "__Secure-n; Path=/a b; Domain=example.com; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            |b| b.name("n").domain(".a-1.example.com"),
            "n; Path=/; Domain=.a-1.example.com; Secure; HttpOnly; SameSite=Lax",
        ),
        (|b| b.name("__Http-n"), "__Http-n; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (|b| b.name("__Host-Http-n"), "__Host-Http-n; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (|b| b.insecure_for_development(), "session; Path=/; HttpOnly; SameSite=Lax"),
        (
            |b| b.name("__Host-Http-n").insecure_for_development(),
            "n; Path=/; HttpOnly; SameSite=Lax",
        ),
    ];
    for (options, expected) in table {
        let sessions = built(options).expect(expected);
        let cookie = first_cookie(&sessions);
        let (name, rest) = cookie.split_once('=').expect("a pair");
        let (_, rest) = rest.split_once("; Max-Age=86400").expect("a lifetime");
        assert_eq!(format!("{name}{rest}"), *expected);
    }
}

/// A carrier of the user's with room for nothing.
struct Narrow(usize);

impl Carrier for Narrow {
    fn binding(&self) -> &str {
        "narrow"
    }

    fn request_header(&self) -> &HeaderName {
        &http::header::AUTHORIZATION
    }

    fn capacity(&self) -> usize {
        self.0
    }

    fn find<'r>(&self, _: &'r HeaderMap, _: &mut dyn FnMut(&'r [u8])) {}

    fn set(&self, _: &mut HeaderMap, _: Token<'_>, _: Option<u64>) {}

    fn remove(&self, _: &mut HeaderMap) {}
}

// Fails when a lifetime of zero, one that does not fit, or a carrier without room is accepted.
#[test]
fn rule_18_rule_30_security_25_impossible_options_are_refused() {
    let longest = Duration::from_millis((1 << 48) - 1);
    let longer = Duration::from_millis(1 << 48);
    let below = Duration::from_nanos(999_999);
    for bad in [Duration::ZERO, below, longer, Duration::MAX, days(u64::MAX)] {
        assert_eq!(built(|b| b.max_age(bad)).err(), Some(BuildError::MaxAge), "{bad:?}");
        assert_eq!(built(|b| b.absolute(bad)).err(), Some(BuildError::Absolute), "{bad:?}");
    }
    for good in [Duration::from_millis(1), days(400), longest] {
        assert!(built(|b| b.max_age(good).absolute(good)).is_ok(), "{good:?}");
    }
    for room in [0, 1, 170] {
        assert_eq!(built(|b| b.carrier(Narrow(room))).err(), Some(BuildError::Capacity), "{room}");
    }
    assert!(built(|b| b.carrier(Narrow(171))).is_ok());
}

// Fails when an option that has no effect where the sessions are, or no sense, is accepted in silence.
#[test]
fn a_07_what_has_no_effect_is_refused_by_name() {
    use session::{OnEnded, OnOutage, Priority};
    type Options = fn(SessionBuilder<Visit>) -> SessionBuilder<Visit>;
    let for_stores: [(&str, Options); 7] = [
        ("store_timeout", |b| b.store_timeout(days(1))),
        ("store_ttl", |b| b.store_ttl(|left| left)),
        ("remember_ended", |b| b.remember_ended(days(1))),
        ("on_outage", |b| b.on_outage(OnOutage::Fail)),
        ("on_ended", |b| b.on_ended(OnEnded::Refuse)),
        ("id_generator", |b| b.id_generator(async || Ok::<_, std::fmt::Error>([1; 32]))),
        ("max_sessions", |b| b.max_sessions(0)),
    ];
    for (option, with) in for_stores {
        let error = built(with).expect_err(option);
        assert_eq!(error, BuildError::StoreOption { option });
        assert!(error.to_string().starts_with(&format!("`{option}`: ")), "{error}");
    }
    let for_cookies: [(&str, Options); 10] = [
        ("name", |b| b.name("sid")),
        ("path", |b| b.path("/")),
        ("domain", |b| b.name("sid").domain("example.com")),
        ("same_site", |b| b.same_site(SameSite::Lax)),
        ("without_same_site", |b| b.without_same_site()),
        ("http_only", |b| b.http_only(true)),
        ("partitioned", |b| b.partitioned(false)),
        ("priority", |b| b.priority(Priority::High)),
        ("expires", |b| b.expires(true)),
        ("insecure_for_development", |b| b.insecure_for_development()),
    ];
    let header = || HeaderCarrier::new(HeaderName::from_static("x-session"));
    for (option, with) in for_cookies {
        // The first one that was given is named.
        let option = if option == "domain" { "name" } else { option };
        let refused = Some(BuildError::CookieOption { option });
        assert_eq!(built(|b| with(b).carrier(header())).err(), refused, "{option}");
        assert_eq!(built(|b| with(b.carrier(header()))).err(), refused, "{option}");
        assert!(built(with).is_ok(), "{option}");
    }
    let wrong = Some(BuildError::Cookie(CookieError::Name));
    assert_eq!(built(|b| b.name("a b").carrier(header())).err(), wrong);
    // What is no option of the cookie goes with every carrier.
    assert!(built(|b| b.browser_session().rolling().carrier(header())).is_ok());
}

// Fails when sessions in a store are refused what is for them, or a time in which no call can succeed is
// accepted.
#[test]
fn a_07_options_of_stores() {
    let stored = || SessionLayer::<Visit>::stored(MemoryStore::default());
    for bad in [Duration::ZERO, Duration::from_micros(999)] {
        let error = stored().store_timeout(bad).build().expect_err("no time");
        assert_eq!(error, BuildError::StoreTimeout);
        assert!(error.to_string().starts_with("`store_timeout`: "), "{error}");
    }
    for good in [Duration::from_millis(1), Duration::MAX] {
        let builder = stored().store_timeout(good).store_ttl(|left| left);
        assert!(builder.remember_ended(Duration::ZERO).build().is_ok());
    }
    let header = HeaderCarrier::new(HeaderName::from_static("x-session"));
    let error = stored().path("/").carrier(header).build().expect_err("no cookie");
    assert_eq!(error, BuildError::CookieOption { option: "path" });
}

// Fails when a sentence no longer begins with the option that it is about.
#[test]
fn errors_name_the_option() {
    let options = [
        "name",
        "path",
        "domain",
        "name",
        "http_only(false)",
        "domain",
        "path",
        "same_site",
        "partitioned",
    ];
    for (error, option) in every_cookie_error().into_iter().zip(options) {
        let text = BuildError::from(error).to_string();
        assert!(text.starts_with(&format!("`{option}`: ")), "{text}");
        assert_eq!(text, error.to_string());
        assert!(BuildError::from(error).source().is_some());
    }
    for (error, option) in [
        (BuildError::MaxAge, "`max_age`: "),
        (BuildError::Absolute, "`absolute`: "),
        (BuildError::Capacity, "`carrier`: "),
    ] {
        assert!(error.to_string().starts_with(option), "{error}");
        assert!(error.source().is_none());
    }
}

//! The command line, by hand: one row an option.

use axum::http::HeaderName;
use session::{Extend, MaxAge, SameSite};
use std::time::Duration;

/// What the command line said.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) keys: Option<Vec<String>>,
    pub(crate) name: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) insecure: bool,
    pub(crate) partitioned: bool,
    pub(crate) http_only: bool,
    pub(crate) max_age: Option<MaxAge>,
    pub(crate) absolute: Option<Duration>,
    pub(crate) extend: Extend,
    pub(crate) auto_commit: bool,
    pub(crate) save_empty: bool,
    pub(crate) commit_on_server_error: bool,
    pub(crate) carrier: Carrier,
    pub(crate) threads: Option<usize>,
    pub(crate) test_clock: bool,
    pub(crate) events: bool,
}

/// What carries the token.
#[derive(Debug)]
pub(crate) enum Carrier {
    Cookie,
    Header(HeaderName),
    Bearer,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            keys: None,
            name: None,
            path: None,
            domain: None,
            same_site: None,
            insecure: false,
            partitioned: false,
            http_only: true,
            max_age: None,
            absolute: None,
            extend: Extend::Renew,
            auto_commit: true,
            save_empty: false,
            commit_on_server_error: false,
            carrier: Carrier::Cookie,
            threads: None,
            test_clock: false,
            events: false,
        }
    }
}

impl Options {
    pub(crate) fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(option) = given.next() {
            let mut value = || given.next().ok_or_else(|| format!("`{option}` needs a value"));
            match option.as_str() {
                "--listen" => options.listen = value()?,
                "--home" => home(&value()?)?,
                "--keys" => {
                    options.keys = Some(value()?.split(',').map(str::to_owned).collect());
                }
                "--name" => options.name = Some(value()?),
                "--path" => options.path = Some(value()?),
                "--domain" => options.domain = Some(value()?),
                "--same-site" => options.same_site = Some(same_site(&value()?)?),
                "--insecure" => options.insecure = true,
                "--partitioned" => options.partitioned = true,
                "--no-http-only" => options.http_only = false,
                "--max-age" => options.max_age = Some(max_age(&option, &value()?)?),
                "--absolute" => options.absolute = Some(milliseconds(&option, &value()?)?),
                "--rolling" => options.extend = Extend::Rolling,
                "--renew" => options.extend = Extend::Renew,
                "--on-write" => options.extend = Extend::OnWrite,
                "--fixed" => options.extend = Extend::Fixed,
                "--no-auto-commit" => options.auto_commit = false,
                "--save-empty" => options.save_empty = true,
                "--commit-on-server-error" => options.commit_on_server_error = true,
                "--carrier" => options.carrier = carrier(&value()?)?,
                "--on-outage" => on_outage(&value()?)?,
                "--codec" => codec(&value()?)?,
                // Names rows and tables; there are none yet.
                "--prefix" => drop(value()?),
                "--threads" => options.threads = Some(threads(&value()?)?),
                "--test-clock" => options.test_clock = true,
                "--events" => options.events = true,
                _ => return Err(format!("unknown option `{option}`")),
            }
        }
        Ok(options)
    }
}

fn home(value: &str) -> Result<(), String> {
    match value {
        "signed" => Ok(()),
        _ => Err(format!("`--home {value}`: this build has only the home `signed`")),
    }
}

fn codec(value: &str) -> Result<(), String> {
    match value {
        "json" => Ok(()),
        _ => Err(format!("`--codec {value}`: this build has only the codec `json`")),
    }
}

/// Checked, but of no use: a cookie is always at hand.
fn on_outage(value: &str) -> Result<(), String> {
    match value {
        "fail" | "ignore" => Ok(()),
        _ => Err(format!("`--on-outage {value}`: expected `fail` or `ignore`")),
    }
}

fn same_site(value: &str) -> Result<SameSite, String> {
    match value {
        "strict" => Ok(SameSite::Strict),
        "lax" => Ok(SameSite::Lax),
        "none" => Ok(SameSite::None),
        _ => Err(format!("`--same-site {value}`: expected `strict`, `lax` or `none`")),
    }
}

pub(crate) fn max_age(option: &str, value: &str) -> Result<MaxAge, String> {
    match value {
        "browser" => Ok(MaxAge::Browser),
        _ => milliseconds(option, value).map(MaxAge::Idle),
    }
}

fn milliseconds(option: &str, value: &str) -> Result<Duration, String> {
    let expected = || format!("`{option} {value}`: expected a number of milliseconds");
    value.parse().map(Duration::from_millis).map_err(|_| expected())
}

fn carrier(value: &str) -> Result<Carrier, String> {
    match value {
        "cookie" => Ok(Carrier::Cookie),
        "bearer" => Ok(Carrier::Bearer),
        _ => value
            .strip_prefix("header:")
            .and_then(|name| name.parse().ok())
            .map(Carrier::Header)
            .ok_or_else(|| {
                format!("`--carrier {value}`: expected `cookie`, `header:NAME` or `bearer`")
            }),
    }
}

fn threads(value: &str) -> Result<usize, String> {
    value
        .parse()
        .ok()
        .filter(|&threads| threads > 0)
        .ok_or_else(|| format!("`--threads {value}`: expected a number from 1"))
}

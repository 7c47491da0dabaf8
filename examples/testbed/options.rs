//! The command line, by hand: one row an option.

use crate::koa::Koa;
use axum::http::HeaderName;
use session::{Extend, MaxAge, OnEnded, OnOutage, OnUndecodable, Priority, SameSite};
use std::time::Duration;

/// What the command line said. Not `Debug`: a home may have a password in it.
pub(crate) struct Options {
    pub(crate) listen: String,
    /// A name or the URL of a store.
    pub(crate) home: String,
    /// What the store's keys begin with, or the name of its table.
    pub(crate) prefix: Option<String>,
    /// Each has a store of its own, for requests that name it in `X-Tenant`.
    pub(crate) tenants: Vec<String>,
    /// The rows of the store are encrypted with these.
    pub(crate) row_keys: Option<Vec<String>>,
    /// Requests may say in `X-Test-Store` how their store fares: `down`, `down-write` or `slow`.
    pub(crate) flaky: bool,
    pub(crate) on_outage: OnOutage,
    pub(crate) on_ended: OnEnded,
    pub(crate) store_timeout: Option<Duration>,
    pub(crate) remember_ended: Option<Duration>,
    /// For how long the engine keeps a row, whatever is left of its session.
    pub(crate) store_ttl: Option<Duration>,
    pub(crate) max_sessions: Option<usize>,
    pub(crate) keys: Option<Vec<String>>,
    pub(crate) name: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) priority: Option<Priority>,
    pub(crate) insecure: bool,
    pub(crate) partitioned: bool,
    pub(crate) http_only: bool,
    pub(crate) max_age: Option<MaxAge>,
    pub(crate) absolute: Option<Duration>,
    pub(crate) extend: Extend,
    pub(crate) auto_commit: bool,
    pub(crate) save_empty: bool,
    pub(crate) commit_on_server_error: bool,
    pub(crate) on_undecodable: OnUndecodable,
    pub(crate) carrier: Carrier,
    pub(crate) threads: Option<usize>,
    pub(crate) test_clock: bool,
    pub(crate) events: bool,
    pub(crate) log: bool,
    pub(crate) log_values: bool,
    pub(crate) koa: Koa,
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
            home: "signed".to_owned(),
            prefix: None,
            tenants: Vec::new(),
            row_keys: None,
            flaky: false,
            on_outage: OnOutage::Fail,
            on_ended: OnEnded::Refuse,
            store_timeout: None,
            remember_ended: None,
            store_ttl: None,
            max_sessions: None,
            keys: None,
            name: None,
            path: None,
            domain: None,
            same_site: None,
            priority: None,
            insecure: false,
            partitioned: false,
            http_only: true,
            max_age: None,
            absolute: None,
            extend: Extend::Renew,
            auto_commit: true,
            save_empty: false,
            commit_on_server_error: false,
            on_undecodable: OnUndecodable::Reset,
            carrier: Carrier::Cookie,
            threads: None,
            test_clock: false,
            events: false,
            log: false,
            log_values: false,
            koa: Koa::default(),
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
                "--home" => options.home = value()?,
                "--prefix" => options.prefix = Some(value()?),
                "--tenants" => options.tenants = tenants(&value()?)?,
                "--row-keys" => options.row_keys = Some(list(&value()?)),
                "--flaky" => options.flaky = true,
                "--on-outage" => options.on_outage = on_outage(&value()?)?,
                "--on-ended" => options.on_ended = on_ended(&value()?)?,
                "--store-timeout" => {
                    options.store_timeout = Some(milliseconds(&option, &value()?)?);
                }
                "--remember-ended" => {
                    options.remember_ended = Some(milliseconds(&option, &value()?)?);
                }
                "--store-ttl" => options.store_ttl = Some(milliseconds(&option, &value()?)?),
                "--max-sessions" => options.max_sessions = Some(number(&option, &value()?)?),
                "--keys" => options.keys = Some(list(&value()?)),
                "--name" => options.name = Some(value()?),
                "--path" => options.path = Some(value()?),
                "--domain" => options.domain = Some(value()?),
                "--same-site" => options.same_site = Some(same_site(&value()?)?),
                "--priority" => options.priority = Some(priority(&value()?)?),
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
                "--on-undecodable" => options.on_undecodable = on_undecodable(&value()?)?,
                "--carrier" => options.carrier = carrier(&value()?)?,
                "--threads" => options.threads = Some(number(&option, &value()?)?),
                "--test-clock" => options.test_clock = true,
                "--events" => options.events = true,
                "--log" => options.log = true,
                "--log-values" => options.log_values = true,
                _ if options.koa.take(&option, value)? => {}
                _ => return Err(format!("unknown option `{option}`")),
            }
        }
        Ok(options)
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

fn tenants(value: &str) -> Result<Vec<String>, String> {
    if value.split(',').any(str::is_empty) {
        return Err(format!("`--tenants {value}`: expected names with commas between"));
    }
    Ok(value.split(',').map(str::to_owned).collect())
}

fn on_outage(value: &str) -> Result<OnOutage, String> {
    match value {
        "fail" => Ok(OnOutage::Fail),
        "ignore" => Ok(OnOutage::Ignore),
        _ => Err(format!("`--on-outage {value}`: expected `fail` or `ignore`")),
    }
}

fn on_ended(value: &str) -> Result<OnEnded, String> {
    match value {
        "refuse" => Ok(OnEnded::Refuse),
        "drop" => Ok(OnEnded::Drop),
        _ => Err(format!("`--on-ended {value}`: expected `refuse` or `drop`")),
    }
}

fn on_undecodable(value: &str) -> Result<OnUndecodable, String> {
    match value {
        "reset" => Ok(OnUndecodable::Reset),
        "fail" => Ok(OnUndecodable::Fail),
        _ => Err(format!("`--on-undecodable {value}`: expected `reset` or `fail`")),
    }
}

fn priority(value: &str) -> Result<Priority, String> {
    match value {
        "low" => Ok(Priority::Low),
        "medium" => Ok(Priority::Medium),
        "high" => Ok(Priority::High),
        _ => Err(format!("`--priority {value}`: expected `low`, `medium` or `high`")),
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

fn number(option: &str, value: &str) -> Result<usize, String> {
    value
        .parse()
        .ok()
        .filter(|&number| number > 0)
        .ok_or_else(|| format!("`{option} {value}`: expected a number from 1"))
}

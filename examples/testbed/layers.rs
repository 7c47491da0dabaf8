//! What stands round the routes: the two session layers, and what they need outside them.

use crate::answer;
use crate::clock::{self, TestClock};
use crate::events;
use crate::options::{Carrier, Options};
use crate::state::{Admin, State};
use axum::Router;
use axum::http::HeaderName;
use axum::middleware::{from_fn, map_response};
use session::{HeaderCarrier, Keys, MaxAge, SessionBuilder, SessionData, SessionLayer};
use tower_http::catch_panic::CatchPanicLayer;

/// Wraps the routes; the last layer is the outermost.
pub(crate) fn wrap(routes: Router, options: &Options) -> Result<Router, String> {
    let keys = keys(options)?;
    let app = routes
        .layer(admins(keys.clone(), options)?)
        .layer(states(keys, options)?)
        .layer(map_response(answer::explain))
        .layer(CatchPanicLayer::custom(answer::panicked));
    Ok(if options.test_clock { app.layer(from_fn(clock::set)) } else { app })
}

fn keys(options: &Options) -> Result<Keys, String> {
    match &options.keys {
        Some(keys) => Keys::new(keys).map_err(|e| format!("`--keys`: {e}")),
        None => {
            eprintln!("testbed: no `--keys`: the sessions end with the process");
            Keys::random().map_err(|e| e.to_string())
        }
    }
}

fn states(keys: Keys, options: &Options) -> Result<SessionLayer<State>, String> {
    let mut builder = common(SessionLayer::<State>::signed(keys), options)
        .http_only(options.http_only)
        .partitioned(options.partitioned);
    if let Some(name) = &options.name {
        builder = builder.name(name);
    }
    if let Some(path) = &options.path {
        builder = builder.path(path);
    }
    if let Some(domain) = &options.domain {
        builder = builder.domain(domain);
    }
    if let Some(same_site) = options.same_site {
        builder = builder.same_site(same_site);
    }
    builder = match &options.carrier {
        Carrier::Cookie => builder,
        Carrier::Header(name) => builder.carrier(HeaderCarrier::new(name.clone())),
        Carrier::Bearer => {
            builder.carrier(HeaderCarrier::bearer(HeaderName::from_static("x-session-token")))
        }
    };
    // `hits` and `tags` have merge policies, which no cookie can honour.
    builder.last_write_wins().build().map_err(|e| e.to_string())
}

fn admins(keys: Keys, options: &Options) -> Result<SessionLayer<Admin>, String> {
    common(SessionLayer::<Admin>::signed(keys), options).build().map_err(|e| e.to_string())
}

/// The options that hold for both types.
fn common<T: SessionData>(mut builder: SessionBuilder<T>, options: &Options) -> SessionBuilder<T> {
    builder = match options.max_age {
        None => builder,
        Some(MaxAge::Idle(idle)) => builder.max_age(idle),
        Some(_) => builder.browser_session(),
    };
    if let Some(absolute) = options.absolute {
        builder = builder.absolute(absolute);
    }
    if options.insecure {
        builder = builder.insecure_for_development();
    }
    if options.test_clock {
        builder = builder.clock(TestClock);
    }
    if options.events {
        builder = builder.on_event(|event| events::print(T::SCHEMA, event));
    }
    builder
        .extend(options.extend)
        .auto_commit(options.auto_commit)
        .save_empty(options.save_empty)
        .commit_on_server_error(options.commit_on_server_error)
}

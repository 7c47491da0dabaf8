//! What stands round the routes: the two session layers, and what they need outside them.

use crate::answer;
use crate::clock::{self, TestClock};
use crate::events;
use crate::flaky;
use crate::home::{Home, Stored};
use crate::options::{Carrier, Options};
use crate::state::{Admin, State};
use axum::Router;
use axum::http::HeaderName;
use axum::http::request::Parts;
use axum::middleware::{from_fn, map_response};
use session::compat::koa::Moving;
use session::store::AnyStore;
use session::{BuildError, HeaderCarrier, Keys, MaxAge, SessionBuilder, SessionData, SessionLayer};
use tower_http::catch_panic::CatchPanicLayer;

/// Wraps the routes; the last layer is the outermost.
pub(crate) fn wrap(
    routes: Router,
    options: &Options,
    home: &Home,
    moving: Option<Moving>,
) -> Result<Router, String> {
    let layers = match home {
        Home::Cookie => in_cookies(keys(options)?, options, moving),
        Home::Store(Stored { lists: false, .. }) if options.max_sessions.is_some() => {
            return Err("`--max-sessions`: this home can't list a user's sessions".to_owned());
        }
        Home::Store(stored) => in_a_store(stored, options, moving),
    };
    let (admins, states) = layers.map_err(|e| e.to_string())?;
    let app = routes
        .layer(admins)
        .layer(states)
        .layer(map_response(answer::explain))
        .layer(CatchPanicLayer::custom(answer::panicked));
    let app = if options.flaky { app.layer(from_fn(flaky::set)) } else { app };
    Ok(if options.test_clock { app.layer(from_fn(clock::set)) } else { app })
}

type Layers = (SessionLayer<Admin>, SessionLayer<State>);

fn in_cookies(keys: Keys, options: &Options, moving: Option<Moving>) -> Result<Layers, BuildError> {
    let admins = of_admins(SessionLayer::signed(keys.clone()), options);
    // `hits` and `tags` have merge policies, which no cookie can honour.
    let mut states = of_visitors(SessionLayer::signed(keys), options).last_write_wins();
    if let Some(moving) = moving {
        states = states.moving_from(moving);
    }
    Ok((admins.build()?, states.build()?))
}

fn in_a_store(
    stored: &Stored,
    options: &Options,
    moving: Option<Moving>,
) -> Result<Layers, BuildError> {
    let (admins, states) = match &stored.tenants {
        None => {
            let store = &stored.store;
            (SessionLayer::stored(store.clone()), SessionLayer::stored(store.clone()))
        }
        Some(_) => {
            (SessionLayer::stored_with(pick(stored)), SessionLayer::stored_with(pick(stored)))
        }
    };
    let admins = of_admins(in_its_store(admins, options), options);
    let mut states = of_visitors(in_its_store(states, options), options);
    if let Some(most) = options.max_sessions {
        states = states.max_sessions(most);
    }
    if let Some(moving) = moving {
        states = states.moving_from(moving);
    }
    Ok((admins.build()?, states.build()?))
}

/// The store of the request's tenant.
fn pick(stored: &Stored) -> impl Fn(&Parts) -> AnyStore + Send + Sync + 'static {
    let (common, tenants) = (stored.store.clone(), stored.tenants.clone());
    move |request| {
        let named = request.headers.get("x-tenant").and_then(|name| name.to_str().ok());
        let own = named.zip(tenants.as_deref()).and_then(|(name, tenants)| tenants.get(name));
        own.unwrap_or(&common).clone()
    }
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

/// The options that hold for visitors alone. `M` says whether the home merges changes.
fn of_visitors<M>(
    builder: SessionBuilder<State, M>,
    options: &Options,
) -> SessionBuilder<State, M> {
    let builder = common(builder, options);
    match &options.carrier {
        Carrier::Cookie => in_its_cookie(builder, options),
        Carrier::Header(name) => builder.carrier(HeaderCarrier::new(name.clone())),
        Carrier::Bearer => {
            builder.carrier(HeaderCarrier::bearer(HeaderName::from_static("x-session-token")))
        }
    }
}

/// What there is no cookie for is not for it.
fn in_its_cookie<M>(
    builder: SessionBuilder<State, M>,
    options: &Options,
) -> SessionBuilder<State, M> {
    let mut builder =
        secure(builder, options).http_only(options.http_only).partitioned(options.partitioned);
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
    if let Some(priority) = options.priority {
        builder = builder.priority(priority);
    }
    builder
}

/// The options that hold for administrators, whose session is in a cookie always.
fn of_admins<M>(builder: SessionBuilder<Admin, M>, options: &Options) -> SessionBuilder<Admin, M> {
    secure(common(builder, options), options)
}

fn secure<T: SessionData, M>(
    builder: SessionBuilder<T, M>,
    options: &Options,
) -> SessionBuilder<T, M> {
    if options.insecure { builder.insecure_for_development() } else { builder }
}

/// The options of sessions in a store.
fn in_its_store<T: SessionData, M>(
    mut builder: SessionBuilder<T, M>,
    options: &Options,
) -> SessionBuilder<T, M> {
    if let Some(patience) = options.store_timeout {
        builder = builder.store_timeout(patience);
    }
    if let Some(remember) = options.remember_ended {
        builder = builder.remember_ended(remember);
    }
    if let Some(ttl) = options.store_ttl {
        builder = builder.store_ttl(move |_| ttl);
    }
    builder.on_outage(options.on_outage).on_ended(options.on_ended)
}

/// The options that hold for both types.
fn common<T: SessionData, M>(
    mut builder: SessionBuilder<T, M>,
    options: &Options,
) -> SessionBuilder<T, M> {
    builder = match options.max_age {
        None => builder,
        Some(MaxAge::Idle(idle)) => builder.max_age(idle),
        Some(_) => builder.browser_session(),
    };
    if let Some(absolute) = options.absolute {
        builder = builder.absolute(absolute);
    }
    if options.test_clock {
        builder = builder.clock(TestClock);
    }
    if options.events {
        builder = builder.on_event_in(events::print);
    }
    builder
        .log_values(options.log_values)
        .extend(options.extend)
        .auto_commit(options.auto_commit)
        .save_empty(options.save_empty)
        .commit_on_server_error(options.commit_on_server_error)
        .on_undecodable(options.on_undecodable)
}

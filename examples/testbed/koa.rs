//! `--codec koa` and `koa-generic`: sessions that a Node application reads and writes too. And
//! `--moving-from`: theirs that become ours.

use crate::answer::{self, Failure};
use crate::clock::{self, TestClock};
use crate::events;
use crate::home::reasons;
use crate::input::{Asked, FromObject, Open, Sent, members};
use crate::options::{Options, max_age};
use axum::middleware::{from_fn, map_response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value};
use session::compat::koa::{KoaCookies, KoaKeys, KoaRows, Moving};
use session::store::RedisStore;
use session::{MaxAge, Session, SessionBuilder, SessionLayer};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};
use tower_http::catch_panic::CatchPanicLayer;

/// What the command line says about Node's sessions.
#[derive(Default)]
pub(crate) struct Koa {
    /// `koa` or `koa-generic`, side by side.
    codec: Option<String>,
    moving_from: Option<String>,
    keys: Option<Vec<String>>,
    sha256: bool,
    /// Of the rows to move over from.
    redis: Option<String>,
    accept_until: Option<u64>,
}

impl Koa {
    /// Takes an option if it is one of these.
    pub(crate) fn take(
        &mut self,
        option: &str,
        mut value: impl FnMut() -> Result<String, String>,
    ) -> Result<bool, String> {
        match option {
            "--codec" => {
                let codec = one_of(option, value()?, &["json", "koa", "koa-generic"])?;
                self.codec = Some(codec).filter(|codec| codec != "json");
            }
            "--moving-from" => {
                self.moving_from = Some(one_of(option, value()?, &["koa", "koa-generic", "egg"])?);
            }
            "--koa-keys" => self.keys = Some(value()?.split(',').map(str::to_owned).collect()),
            "--koa-algorithm" => {
                self.sha256 = one_of(option, value()?, &["sha1", "sha256"])? == "sha256";
            }
            "--koa-redis" => self.redis = Some(value()?),
            "--accept-until" => {
                let date = value()?;
                let expected = |_| format!("`{option} {date}`: expected milliseconds since 1970");
                self.accept_until = Some(date.parse().map_err(expected)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn keys(&self, option: &str, given: Option<&Vec<String>>) -> Result<KoaKeys, String> {
        let given = given.ok_or_else(|| format!("`{option}` is missing: what `app.keys` is"))?;
        let egg = self.moving_from.as_deref() == Some("egg") && self.codec.is_none();
        let keys = if self.sha256 || egg { KoaKeys::sha256(given) } else { KoaKeys::sha1(given) };
        keys.map_err(|e| format!("`{option}`: {e}"))
    }

    /// What `--moving-from` says; rows are those of `--koa-redis`, or of the home.
    pub(crate) async fn moving(&self, options: &Options) -> Result<Option<Moving>, String> {
        let Some(from) = self.moving_from.as_deref() else { return Ok(None) };
        let keys = self.keys("--koa-keys", self.keys.as_ref())?;
        let until = self.accept_until.ok_or("`--moving-from` needs `--accept-until MS`")?;
        let until = SystemTime::UNIX_EPOCH + Duration::from_millis(until);
        let url = self.redis.as_deref().unwrap_or(&options.home);
        let moving = match (from, &self.redis) {
            ("koa", None) => KoaCookies::new(keys).accept_until(until),
            ("koa", Some(url)) => {
                KoaRows::koa_session(keys, redis("--koa-redis", url).await?).accept_until(until)
            }
            ("egg", _) => KoaCookies::new(keys).name("EGG_SESS").accept_until(until),
            _ => {
                let redis = redis("--koa-redis", url).await?;
                KoaRows::generic_session(keys, redis).accept_until(until)
            }
        };
        Ok(Some(moving))
    }

    /// The app of `--codec koa` or `koa-generic`.
    pub(crate) async fn app(&self, options: &Options) -> Result<Option<Router>, String> {
        let Some(codec) = self.codec.as_deref() else { return Ok(None) };
        let keys = self.keys("--keys", options.keys.as_ref())?;
        let builder = if options.home == "signed" && codec == "koa" {
            let mut cookies = KoaCookies::new(keys);
            if let Some(name) = &options.name {
                cookies = cookies.name(name);
            }
            SessionLayer::<Shared>::koa(cookies)
        } else {
            let redis = redis("--home", &options.home).await?;
            let mut rows = match codec {
                "koa" => KoaRows::koa_session(keys, redis),
                _ => KoaRows::generic_session(keys, redis),
            };
            if let Some(name) = &options.name {
                rows = rows.name(name);
            }
            if let Some(prefix) = &options.prefix {
                rows = rows.prefix(prefix);
            }
            SessionLayer::<Shared>::koa_rows(rows).on_outage(options.on_outage)
        };
        let layer = with(builder, options).build().map_err(|e| e.to_string())?;
        let app = router().layer(layer).layer(map_response(answer::explain));
        let app = app.layer(CatchPanicLayer::custom(answer::panicked));
        Ok(Some(if options.test_clock { app.layer(from_fn(clock::set)) } else { app }))
    }
}

fn one_of(option: &str, value: String, known: &[&str]) -> Result<String, String> {
    if known.contains(&value.as_str()) {
        return Ok(value);
    }
    Err(format!("`{option} {value}`: expected one of `{}`", known.join("`, `")))
}

async fn redis(option: &str, url: &str) -> Result<RedisStore, String> {
    if !url.starts_with("redis://") {
        return Err(format!("`{option}`: rows of koa's are in Redis: expected `redis://..`"));
    }
    let connecting = RedisStore::builder(url).connect().await;
    connecting.map_err(|error| format!("`{option}`: {}", reasons(&error)))
}

fn with(mut builder: SessionBuilder<Shared>, options: &Options) -> SessionBuilder<Shared> {
    if options.insecure {
        builder = builder.insecure_for_development();
    }
    if options.test_clock {
        builder = builder.clock(TestClock);
    }
    if options.events {
        builder = builder.on_event_in(events::print);
    }
    builder = builder.save_empty(options.save_empty);
    match options.max_age {
        None => builder,
        Some(MaxAge::Idle(idle)) => builder.max_age(idle),
        Some(_) => builder.browser_session(),
    }
}

/// What both applications keep of a visitor. No `index` and no `merge`: the last write wins, and nobody
/// lists whose sessions they are.
#[derive(Session)]
struct Shared {
    views: u64,
    #[session(rotate)]
    user: Option<String>,
    note: Option<String>,
    cart: BTreeMap<String, u32>,
}

/// New values for some fields.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Values {
    views: Option<u64>,
    user: Option<String>,
    note: Option<String>,
    cart: Option<BTreeMap<String, u32>>,
}

impl FromObject for Values {
    fn from_object(object: Map<String, Value>) -> Result<Self, Failure> {
        members(object, &["views", "user", "note", "cart"])
    }
}

fn router() -> Router {
    Router::new()
        .route("/untouched", get(async || Json("ok")))
        .route("/state", get(async |Open::<Shared>(session)| answer::show(&session)))
        .route("/set", post(set))
        .route("/destroy", post(destroy))
        .route("/rotate", post(rotate))
        .route("/save", post(save))
        .route("/max-age", post(set_max_age))
}

async fn set(Open(mut session): Open<Shared>, Sent(values): Sent<Values>) -> Json<Value> {
    if let Some(views) = values.views {
        session.views = views;
    }
    if let Some(user) = values.user {
        session.user = Some(user);
    }
    if let Some(note) = values.note {
        session.note = Some(note);
    }
    if let Some(cart) = values.cart {
        session.cart = cart;
    }
    answer::show(&session)
}

async fn destroy(Open(mut session): Open<Shared>) -> Json<Value> {
    session.destroy();
    answer::show(&session)
}

async fn rotate(Open(mut session): Open<Shared>) -> Json<Value> {
    session.rotate();
    answer::show(&session)
}

async fn save(Open(mut session): Open<Shared>) -> Json<Value> {
    session.save();
    answer::show(&session)
}

#[derive(Deserialize)]
struct NewMaxAge {
    ms: String,
}

async fn set_max_age(
    Open(mut session): Open<Shared>,
    Asked(NewMaxAge { ms }): Asked<NewMaxAge>,
) -> Result<Json<Value>, Failure> {
    let max_age = max_age("ms", &ms).map_err(|e| Failure::bad("bad_query", e))?;
    session.set_max_age(max_age).map_err(|e| Failure::bad("bad_max_age", e.to_string()))?;
    Ok(answer::show(&session))
}

//! All who race, and the rivals among them.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Path};
use axum::routing::get;
use axum_extra::extract::SignedCookieJar;
use axum_extra::extract::cookie::{Cookie, Key};
use axum_session::{DatabasePool, SessionConfig, SessionNullPool, SessionStore};
use axum_session_redispool::SessionRedisPool;
use http::StatusCode;
use ruts::store::Ttl;
use ruts::store::moka::{MokaStore, MokaStoreBuilder};
use tower_cookies::CookieManagerLayer;
use tower_sessions::MemoryStore;

use super::{Racer, fields, pause, this_library};
use crate::both_versions;

/// Where the servers are: as the tests have it.
const SERVERS: [&str; 5] = [
    "SESSION_TEST_REDIS",
    "SESSION_TEST_REDIS_CLUSTER",
    "SESSION_TEST_POSTGRES",
    "SESSION_TEST_MYSQL",
    "SESSION_TEST_MEMCACHED",
];

/// Those whose name contains `only`, and what is missing for the others.
pub(super) async fn all(only: Option<&str>) -> Result<(Vec<Racer>, Vec<String>), Box<dyn Error>> {
    let mut missing = Vec::new();
    let mut racers = this_library::embedded().await?;
    let mut redis = None;
    for variable in SERVERS {
        match std::env::var(variable) {
            Ok(url) => {
                racers.extend(this_library::on_server(variable, &url).await?);
                if variable == "SESSION_TEST_REDIS" {
                    redis = Some(url);
                }
            }
            Err(_) => missing.push(format!("the store that {variable} names: it is not set")),
        }
    }
    let store = MemoryStore::default();
    let apps = vec![both_versions::newest::counts(store)];
    racers.push(rival("tower-sessions, memory", apps));
    if let Some(url) = &redis {
        let app = async || both_versions::redis(url, 6).await.map(both_versions::before::counts);
        racers.push(rival("tower-sessions, Redis, one app", vec![app().await?]));
        racers.push(rival("tower-sessions, Redis, two apps", vec![app().await?, app().await?]));
    }
    racers.push(rival("axum_session, memory", vec![axum_session::<SessionNullPool>(None).await?]));
    if let Some(url) = &redis {
        let app = async || {
            let client = redis::Client::open(url.as_str())?;
            let pool = redis_pool::RedisPool::from(client);
            axum_session(Some(SessionRedisPool::from(pool))).await
        };
        racers.push(rival("axum_session, Redis, one app", vec![app().await?]));
        racers.push(rival("axum_session, Redis, two apps", vec![app().await?, app().await?]));
    }
    let store = Arc::new(MokaStoreBuilder::new().build());
    racers.push(rival("ruts, moka, one app", vec![ruts(&store)]));
    racers.push(rival("ruts, moka, two apps", vec![ruts(&store), ruts(&store)]));
    racers.push(rival("axum-extra SignedCookieJar", vec![signed_jar()]));
    if let Some(only) = only {
        racers.retain(|racer| racer.name.contains(only));
    }
    Ok((racers, missing))
}

fn rival(name: &str, apps: Vec<Router>) -> Racer {
    Racer { name: name.to_owned(), apps, conflicts: None, promises: false, _database: None }
}

async fn axum_session<P>(pool: Option<P>) -> Result<Router, Box<dyn Error>>
where
    P: DatabasePool + Clone + std::fmt::Debug + Send + Sync + 'static,
{
    type Session<P> = axum_session::Session<P>;
    let store = SessionStore::<P>::new(pool, SessionConfig::default()).await?;
    let begin = async |session: Session<P>| session.set("begun", true);
    let add = async |session: Session<P>, Path(field): Path<String>| {
        let count: u64 = session.get(&field).unwrap_or_default();
        pause().await;
        session.set(&field, count + 1);
    };
    let show = async |session: Session<P>, Path(field): Path<String>| {
        session.get::<u64>(&field).unwrap_or_default().to_string()
    };
    Ok(Router::new()
        .route(fields::BEGIN, get(begin))
        .route(fields::ADD, get(add))
        .route(fields::SHOW, get(show))
        .layer(axum_session::SessionLayer::new(store)))
}

fn ruts(store: &Arc<MokaStore>) -> Router {
    type Session = ruts::Session<MokaStore>;
    const DAY: i64 = 24 * 60 * 60;
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let day = Ttl::new(DAY).expect("a day is in range");
    let begin = move |session: Session| async move {
        session.set("begun", &true, day, None).await.map_err(failed)
    };
    let add = move |session: Session, Path(field): Path<String>| async move {
        let count: u64 = session.get(&field).await.map_err(failed)?.unwrap_or_default();
        pause().await;
        session.set(&field, &(count + 1), day, None).await.map_err(failed)
    };
    let show = move |session: Session, Path(field): Path<String>| async move {
        let count: Option<u64> = session.get(&field).await.map_err(failed)?;
        Ok::<_, StatusCode>(count.unwrap_or_default().to_string())
    };
    let cookie = ruts::CookieOptions::build()
        .name("session")
        .http_only(true)
        .same_site(ruts::cookie::SameSite::Lax)
        .secure(true)
        .max_age(DAY.unsigned_abs())
        .path("/");
    Router::new()
        .route(fields::BEGIN, get(begin))
        .route(fields::ADD, get(add))
        .route(fields::SHOW, get(show))
        .layer(ruts::SessionLayer::new(Arc::clone(store)).with_cookie_options(cookie))
        .layer(CookieManagerLayer::new())
}

#[derive(Clone)]
struct JarKey(Key);

impl FromRef<JarKey> for Key {
    fn from_ref(state: &JarKey) -> Self {
        state.0.clone()
    }
}

/// All values in one cookie, as JSON.
fn signed_jar() -> Router {
    type Values = std::collections::BTreeMap<String, u64>;
    const NAME: &str = "session";
    fn values(jar: &SignedCookieJar) -> Values {
        let cookie = jar.get(NAME);
        cookie.and_then(|it| serde_json::from_str(it.value()).ok()).unwrap_or_default()
    }
    fn with(jar: SignedCookieJar, values: &Values) -> SignedCookieJar {
        let json = serde_json::to_string(values).expect("numbers under names encode");
        jar.add(Cookie::build((NAME, json)).path("/").http_only(true).secure(true).build())
    }
    let begin = async |jar: SignedCookieJar| with(jar, &Values::from([("begun".to_owned(), 1)]));
    let add = async |jar: SignedCookieJar, Path(field): Path<String>| {
        let mut values = values(&jar);
        pause().await;
        *values.entry(field).or_default() += 1;
        with(jar, &values)
    };
    let show = async |jar: SignedCookieJar, Path(field): Path<String>| {
        values(&jar).get(&field).copied().unwrap_or_default().to_string()
    };
    Router::new()
        .route(fields::BEGIN, get(begin))
        .route(fields::ADD, get(add))
        .route(fields::SHOW, get(show))
        .with_state(JarKey(Key::generate()))
}

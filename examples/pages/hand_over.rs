//! The middleware of `docs/coming-from-tower-sessions.md` that hands live sessions over, at work.

use axum::body::{Body, to_bytes};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::routing::get;
use session::store::MemoryStore;
use tower::ServiceExt as _;

// From here on as the page has it.
use axum::RequestExt;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware::from_fn};
use session::{Session, SessionLayer, TypedSession};
use tower_sessions::{SessionManagerLayer, SessionStore};

#[derive(Session)]
struct Visit {
    #[session(rotate)]
    user: Option<String>,
    views: u64,
}

/// Takes over what a session of tower-sessions holds, and ends that one.
async fn hand_over(
    theirs: tower_sessions::Session,
    mut request: Request,
    next: Next,
) -> Result<Response, Response> {
    // Only for those who bring their cookie: all others cost nothing here.
    if theirs.id().is_some() {
        let failed = |_| StatusCode::SERVICE_UNAVAILABLE.into_response();
        let mut ours: TypedSession<Visit> =
            request.extract_parts().await.map_err(IntoResponse::into_response)?;
        // Who has a session of ours was handed over before.
        if ours.is_new() {
            let user: Option<String> = theirs.get("user").await.map_err(failed)?;
            let views: Option<u64> = theirs.get("views").await.map_err(failed)?;
            ours.views = views.unwrap_or_default();
            ours.set_user(user);
            // First there is the new one, then the old one goes.
            ours.commit().await.map_err(|error| error.status().into_response())?;
        }
        theirs.flush().await.map_err(failed)?;
    }
    Ok(next.run(request).await)
}

fn with_sessions(
    app: Router,
    ours: SessionLayer<Visit>,
    theirs: SessionManagerLayer<impl SessionStore + Clone>,
) -> Router {
    // The last one is the outermost: both layers are outside of the middleware.
    app.layer(from_fn(hand_over)).layer(ours).layer(theirs)
}
// Up to here.

#[test]
fn the_page_has_this_code() {
    let (here, page) =
        (include_str!("hand_over.rs"), include_str!("../../docs/coming-from-tower-sessions.md"));
    let code = here.split_once("has it.\n").and_then(|(_, rest)| rest.split_once("// Up to"));
    let (code, _) = code.expect("the marks");
    assert!(page.contains(&format!("```rust\n{code}```")), "the page and `hand_over.rs` differ");
}

async fn in_the_old_app(session: tower_sessions::Session) -> &'static str {
    session.insert("user", "ada").await.expect("memory");
    session.insert("views", 41).await.expect("memory");
    "old"
}

async fn show(session: TypedSession<Visit>) -> String {
    format!("{} {}", session.user.as_deref().unwrap_or("nobody"), session.views)
}

async fn log_out(mut session: TypedSession<Visit>) {
    session.destroy();
}

/// What the browser has, and what it is told.
struct Browser {
    app: Router,
    cookies: Vec<(String, String)>,
}

impl Browser {
    async fn get(&mut self, path: &str) -> String {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::get(path).header(COOKIE, cookies.join("; ")).body(Body::empty());
        let response =
            self.app.clone().oneshot(request.expect("a request")).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::OK);
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("ASCII");
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let body = to_bytes(response.into_body(), 1000).await.expect("a small body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.cookies.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// Somebody with a live session of the old application, in front of the new one.
async fn a_visitor() -> Browser {
    let theirs = SessionManagerLayer::new(tower_sessions::MemoryStore::default());
    let old = Router::new().route("/", get(in_the_old_app)).layer(theirs.clone());
    let mut browser = Browser { app: old, cookies: Vec::new() };
    assert_eq!(browser.get("/").await, "old");
    assert_eq!(browser.names(), ["id"]);
    let ours = SessionLayer::<Visit>::stored(MemoryStore::new()).build().expect("a layer");
    let new = Router::new().route("/", get(show)).route("/logout", get(log_out));
    browser.app = with_sessions(new, ours, theirs);
    browser
}

#[tokio::test]
async fn a_live_session_is_handed_over_once() {
    let mut browser = a_visitor().await;
    let old = browser.cookies.clone();
    assert_eq!(browser.get("/").await, "ada 41");
    assert_eq!(browser.names(), ["__Host-session"], "ours is set, theirs is removed");
    assert_eq!(browser.get("/").await, "ada 41");
    // The old cookie is worth nothing any more.
    browser.cookies = old;
    assert_eq!(browser.get("/").await, "nobody 0");
}

#[tokio::test]
async fn a_logout_is_not_undone_by_an_old_cookie() {
    let mut browser = a_visitor().await;
    let old = browser.cookies.clone();
    assert_eq!(browser.get("/").await, "ada 41");
    browser.cookies.extend(old.clone());
    browser.get("/logout").await;
    browser.cookies.extend(old);
    assert_eq!(browser.get("/").await, "nobody 0");
}

#[tokio::test]
async fn who_brings_no_old_cookie_gets_none_of_ours_for_nothing() {
    let mut browser = a_visitor().await;
    browser.cookies.clear();
    assert_eq!(browser.get("/").await, "nobody 0");
    assert_eq!(browser.names(), [""; 0]);
}

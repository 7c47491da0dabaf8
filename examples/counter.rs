//! A page that counts how often you have seen it: `curl -c jar -b jar http://127.0.0.1:3000`, again
//! and again. `PORT` changes the port; with `SESSION_KEYS="$(openssl rand -base64 32)"` in the
//! environment the count survives a restart.

use axum::{Router, response::Html, routing::get};
use session::{Keys, Session, SessionLayer, TypedSession};
use std::{env, error::Error};

#[derive(Session)]
struct Visit {
    views: u64,
}

async fn index(mut session: TypedSession<Visit>) -> Html<String> {
    session.views += 1;
    Html(format!("<title>counter</title>\n<p>{} views</p>\n", session.views))
}

async fn serve() -> Result<(), Box<dyn Error>> {
    // Without keys of its own, the server makes one, and sessions end with the process.
    let keys =
        env::var("SESSION_KEYS").map_or_else(|_| Keys::random(), |keys| Keys::parse(&keys))?;
    let sessions = SessionLayer::<Visit>::signed(keys).build()?;
    let app = Router::new().route("/", get(index)).layer(sessions);
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

#[tokio::main]
async fn main() {
    if let Err(error) = serve().await {
        eprintln!("counter: {error}");
        std::process::exit(1);
    }
}

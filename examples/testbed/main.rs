//! One small server that shows every behaviour of the library from outside, to curl, a browser or
//! any other client; and the worked example of every option.
//!
//! ```text
//! cargo run --release --example testbed --features testbed -- --listen 127.0.0.1:3000 --rolling
//! curl -c jar -b jar -d '{"note":"hello"}' http://localhost:3000/set
//! curl -c jar -b jar http://localhost:3000/state
//! ```
//!
//! `--codec koa` shares the sessions with a Node application, `--moving-from koa` takes them over.
//!
//! With `--home` the sessions live in a store: `memory`, or a URL such as `redis://127.0.0.1` or
//! `sqlite://sessions.db`; `--row-keys` encrypts what it keeps. `--log` shows what the library says,
//! `GET /metrics` what it counts. `options.rs` has all options. Some make requests heard that no real
//! server would listen to, so that each moment of a session can be tried:
//!
//! | option | header | what it does |
//! |---|---|---|
//! | `--test-clock` | `X-Test-Now: MILLISECONDS` | says what time it is |
//! | `--flaky` | `X-Test-Store: down`, `down-write`, `slow` | makes the store fail: always, on writing, by never answering |
//! | `--tenants A,B` | `X-Tenant: A` | picks the store of that tenant |
//! | | `X-Stamp` | lets `before_save` change the colour |
//! | | `X-Refuse` | lets `valid` refuse what this request loads |

mod answer;
mod clock;
mod events;
mod flaky;
mod home;
mod input;
mod koa;
mod layers;
mod log;
mod metrics;
mod options;
mod routes;
mod state;
mod unlisted;

use home::Home;
use options::Options;
use std::io::Write;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("testbed: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = options.threads {
        runtime.worker_threads(threads);
    }
    let runtime = runtime.enable_all().build().map_err(|e| format!("no runtime: {e}"))?;
    runtime.block_on(serve(options))
}

async fn serve(options: &Options) -> Result<(), String> {
    if options.log {
        log::start();
    }
    metrics::install()?;
    if let Some(app) = options.koa.app(options).await? {
        return listen(options, app).await;
    }
    let home = Home::open(options).await?;
    let moving = options.koa.moving(options).await?;
    let app = layers::wrap(routes::router(&home), options, &home, moving)?;
    let served = listen(options, app).await;
    home.close().await;
    served
}

async fn listen(options: &Options, app: axum::Router) -> Result<(), String> {
    let listener = tokio::net::TcpListener::bind(&options.listen)
        .await
        .map_err(|e| format!("`--listen {}`: {e}", options.listen))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    println!("listening on http://{address}");
    // A pipe may have more than one reader to please.
    let _ = std::io::stdout().flush();
    let stop = stop()?;
    let served = axum::serve(listener, app).with_graceful_shutdown(stop).await;
    served.map_err(|e| e.to_string())
}

/// Resolves on SIGTERM and on SIGINT.
fn stop() -> Result<impl Future<Output = ()> + Send, String> {
    let signal = |kind| signal(kind).map_err(|e| format!("no signals: {e}"));
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

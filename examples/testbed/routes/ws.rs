//! A WebSocket, whose session outlives the request.

use super::needs_store;
use crate::answer::Failure;
use crate::home::Home;
use crate::input::Open;
use crate::state::State;
use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::routing::get;
use session::{CommitError, DetachedSession};
use std::time::Duration;

/// How often an idle connection looks whether its session is still there.
const LOOK: Duration = Duration::from_secs(1);

pub(super) fn router(home: &Home) -> Router {
    let method = match home {
        Home::Cookie => get(needs_store),
        Home::Store(_) => get(open),
    };
    Router::new().route("/ws", method)
}

async fn open(
    Open(mut session): Open,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let upgrade =
        upgrade.map_err(|error| Failure::new(error.status(), "no_websocket", error.body_text()))?;
    if session.is_new() {
        // A session in which nothing changed has no row, and there would be nothing to detach.
        session.save();
    }
    let session = session.detach().await?;
    Ok(upgrade.on_upgrade(|socket| echo(socket, session)))
}

/// Puts each message into `note` and sends it back, until one side leaves or the session ends.
async fn echo(mut socket: WebSocket, mut session: DetachedSession<State>) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        let done = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(message)) => take(&mut session, &message).await,
            },
            _ = look.tick() => match session.refresh().await {
                Err(error @ CommitError::Ended) => Err(error.into()),
                // A store that is down now may be back when there is something to write.
                Ok(()) | Err(_) => continue,
            },
        };
        let (answer, ended) = match done {
            Ok(text) => (text, false),
            Err(failure) => (failure.json().to_string(), failure.is("ended")),
        };
        if socket.send(Message::text(answer)).await.is_err() {
            return;
        }
        if ended {
            let reason = "the session has ended".into();
            let close = CloseFrame { code: close_code::POLICY, reason };
            // The other side may have left already.
            let _ = socket.send(Message::Close(Some(close))).await;
            return;
        }
    }
}

async fn take(session: &mut DetachedSession<State>, message: &Message) -> Result<String, Failure> {
    let text = message.to_text().map_err(|_| Failure::bad("bad_message", "not UTF-8"))?;
    // A message is a use of the session, like a request; and one that changes nothing would not be
    // told by `commit` that the session has ended.
    session.touch().await?;
    session.note = Some(text.to_owned());
    session.commit().await?;
    Ok(text.to_owned())
}

//! Somebody else at the same store.

use crate::state::{Handle, Visit};
use http::{HeaderMap, header::COOKIE};
use session::store::RowKey;
use session::{CommitError, SessionHandle, SessionLayer};
use session_tests::{Reply, Shelf, Site, at_once};
use sha2::{Digest, Sha256};

/// A whole request of somebody else, at once. Gives the cookie that it got, if it got one.
pub fn elsewhere(
    layer: &SessionLayer<Visit>,
    cookie: &str,
    act: impl FnOnce(&mut Handle),
) -> Result<Option<String>, CommitError> {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, cookie.parse().expect("a header"));
    let mut session = at_once(layer.open(&headers)).expect("a session");
    act(&mut session);
    let mut sent = HeaderMap::new();
    at_once(layer.close(session, &mut sent))?;
    let line = sent.get(http::header::SET_COOKIE).map(|line| line.to_str().expect("text"));
    Ok(line.map(|line| line.split(';').next().unwrap_or_default().to_owned()))
}

/// Lets somebody do this with the same session right before the next call of this name.
pub fn meanwhile(
    site: &Site<Visit>,
    shelf: &Shelf,
    call: &'static str,
    cookie: &str,
    theirs: impl FnOnce(&mut Handle) + Send + 'static,
) {
    let (layer, cookie) = (site.layer.clone(), cookie.to_owned());
    shelf.before(call, move |_| {
        elsewhere(&layer, &cookie, theirs).expect("written");
    });
}

/// Runs `ours` on a session, with `theirs` on the same one right before ours is written.
pub async fn race(
    site: &Site<Visit>,
    shelf: &Shelf,
    cookie: &str,
    theirs: impl FnOnce(&mut Handle) + Send + 'static,
    ours: impl FnOnce(&mut Handle) + Send + Clone + Sync + 'static,
) -> Reply {
    meanwhile(site, shelf, "update", cookie, theirs);
    site.run(cookie, async move |mut s: Handle| ours(&mut s)).await
}

/// The cookie that a reply gives.
pub fn cookie_of(reply: &Reply) -> String {
    format!("{}={}", session_tests::NAME, reply.token().expect("a token"))
}

/// Lets tasks that were spawned run to their ends.
pub async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// The key of a visit's row, as the docs have it.
pub fn key_of(handle: Option<SessionHandle>) -> RowKey {
    let handle = handle.expect("a session in a store").to_string();
    let mut bytes = Vec::new();
    for part in ["session: stored sessions, 1", "row", "Visit"] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    for pair in handle.as_bytes().chunks(2) {
        let digits = std::str::from_utf8(pair).expect("ASCII");
        bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
    }
    RowKey::from_bytes(Sha256::digest(&bytes).into())
}

//! `--test-clock`: the request says what time it is.

use crate::answer::Failure;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use session::{Clock, SystemClock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

tokio::task_local! {
    static NOW: SystemTime;
}

/// Shows the time that the request gave, and the real one to requests that gave none.
pub(crate) struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        NOW.try_with(|now| *now).unwrap_or_else(|_| SystemClock::default().now())
    }
}

/// Stands outside the session layers, so that the time holds until they have committed.
pub(crate) async fn set(request: Request, next: Next) -> Result<Response, Failure> {
    let Some(value) = request.headers().get("x-test-now") else {
        return Ok(next.run(request).await);
    };
    let now = value
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms)))
        .ok_or_else(|| Failure::bad("bad_header", "`X-Test-Now` takes milliseconds"))?;
    Ok(NOW.scope(now, next.run(request)).await)
}

//! For tests of applications: a clock that is set by hand, and cookies made from values.
//!
//! ```
//! use session::{Keys, Session, SessionLayer, testing};
//!
//! #[derive(Session)]
//! struct Visit {
//!     views: u64,
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = testing::ManualClock::default();
//! let sessions =
//!     SessionLayer::<Visit>::signed(Keys::random()?).clock(clock.clone()).build()?;
//! // A request that has seen 41 pages, in two lines:
//! let mut request = axum::extract::Request::new(axum::body::Body::empty());
//! request.headers_mut().extend(testing::headers(&sessions, Visit { views: 41 }).await?);
//! # Ok(()) }
//! ```

mod clock;
pub mod conformance;

pub use clock::ManualClock;

use crate::data::SessionData;
use crate::error::CommitError;
use crate::layer::SessionLayer;
use crate::life::Slot;
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;

/// The request headers that bring a live session with this state, begun now by the layer's clock:
/// for a cookie, `Cookie`. With a store, the session is in it afterwards. No `before_save` runs.
///
/// # Errors
/// When the state can't be encoded, or the store fails.
pub async fn headers<T: SessionData>(
    sessions: &SessionLayer<T>,
    state: T,
) -> Result<HeaderMap, CommitError> {
    let engine = sessions.engine();
    let slot = Arc::new(Slot::new(Arc::clone(engine)));
    let blank = http::Request::new(()).into_parts().0;
    slot.plant(&blank, state).await?;
    let value = slot.with(|life, engine| life.request_value(engine));
    let value = HeaderValue::try_from(value)
        .map_err(|error| CommitError::Encode(crate::EncodeError::new(error)))?;
    Ok(HeaderMap::from_iter([(engine.carrier.request_header().clone(), value)]))
}

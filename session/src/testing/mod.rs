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
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = testing::ManualClock::default();
//! let sessions =
//!     SessionLayer::<Visit>::signed(Keys::random()?).clock(clock.clone()).build()?;
//! // A request that has seen 41 pages, in two lines:
//! let mut request = axum::extract::Request::new(axum::body::Body::empty());
//! request.headers_mut().extend(testing::headers(&sessions, Visit { views: 41 })?);
//! # Ok(()) }
//! ```

mod clock;

pub use clock::ManualClock;

use crate::carrier::Token;
use crate::data::{EncodeError, Payload, SessionData};
use crate::layer::SessionLayer;
use crate::seal::FieldExpiry;
use http::{HeaderMap, HeaderValue};

/// The request headers that bring a live session with this state, begun now by the layer's clock:
/// for a cookie, `Cookie`.
///
/// # Errors
/// When the state can't be encoded.
#[expect(clippy::needless_pass_by_value, reason = "reads as `headers(&sessions, Visit { .. })`")]
pub fn headers<T: SessionData>(
    sessions: &SessionLayer<T>,
    state: T,
) -> Result<HeaderMap, EncodeError> {
    let engine = sessions.engine();
    let now = engine.now();
    let mut payload = Payload::default();
    engine.coder.encode(&state, &mut payload)?;
    let mut envelope = engine.lifetimes.begin(now, T::OPTIONS.version);
    let initial = T::initial();
    for (index, field) in T::FIELDS.iter().enumerate() {
        if let (Some(ttl), false) = (field.ttl_ms, state.same_field(&initial, index)) {
            let end = now.plus(ttl);
            envelope.expiries.push(FieldExpiry { field: field.name.into(), end });
        }
    }
    let mut token = Vec::new();
    engine.seal.seal(&envelope, payload.bytes(), &mut token);
    let value = engine.carrier.request_value(Token::new(&token));
    let value = HeaderValue::try_from(value).map_err(EncodeError::new)?;
    Ok(HeaderMap::from_iter([(engine.carrier.request_header().clone(), value)]))
}

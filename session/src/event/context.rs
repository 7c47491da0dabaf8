//! What stands beside an event: the request that it happened in, and the values that were asked for.

use http::request::Parts;
use std::fmt;

/// What is known beside an [`Event`](crate::Event), for callbacks of
/// [`on_event_in`](crate::SessionBuilder::on_event_in).
#[derive(Clone, Copy, Default)]
pub struct EventContext<'a> {
    pub(crate) session: &'static str,
    pub(crate) request: Option<&'a Parts>,
    pub(crate) values: Option<&'a str>,
}

impl<'a> EventContext<'a> {
    /// The name of the session type: its schema.
    #[must_use]
    pub fn session(&self) -> &'static str {
        self.session
    }

    /// The request that the event happened in, as it was when the session was first extracted. After
    /// its response has left (`late_change`) it has no extensions any more.
    ///
    /// `None`: it happened in no request (sessions ended by [`Sessions`](crate::Sessions), or evicted),
    /// or after the request was dropped.
    ///
    /// The request's headers hold the session's token: don't log them as they are.
    #[must_use]
    pub fn request(&self) -> Option<&'a Parts> {
        self.request
    }

    /// With [`log_values(true)`](crate::SessionBuilder::log_values): the values of the fields that the
    /// event is about, as one JSON object of a few kilobytes at most. Of `secret` fields it says
    /// `"[secret]"`; of what is too long the beginning, as text.
    #[must_use]
    pub fn values(&self) -> Option<&'a str> {
        self.values
    }
}

impl fmt::Debug for EventContext<'_> {
    /// Shows neither the request, whose headers are secret, nor values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventContext").field("session", &self.session).finish_non_exhaustive()
    }
}

//! `--events`: every event as one line of JSON.

use crate::home::reasons;
use serde_json::json;
use session::{Event, EventContext};

/// Prints an event, and the path of the request that it happened in.
pub(crate) fn print(event: &Event<'_>, context: &EventContext<'_>) {
    let mut line = json!({ "event": event.name(), "session": context.session() });
    if let Some(request) = context.request() {
        line["path"] = request.uri.path().into();
    }
    if let Some(values) = context.values() {
        line["values"] = serde_json::from_str(values).unwrap_or_default();
    }
    if let Some(field) = event.field() {
        line["field"] = field.into();
    }
    match event {
        Event::Changed { fields } => line["fields"] = json!(fields),
        Event::Invalid(reason) => line["reason"] = reason.name().into(),
        Event::Outage(error) => line["reason"] = reasons(error).into(),
        Event::TooLarge { bytes, limit, .. } => {
            line["bytes"] = json!(bytes);
            line["limit"] = json!(limit);
        }
        _ => {}
    }
    println!("{line}");
}

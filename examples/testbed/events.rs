//! `--events`: every event as one line of JSON.

use crate::home::reasons;
use serde_json::{Value, json};
use session::{Event, InvalidReason};

/// Prints an event of the session type named `session`.
pub(crate) fn print(session: &str, event: &Event<'_>) {
    let mut line = json!({ "event": event.name(), "session": session });
    if let Some(field) = event.field() {
        line["field"] = field.into();
    }
    match event {
        Event::Changed { fields } => line["fields"] = json!(fields),
        Event::Invalid(reason) => line["reason"] = self::reason(*reason),
        Event::Outage(error) => line["reason"] = reasons(error).into(),
        Event::TooLarge { bytes, limit, .. } => {
            line["bytes"] = json!(bytes);
            line["limit"] = json!(limit);
        }
        _ => {}
    }
    println!("{line}");
}

fn reason(reason: InvalidReason) -> Value {
    match reason {
        InvalidReason::Forged => "forged".into(),
        InvalidReason::UnknownKey => "unknown_key".into(),
        InvalidReason::FromTheFuture => "from_the_future".into(),
        InvalidReason::Refused { .. } => "refused".into(),
        _ => Value::Null,
    }
}

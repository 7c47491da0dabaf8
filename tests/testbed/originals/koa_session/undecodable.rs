//! A token that another release of the app wrote: authentic, and no session of this one.

use crate::bed::{Home, NOW, keys};
use serde_json::json;
use session::{Keys, Session, SessionLayer, testing};

/// The testbed's session, before its field became a number.
#[derive(Session)]
#[session(schema = "State")]
struct Older {
    views: String,
}

/// The cookie of an older release under the same keys.
async fn older() -> String {
    let keys = Keys::new(keys().split(',')).expect("keys");
    let clock = testing::ManualClock::default();
    clock.set(NOW);
    let sessions = SessionLayer::<Older>::signed(keys).clock(clock).build().expect("a layer");
    let state = Older { views: "many".into() };
    let headers = testing::headers(&sessions, state).await.expect("a cookie");
    headers["cookie"].to_str().expect("text").to_owned()
}

// Fails when what can't be decoded is an error unless it should be one, or costs its owner the cookie
// before there is another.
#[tokio::test]
async fn what_can_t_be_decoded_stays_until_something_is_written() {
    let old = older().await;
    let bed = Home::Cookie.bed(&["--events"]);
    bed.state().cookie(&old).send().blank().silent();
    assert_eq!(bed.heard(), ["undecodable"]);
    let new = bed.set(json!({"views": 1})).cookie(&old).send().shows("new", true).sets();
    bed.state().cookie(&new).send().live().has("views", 1);

    let bed = Home::Cookie.bed(&["--events", "--on-undecodable", "fail"]);
    bed.state().cookie(&old).answers(500).without_cookie().kind("undecodable");
    assert_eq!(bed.heard(), ["undecodable"]);
    bed.get("/untouched").cookie(&old).send().silent();
    bed.set(json!({"views": 1})).send().sets();
}

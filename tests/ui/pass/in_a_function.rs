//! A session type inside a function body.
#![deny(warnings, unused_qualifications)]

use session::{Session, Sessions, TypedSession};

fn main() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Item;

    #[derive(Session)]
    struct Visit {
        views: u64,
        #[session(index)]
        item: Option<Item>,
    }

    let _ = |mut session: TypedSession<Visit>| {
        session.set_views(session.views() + 1);
        session.take_item()
    };
    let _ = |sessions: Sessions<Visit>| {
        let _ = sessions.by_item(&Item);
    };
}

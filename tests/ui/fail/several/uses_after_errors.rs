//! The derive failed, and nothing else complains: not the accessors, not the trait's users.

use session::{NoIndexes, Session, SessionData, Sessions, TypedSession};

#[derive(Session)]
struct Visit {
    #[session(renam = "n")]
    views: u64,
    #[session(index)]
    notice: Option<String>,
    #[session(secret, skip)]
    token: String,
}

fn handler(mut session: TypedSession<Visit>) {
    session.views += 1;
    session.set_views(session.views() + 1);
    *session.views_mut() += 1;
    let _: Option<String> = session.take_notice();
    session.clear_notice();
    let _: &String = session.token();
}

fn finder(sessions: &Sessions<Visit>) {
    let _ = sessions.by_notice("text");
}

fn needs<T: SessionData + NoIndexes>() {}

fn main() {
    needs::<Visit>();
    let _ = (handler, finder);
}

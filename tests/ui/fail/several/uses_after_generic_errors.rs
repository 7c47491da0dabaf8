//! As `uses_after_errors`, with type parameters and lifetimes.

use session::{NoIndexes, Session, SessionData, Sessions, TypedSession};

#[derive(Session)]
struct Visit<T> {
    #[session(index)]
    views: Option<T>,
}

#[derive(Session)]
struct Lent<'a> {
    name: &'a str,
    views: u64,
}

#[derive(Session)]
enum Step {
    Cart,
}

fn handler(mut session: TypedSession<Visit<u64>>, mut lent: TypedSession<Lent<'static>>) {
    session.set_views(Some(session.views().unwrap_or(0) + 1));
    lent.set_views(lent.views() + 1);
}

fn finder(sessions: &Sessions<Visit<u64>>) {
    let _ = sessions.by_views(&1);
}

fn needs<T: SessionData + NoIndexes>() {}

fn main() {
    needs::<Visit<u64>>();
    needs::<Lent<'static>>();
    needs::<Step>();
    let _ = (handler, finder);
}

//! Structs made by `macro_rules!`: types, literals and paths come in invisible groups.
#![deny(warnings, unused_qualifications)]

use session::{Session, SessionData, Sessions, TypedSession};

macro_rules! visit {
    ($vis:vis $name:ident, $key:literal, $ty:ty, $default:expr, $check:path, $field:ident, $whole:ty) => {
        #[derive(Session)]
        #[session(max_age = $key)]
        $vis struct $name {
            #[session(rename = $key, default = $default, valid = $check)]
            views: $ty,
            #[session(merge = sum)]
            $field: u64,
            #[session(index)]
            own: Option<$ty>,
            #[session(index)]
            whole: $whole,
        }
    };
}

fn check(_: &u64) -> bool {
    true
}

visit!(pub(crate) Visit, "14d", u64, 3, check, clicks, Option<String>);

fn handler(mut session: TypedSession<Visit>) {
    session.set_views(session.views() + 1);
    session.set_clicks(session.clicks() + 1);
    let _: Option<u64> = session.take_own();
}

fn finder(sessions: &Sessions<Visit>) {
    let _ = (sessions.by_own(&1), sessions.by_whole("text"));
}

fn main() {
    let _ = (handler, finder);
    assert_eq!(Visit::FIELDS[0].name, "14d");
}

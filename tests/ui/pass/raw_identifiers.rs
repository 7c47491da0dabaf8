//! `r#type` is stored as `type`; its accessors are `r#type`, `set_type` and so on.
#![deny(warnings, unused_qualifications)]

use session::{Session, SessionData, Sessions, TypedSession};

#[derive(Session)]
#[session(valid = r#match::r#fn)]
struct r#Struct {
    #[session(index)]
    r#type: Option<String>,
    #[session(accessor = r#loop)]
    r#while: u64,
}

mod r#match {
    pub fn r#fn(_: &super::Struct) -> bool {
        true
    }
}

fn handler(mut session: TypedSession<r#Struct>) {
    let _ = session.r#type();
    session.set_type(None);
    let _ = session.type_mut();
    let _ = session.take_type();
    session.set_loop(session.r#loop() + 1);
}

fn typed(sessions: &Sessions<r#Struct>) {
    let _ = sessions.by_type("type");
}

fn main() {
    let _ = (handler, typed);
    assert_eq!(Struct::SCHEMA, "Struct");
    assert_eq!(Struct::FIELDS[0].name, "type");
}

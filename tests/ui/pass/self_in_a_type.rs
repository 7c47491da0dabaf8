//! `Self` in the type of a field is the struct, also in the signatures of accessors.
#![deny(warnings, unused_qualifications)]

use session::{Session, TypedSession};

#[derive(Session)]
struct Visit {
    #[session(index)]
    sizes: [u8; size_of::<fn(&Self)>()],
    #[session(skip)]
    before: Vec<Box<Self>>,
    #[session(skip)]
    hook: Option<fn(&Self) -> u64>,
    #[session(skip)]
    pair: (Option<Box<Self>>, u8),
}

fn handler(mut session: TypedSession<Visit>) {
    let _: Vec<Box<Visit>> = std::mem::take(session.before_mut());
    let _: Option<fn(&Visit) -> u64> = session.take_hook();
    let _: &(Option<Box<Visit>>, u8) = session.pair();
}

fn main() {
    let _ = handler;
}

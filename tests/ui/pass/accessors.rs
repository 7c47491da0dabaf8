//! Accessors of every kind, and plain field syntax beside them.
#![deny(warnings)]

use session::{Session, TypedSession};
use std::collections::BTreeMap;

type Maybe<T> = Option<T>;

#[derive(Session)]
struct Visit {
    views: u64,
    notice: Option<String>,
    color: Maybe<u8>,
    cart: BTreeMap<String, u32>,
    pair: (u8, [u8; 4]),
    #[session(rotate)]
    user: Option<u64>,
    #[session(ttl = "15m")]
    sudo: Option<bool>,
    #[session(accessor = account)]
    id: Option<u64>,
    #[session(accessor = false)]
    max_age: u64,
}

fn handler(mut session: TypedSession<Visit>) {
    session.views += 1;
    session.set_views(session.views() + 1);
    *session.views_mut() += 1;
    let _: Option<String> = session.take_notice();
    session.clear_notice();
    let _: Option<u8> = session.take_color();
    session.clear_color();
    session.cart_mut().insert("tea".to_owned(), 1);
    session.cart.clear();
    let _: &(u8, [u8; 4]) = session.pair();
    session.set_user(Some(7));
    session.set_user(*session.user());
    session.set_sudo(Some(true));
    session.set_account(Some(1));
    let _: (&Option<u64>, Option<u64>) = (session.account(), None);
    let _: Option<u64> = session.take_account();
    session.max_age += 1;
}

fn main() {
    let _ = handler;
}

//! Type and const parameters, defaults, where clauses, types without `PartialEq`.
#![deny(warnings, unused_qualifications)]

use session::{Field, Session, TypedSession};
use std::fmt::Debug;

#[derive(Session)]
struct Cart<T: Field, const N: usize = 4, U = u8>
where
    U: Field + Default + Debug,
    Vec<U>: Clone,
{
    items: Vec<T>,
    last: Option<T>,
    extra: U,
    #[session(default = [0; N], with = bytes)]
    bytes: [u8; N],
    #[session(skip)]
    seen: Vec<U>,
}

mod bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_slice().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let bytes = Vec::<u8>::deserialize(from)?;
        bytes.try_into().map_err(|_| D::Error::custom("another length"))
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Item;

fn handler(mut session: TypedSession<Cart<Item>>) {
    session.set_extra(session.extra() + 1);
    let _: Option<Item> = session.take_last();
    session.items_mut().push(Item);
    session.seen.clear();
}

fn any<T: Field>(mut session: TypedSession<Cart<T, 2, u64>>) -> Option<T> {
    session.take_last()
}

fn needs<T: session::SessionData>() {}

fn main() {
    needs::<Cart<String>>();
    let _ = (handler, any::<u8>);
}

//! `by_x` of `index` fields: what they take, where they are seen, and when there is none.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, unnameable_types)]
#![deny(private_interfaces, private_bounds, elided_lifetimes_in_paths, unused_lifetimes)]

pub mod state {
    //! The session type.

    use session::Session;

    /// Of a user.
    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    pub struct UserId(pub u64);

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Secret(u8);

    type Maybe<T> = Option<T>;

    /// A visit.
    #[derive(Session)]
    pub struct Visit {
        /// Who it is.
        #[session(rotate, index)]
        pub user: Option<UserId>,
        /// Where to write to.
        #[session(index, accessor = mail)]
        pub email: Option<String>,
        /// How it came here.
        #[session(index, default = "web".to_owned())]
        pub r#type: String,
        /// In the order of first use.
        #[session(index)]
        pub tags: Vec<u8>,
        /// The alias of an `Option` is what the function takes.
        #[session(index)]
        pub tenant: Maybe<u32>,
        #[session(index)]
        pub(crate) pair: (u8, [u8; 2]),
        #[session(index)]
        secret: Option<Secret>,
        #[session(index, accessor = false)]
        pub(crate) hidden: u64,
    }

    /// The only `index` is private: so is the trait, by the name without a suffix.
    #[derive(Session)]
    pub struct Other {
        /// How often.
        pub views: u64,
        #[session(index)]
        secret: u8,
    }

    /// Sees everything.
    pub fn own(sessions: &session::Sessions<Visit>, others: &session::Sessions<Other>) {
        let _ = sessions.by_secret(&Secret(1));
        let _ = others.by_secret(&1);
    }
}

use session::{NoIndexes, Session, Sessions, SessionsBy};
use state::{UserId, Visit, VisitIndexes, VisitIndexesCrate};

/// Lists.
pub fn sessions_of<'s>(sessions: &'s Sessions<Visit>, user: &UserId) -> SessionsBy<'s, Visit> {
    let name = "a@b.c".to_owned();
    let _ = sessions.by_mail(&name);
    let _ = sessions.by_mail("a@b.c");
    let _ = sessions.by_type("app");
    let _ = sessions.by_tags(&vec![1]);
    let _ = sessions.by_tenant(&Some(7));
    let _ = sessions.by_pair(&(1, [2, 3]));
    sessions.by_user(user)
}

/// A generic one.
#[derive(Session)]
pub struct Cart<T: session::Field + Default, const N: usize = 4> {
    /// Who it is.
    #[session(index)]
    pub owner: T,
    /// Where it is.
    #[session(index)]
    pub place: Option<T>,
    /// How much fits in.
    #[session(default = N)]
    pub room: usize,
}

/// Lists.
pub fn carts<'s, T: session::Field + Default>(
    sessions: &'s Sessions<Cart<T, 2>>,
    owner: &T,
) -> SessionsBy<'s, Cart<T, 2>> {
    let _ = sessions.by_place(owner);
    sessions.by_owner(owner)
}

/// Any store keeps these.
#[derive(Session)]
pub struct Plain {
    /// How often.
    pub views: u64,
}

fn any_store<T: NoIndexes>() {}

fn main() {
    any_store::<Plain>();
    let _ = (sessions_of, carts::<u8>, state::own);
}

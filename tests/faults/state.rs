//! The session types of these tests.

use session::{Session, SessionData, TypedSession};

pub type Handle<T> = TypedSession<T>;

/// A session type of these tests: with an index, and without one for stores that keep none.
pub trait Kind: SessionData {
    fn fields(&mut self) -> Fields<'_>;

    /// `hits=1 user=ann note= left=0 right=0`
    fn show(&self) -> String;
}

pub struct Fields<'s> {
    pub hits: &'s mut u64,
    pub user: &'s mut Option<String>,
    pub note: &'s mut String,
    pub left: &'s mut u64,
    pub right: &'s mut u64,
}

macro_rules! kind {
    ($name:ident, $($user:tt)*) => {
        #[derive(Session)]
        pub struct $name {
            #[session(merge = sum)]
            pub hits: u64,
            #[session($($user)*)]
            pub user: Option<String>,
            pub note: String,
            pub left: u64,
            pub right: u64,
        }

        impl Kind for $name {
            fn fields(&mut self) -> Fields<'_> {
                let Self { hits, user, note, left, right } = self;
                Fields { hits, user, note, left, right }
            }

            fn show(&self) -> String {
                let Self { hits, user, note, left, right } = self;
                let user = user.as_deref().unwrap_or_default();
                format!("hits={hits} user={user} note={note} left={left} right={right}")
            }
        }
    };
}

kind!(Visit, rotate, index);
kind!(Plain, rotate);

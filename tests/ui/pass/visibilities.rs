//! One accessor trait for each visibility, seen exactly where its fields are seen.
#![deny(warnings, private_interfaces, private_bounds, unnameable_types)]

pub mod web {
    pub mod state {
        use session::Session;

        #[derive(Default, serde::Serialize, serde::Deserialize)]
        struct Secret;

        #[derive(Session)]
        pub struct Visit {
            pub views: u64,
            pub(crate) notice: Option<String>,
            pub(in crate::web) cart: Vec<u32>,
            pub(super) user: Option<u64>,
            token: Option<Secret>,
        }

        /// Capped: the fields are no more public than the struct.
        #[derive(Session)]
        pub(super) struct Inner {
            pub views: u64,
            token: Option<Secret>,
        }

        /// A private type in a public field of a private struct.
        #[derive(Session)]
        struct Hidden {
            pub token: Option<Secret>,
        }

        pub fn own(session: &mut session::TypedSession<Visit>) {
            session.clear_token();
        }

        fn _hidden(session: &mut session::TypedSession<Hidden>) {
            session.clear_token();
        }
    }

    use session::TypedSession;
    use state::{Inner, InnerFields as _, Visit, VisitFields as _, VisitFieldsCrate as _};
    use state::{VisitFieldsInWeb as _, VisitFieldsSuper as _};

    pub fn handler(mut session: TypedSession<Visit>) {
        session.set_views(session.views() + 1);
        session.clear_notice();
        session.cart_mut().push(1);
        session.set_user(None);
        state::own(&mut session);
    }

    fn _inner(mut session: TypedSession<Inner>) {
        session.set_views(session.views() + 1);
    }
}

use web::state::{Visit, VisitFields, VisitFieldsCrate};

fn handler(mut session: session::TypedSession<Visit>) {
    session.set_views(session.views() + 1);
    session.clear_notice();
}

fn main() {
    let _ = (handler, web::handler);
}

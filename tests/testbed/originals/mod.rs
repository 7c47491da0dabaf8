//! What the test suites of koa-session, koa-generic-session and egg-session assert, asserted of the
//! testbed. `docs/originals.md` says which test of theirs is which of these.

mod egg_session;
mod generic_session;
mod koa_session;

/// Each of these functions as a test of each home.
macro_rules! on_each_home {
    ($($test:ident)*) => {
        on_each_home!(cookie Cookie: $($test)*);
        on_each_home!(store Store: $($test)*);
    };
    ($module:ident $home:ident: $($test:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::$test(crate::bed::Home::$home);
                }
            )*
        }
    };
}

pub(crate) use on_each_home;

//! The rows of `docs/behaviours.md`, each through a real axum app with a clock set by hand, in both
//! kinds of home where it applies: `cookie::b_02_..` and `store::b_02_..` are one body.
//!
//! `rows.txt` is the register: which tests show which row. `mutations.txt` has the change of the library
//! that a row's tests must notice; `scripts/rows --mutate` applies them one by one.

#[macro_use]
mod home;
mod a_cookie;
mod a_outside;
mod a_plugs;
mod b;
mod b_values;
mod c;
mod d;
mod e;
mod f;
mod g;
mod register;
mod state;

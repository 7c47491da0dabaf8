//! The two session types.

use axum::http::request::Parts;
use session::Session;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;

/// What the app keeps of a visitor.
#[derive(Session)]
#[session(valid = whole, before_save = stamp)]
pub(crate) struct State {
    #[session(valid = number)]
    pub(crate) views: u64,
    #[session(rotate, index, valid = text)]
    pub(crate) user: Option<String>,
    #[session(valid = note)]
    pub(crate) note: Option<String>,
    #[session(default = "red".to_owned(), valid = colour)]
    pub(crate) colour: String,
    #[session(valid = cart)]
    pub(crate) cart: BTreeMap<String, u32>,
    #[session(valid = scratch)]
    pub(crate) scratch: HashMap<String, String>,
    #[session(merge = sum, valid = number)]
    pub(crate) hits: u64,
    #[session(merge = union, valid = tags)]
    pub(crate) tags: BTreeSet<String>,
}

impl State {
    /// The fields' names.
    pub(crate) const NAMES: [&str; 8] =
        ["views", "user", "note", "colour", "cart", "scratch", "hits", "tags"];
}

/// What the app keeps of an administrator, in a cookie of its own.
#[derive(Session)]
#[session(name = "__Host-admin")]
pub(crate) struct Admin {
    pub(crate) note: Option<String>,
}

/// Longer texts come from nobody's hand.
const LONGEST: usize = 1 << 20;

fn number(_: &u64) -> bool {
    true
}

fn text(text: &Option<String>) -> bool {
    text.as_ref().is_none_or(|text| text.len() <= LONGEST)
}

fn note(note: &Option<String>) -> bool {
    note.as_deref() != Some("poison") && text(note)
}

#[expect(clippy::ptr_arg, reason = "a hook takes the field's own type")]
fn colour(colour: &String) -> bool {
    colour.len() <= LONGEST
}

fn cart(cart: &BTreeMap<String, u32>) -> bool {
    cart.len() <= LONGEST
}

fn scratch(scratch: &HashMap<String, String>) -> bool {
    scratch.len() <= LONGEST
}

fn tags(tags: &BTreeSet<String>) -> bool {
    tags.len() <= LONGEST
}

/// Runs after the fields' own. It sees the request: a session may be good for one visitor only.
fn whole(state: &State, request: &Parts) -> bool {
    state.colour != "invalid" && !request.headers.contains_key("x-refuse")
}

fn stamp(state: &mut State, request: &Parts) -> Result<(), Infallible> {
    if request.headers.contains_key("x-stamp") {
        state.colour = "stamped".to_owned();
    }
    Ok(())
}

//! Functions for a field that dereferences may take what it dereferences to: `&str` for a `String`.
#![deny(warnings)]

use http::request::Parts;
use session::Session;
use std::sync::Arc;

#[derive(Session)]
struct Visit {
    #[session(valid = short)]
    name: String,
    #[session(valid = short_string)]
    nick: String,
    #[session(valid = at_home)]
    place: String,
    #[session(valid = str::is_ascii)]
    color: String,
    #[session(valid = few, merge = longer)]
    tags: Vec<u8>,
    #[session(valid = Vec::is_empty)]
    none: Vec<u8>,
    #[session(valid = odd)]
    boxed: Box<u8>,
    #[session(valid = Option::is_some)]
    notice: Option<String>,
    #[session(valid = any::<String>, merge = joined)]
    note: String,
    #[session(merge = joined_strings)]
    notes: String,
    #[session(merge = first)]
    first: Option<u8>,
    #[session(skip)]
    shared: Arc<u8>,
}

fn short(name: &str) -> bool {
    name.len() < 8
}

fn short_string(name: &String) -> bool {
    name.capacity() < 8
}

fn at_home(place: &str, request: &Parts) -> bool {
    request.uri.path() == place
}

fn few(tags: &[u8]) -> bool {
    tags.len() < 8
}

fn odd(boxed: &u8) -> bool {
    boxed % 2 == 1
}

fn any<T: AsRef<str>>(text: &T) -> bool {
    !text.as_ref().is_empty()
}

fn joined(_: &str, ours: &str, theirs: &str) -> String {
    format!("{ours}{theirs}")
}

fn joined_strings(_: &String, ours: &String, theirs: &String) -> String {
    format!("{ours}{theirs}")
}

fn longer(_: &[u8], ours: &[u8], theirs: &[u8]) -> Vec<u8> {
    std::cmp::max_by_key(ours, theirs, |tags| tags.len()).to_vec()
}

fn first<T: Clone>(base: &T, _: &T, _: &T) -> T {
    base.clone()
}

fn main() {}

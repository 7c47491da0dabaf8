//! The derive macro of the `session` crate. See [`macro@Session`].
//!
//! One stage a module, in the order in which they run: `parse` reads tokens, `value` and
//! `attr` give them meaning, `model` answers questions, `check` refuses, `expand` quotes.
//! Beside errors, `fallback` quotes instead.

mod attr;
mod check;
mod ctxt;
mod duration;
mod expand;
mod fallback;
mod keyword;
mod model;
mod owned;
mod parse;
mod reach;
mod spelling;
#[cfg(test)]
mod tests;
mod value;

use ctxt::Ctxt;
use model::Model;
use proc_macro2::TokenStream;
use std::panic::{self, AssertUnwindSafe};
use syn::DeriveInput;

#[doc = include_str!("../docs/attributes.md")]
#[proc_macro_derive(Session, attributes(session))]
pub fn session(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let output = guarded(|| derive(input.into()));
    if std::env::var_os("SESSION_DERIVE_DEBUG").is_some_and(|value| value == "1") {
        eprintln!("{output}");
    }
    output.into()
}

fn derive(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let cx = Ctxt::new();
    let model = Model::read(&cx, &input);
    if let Some(model) = &model {
        check::check(&cx, model);
    }
    match (cx.check(), model) {
        (Ok(()), Some(model)) => expand::expand(&model),
        (Ok(()), None) => fallback::of_input(&input),
        (Err(error), model) => {
            let mut output = error.to_compile_error();
            output.extend(match model {
                Some(model) => fallback::of_model(&model),
                None => fallback::of_input(&input),
            });
            output
        }
    }
}

/// Turns a panic of ours into an error that says whose fault it is.
fn guarded(derive: impl FnOnce() -> TokenStream) -> TokenStream {
    panic::catch_unwind(AssertUnwindSafe(derive)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_default();
        let message = format!(
            "this is a bug in `#[derive(Session)]`, not in your code; please report it together \
             with the struct: {text}"
        );
        syn::Error::new(proc_macro2::Span::call_site(), message).to_compile_error()
    })
}

//! From the model to tokens. Nothing here raises errors: what can't be expanded was refused.
//!
//! All names that the user could see are absolute or begin with two underscores, and have
//! `mixed_site` spans: whatever the user calls things, nothing clashes.

mod accessors;
mod data;

use crate::model::Model;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

pub(crate) use accessors::{Bodies, Expanded as Accessors, Stub, expand as accessors};

/// The whole output for a struct without mistakes.
pub(crate) fn expand(model: &Model<'_>) -> TokenStream {
    let data = data::expand(model);
    let accessors = accessors(model, &Bodies::Real);
    assemble(&krate(model), &data, &accessors)
}

/// The accessor traits, which stand beside the struct, and everything else, hidden in a constant.
pub(crate) fn assemble(
    krate: &TokenStream,
    data: &TokenStream,
    accessors: &Accessors,
) -> TokenStream {
    let Accessors { traits, impls } = accessors;
    quote_spanned! {Span::mixed_site()=>
        #[allow(dead_code, deprecated, unused_imports)]
        const _: () = {
            use #krate::__private as __p;
            use __p::methods::*;
            #data
            #impls
        };
        #traits
    }
}

/// The runtime crate, as reachable from the user's.
pub(crate) fn krate(model: &Model<'_>) -> TokenStream {
    match &model.attrs.krate {
        Some(path) => quote!(#path),
        None => quote_spanned!(Span::mixed_site()=> ::session),
    }
}

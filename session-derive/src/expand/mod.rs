//! From the model to tokens. Nothing here raises errors: what can't be expanded was refused.
//!
//! All names that the user could see are absolute or begin with two underscores, and have
//! `mixed_site` spans: whatever the user calls things, nothing clashes.

mod accessors;
mod data;
mod extension;
mod indexes;

use crate::model::Model;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

pub(crate) use extension::{Bodies, Extensions, Stub};

/// The whole output for a struct without mistakes.
pub(crate) fn expand(model: &Model<'_>) -> TokenStream {
    let data = data::expand(model);
    let extensions = extensions(model, &Bodies::Real);
    assemble(&krate(model), &data, &extensions)
}

/// The methods that the types of the runtime crate get.
pub(crate) fn extensions(model: &Model<'_>, bodies: &Bodies<'_>) -> Extensions {
    let mut all = Extensions::default();
    all.add(model, bodies, &accessors::OF_SESSIONS);
    all.add(model, bodies, &indexes::OF_STORES);
    all
}

/// The extension traits, which stand beside the struct, and everything else, hidden in a constant.
pub(crate) fn assemble(
    krate: &TokenStream,
    data: &TokenStream,
    extensions: &Extensions,
) -> TokenStream {
    let Extensions { traits, impls } = extensions;
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

//! What the compiler must know of one field: its type, its initial value, its encoding.

use crate::model::{Field, Model, Storage};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};

/// The implementation for one stored field. For `__Fields<Visit>` and not for `Visit` itself, because an
/// associated type of a public type must not be private, and fields may.
pub(super) fn expand(model: &Model<'_>, field: &Field<'_>) -> TokenStream {
    let ident = &model.input.ident;
    let (generics, arguments, bounds) = model.input.generics.split_for_impl();
    let ty = field.ty();
    let index = field.index;
    let initial = initial_value(field);
    let (name, coders) = match field.storage() {
        Storage::Skipped => return TokenStream::new(),
        Storage::Plain => ("Stored", None),
        Storage::With(module) => ("WithField", Some(coders(ty, module))),
    };
    let name = Ident::new(name, Span::mixed_site());
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #generics __p::#name<#index> for __Fields<#ident #arguments> #bounds {
            type Type = #ty;
            fn initial() -> #ty { #initial }
            #coders
        }
    }
}

fn coders(ty: &syn::Type, module: &syn::Path) -> TokenStream {
    // Where the module lacks a function, rustc underlines the module's last segment.
    let last = module.segments.last().map_or_else(Span::mixed_site, |last| last.ident.span());
    let serialize = Ident::new("serialize", last);
    let deserialize = Ident::new("deserialize", last);
    quote_spanned! {Span::mixed_site()=>
        fn serialize<__S: __p::Serializer>(
            __value: &#ty,
            __to: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            #module::#serialize(__value, __to)
        }
        fn deserialize<'__de, __D: __p::Deserializer<'__de>>(
            __from: __D,
        ) -> ::core::result::Result<#ty, __D::Error> {
            #module::#deserialize(__from)
        }
    }
}

/// The value that a field starts with.
pub(super) fn initial_value(field: &Field<'_>) -> TokenStream {
    let ty = field.ty();
    match (&field.attrs.default, field.storage()) {
        (Some(expression), _) => expression.to_token_stream(),
        (None, Storage::Skipped) => {
            quote_spanned!(Span::mixed_site()=> __p::initial_skipped::<#ty>())
        }
        (None, _) => quote_spanned!(Span::mixed_site()=> __p::initial::<#ty>()),
    }
}

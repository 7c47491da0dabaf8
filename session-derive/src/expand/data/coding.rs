//! What the generated code says of one field: its initial value, and how it is encoded.

use crate::model::{Field, Model, Storage};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};

/// The value that a field starts with.
pub(super) fn initial(field: &Field<'_>) -> TokenStream {
    let ty = field.ty();
    match (&field.attrs.default, field.storage()) {
        (Some(expression), _) => expression.to_token_stream(),
        (None, Storage::Plain) => {
            quote_spanned!(Span::mixed_site()=> __p::Stored::<#ty>::initial::<#ty>())
        }
        (None, Storage::With(_)) => quote_spanned!(Span::mixed_site()=> __p::initial::<#ty>()),
        (None, Storage::Skipped) => {
            quote_spanned!(Span::mixed_site()=> __p::initial_skipped::<#ty>())
        }
    }
}

/// Asks once of each field whether its type can be stored. Everything else compiles even if not,
/// so that there is one error, and it is on the type.
pub(super) fn asserts(model: &Model<'_>) -> Option<TokenStream> {
    let (generics, _, bounds) = model.input.generics.split_for_impl();
    let plain = |field: &&Field<'_>| matches!(field.storage(), Storage::Plain);
    let types: Vec<_> = model.fields.iter().filter(plain).map(Field::ty).collect();
    (!types.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            fn __fields #generics() #bounds {
                #(__p::assert_field::<#types>();)*
            }
        }
    })
}

/// The fields with `with = MODULE`.
///
/// The implementations are for `__With<Visit>` and not for `Visit` itself: an associated type of
/// a public type must not be private, and the type of a field may.
pub(super) fn with(model: &Model<'_>) -> Option<TokenStream> {
    let impls: Vec<_> = model
        .fields
        .iter()
        .filter_map(|field| match field.storage() {
            Storage::With(module) => Some(with_one(model, field, module)),
            Storage::Plain | Storage::Skipped => None,
        })
        .collect();
    (!impls.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            struct __With<T>(::core::marker::PhantomData<T>);
            #(#impls)*
        }
    })
}

fn with_one(model: &Model<'_>, field: &Field<'_>, module: &syn::Path) -> TokenStream {
    let ident = &model.input.ident;
    let (generics, arguments, bounds) = model.input.generics.split_for_impl();
    let ty = field.ty();
    let index = field.index;
    // Where the module lacks a function or has another one, rustc underlines its last segment.
    let last = module.segments.last().map(|last| last.ident.span());
    let span = last.unwrap_or_else(Span::mixed_site);
    let serialize = Ident::new("serialize", span);
    let deserialize = Ident::new("deserialize", span);
    let span = span.resolved_at(Span::mixed_site());
    let serialized = quote_spanned!(span=> #module::#serialize(__value, __to));
    let deserialized = quote_spanned!(span=> #module::#deserialize(__from));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #generics __p::WithField<#index> for __With<#ident #arguments> #bounds {
            type Type = #ty;
            fn serialize<__S: __p::Serializer>(
                __value: &#ty,
                __to: __S,
            ) -> __p::Result<__S::Ok, __S::Error> {
                #serialized
            }
            fn deserialize<'__de, __D: __p::Deserializer<'__de>>(
                __from: __D,
            ) -> __p::Result<#ty, __D::Error> {
                #deserialized
            }
        }
    }
}

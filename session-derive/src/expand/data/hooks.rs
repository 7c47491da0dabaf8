//! `valid`, `before_save` and `migrate`: calls of the user's functions.

use crate::model::Model;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

pub(super) fn valid(model: &Model<'_>) -> Option<TokenStream> {
    let of_fields = model.fields.iter().filter_map(|field| {
        let path = field.attrs.valid.as_ref()?;
        let ident = field.ident;
        let ty = field.ty();
        let key = field.key();
        Some(quote_spanned! {Span::mixed_site()=>
            __p::check::<#ty, _>(#path, &self.#ident, __request, __p::Some(#key))?;
        })
    });
    // The struct's own comes last: it may rely on the fields.
    let own = model.attrs.valid.as_ref().map(|path| {
        quote_spanned! {Span::mixed_site()=>
            __p::check::<Self, _>(#path, self, __request, __p::None)?;
        }
    });
    model.validates().then(|| {
        quote_spanned! {Span::mixed_site()=>
            fn valid(
                &self,
                __request: &__p::Parts,
            ) -> __p::Result<(), __p::Invalid> {
                #(#of_fields)*
                #own
                __p::Ok(())
            }
        }
    })
}

pub(super) fn before_save(model: &Model<'_>) -> Option<TokenStream> {
    model.attrs.before_save.as_ref().map(|path| {
        quote_spanned! {Span::mixed_site()=>
            fn before_save(
                &mut self,
                __request: &__p::Parts,
            ) -> __p::Result<(), __p::BoxError> {
                __p::before_save(#path, self, __request)
            }
        }
    })
}

pub(super) fn migrate(model: &Model<'_>) -> Option<TokenStream> {
    model.attrs.migrate.as_ref().map(|path| {
        quote_spanned! {Span::mixed_site()=>
            fn migrate(
                __from: __p::u32,
                __members: &mut __p::Map<::std::string::String, __p::Value>,
            ) -> __p::Result<(), __p::BoxError> {
                __p::migrate(#path, __from, __members)
            }
        }
    })
}

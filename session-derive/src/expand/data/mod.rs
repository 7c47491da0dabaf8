//! The implementation of `SessionData`, and of what goes with it.

mod coding;
mod hooks;
mod merge;
mod options;
mod table;

use crate::model::{Field, Model, Storage};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let ident = &model.input.ident;
    let (generics, arguments, bounds) = model.input.generics.split_for_impl();
    let schema = model.schema();
    let table = table::expand(model);
    let options = options::expand(model);
    let methods = [
        initial(model),
        read(model),
        write(model),
        read_field(model),
        same_field(model),
        same_as_stored(model),
        swap_field(model),
    ];
    let merge = merge::expand(model);
    let valid = hooks::valid(model);
    let before_save = hooks::before_save(model);
    let migrate = hooks::migrate(model);
    let asserts = coding::asserts(model);
    let with = coding::with(model);
    let no_secrets = (!model.has_secret()).then(|| marker(model, "NoSecrets"));
    let no_indexes = (!model.has_index()).then(|| marker(model, "NoIndexes"));
    let last_only = model.merges_by_last_only().then(|| marker(model, "MergesByLastOnly"));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #generics __p::SessionData for #ident #arguments #bounds {
            const SCHEMA: &'static __p::str = #schema;
            #table
            #options
            #(#methods)*
            #merge
            #valid
            #before_save
            #migrate
        }
        #no_secrets
        #no_indexes
        #last_only
        #asserts
        #with
    }
}

/// `impl NoSecrets for Visit {}`, and the like.
fn marker(model: &Model<'_>, name: &str) -> TokenStream {
    let ident = &model.input.ident;
    let (generics, arguments, bounds) = model.input.generics.split_for_impl();
    let name = Ident::new(name, Span::mixed_site());
    quote_spanned! {Span::mixed_site()=>
        impl #generics __p::#name for #ident #arguments #bounds {}
    }
}

fn initial(model: &Model<'_>) -> TokenStream {
    let fields = model.fields.iter().map(|field| {
        let ident = field.ident;
        let value = coding::initial(field);
        quote!(#ident: #value)
    });
    quote_spanned! {Span::mixed_site()=>
        fn initial() -> Self {
            Self { #(#fields,)* }
        }
    }
}

fn read(model: &Model<'_>) -> TokenStream {
    let fields = model.fields.iter().map(|field| {
        let Field { ident, index, .. } = field;
        let ty = field.ty();
        let initial = coding::initial(field);
        let value = match field.storage() {
            Storage::Skipped => initial,
            Storage::Plain => quote_spanned! {Span::mixed_site()=>
                __p::Stored::<#ty>::read(__from, #index, || #initial)?
            },
            Storage::With(_) => quote_spanned! {Span::mixed_site()=>
                __p::read_with::<__With<Self>, #index, _>(__from, || #initial)?
            },
        };
        quote!(#ident: #value)
    });
    quote_spanned! {Span::mixed_site()=>
        fn read<__R: __p::ReadFields>(
            __from: &mut __R,
        ) -> __p::Result<Self, __R::Error> {
            __p::Ok(Self { #(#fields,)* })
        }
    }
}

fn write(model: &Model<'_>) -> TokenStream {
    let fields = model.fields.iter().map(|field| {
        let Field { ident, index, .. } = field;
        let ty = field.ty();
        match field.storage() {
            Storage::Skipped => TokenStream::new(),
            Storage::Plain => quote_spanned! {Span::mixed_site()=>
                __p::Stored::<#ty>::write(__to, #index, &self.#ident)?;
            },
            Storage::With(_) => quote_spanned! {Span::mixed_site()=>
                __p::write_with::<__With<Self>, #index, _>(__to, &self.#ident)?;
            },
        }
    });
    quote_spanned! {Span::mixed_site()=>
        fn write<__W: __p::WriteFields>(
            &self,
            __to: &mut __W,
        ) -> __p::Result<(), __W::Error> {
            #(#fields)*
            __p::Ok(())
        }
    }
}

fn read_field(model: &Model<'_>) -> TokenStream {
    let arms = model.fields.iter().map(|field| {
        let Field { ident, index, .. } = field;
        let ty = field.ty();
        match field.storage() {
            Storage::Skipped => TokenStream::new(),
            Storage::Plain => quote_spanned! {Span::mixed_site()=>
                #index => self.#ident = __p::Stored::<#ty>::decode(__from)?,
            },
            Storage::With(_) => quote_spanned! {Span::mixed_site()=>
                #index => {
                    self.#ident = <__With<Self> as __p::WithField<#index>>::deserialize(__from)?
                }
            },
        }
    });
    quote_spanned! {Span::mixed_site()=>
        fn read_field<'__de, __D: __p::Deserializer<'__de>>(
            &mut self,
            __index: __p::usize,
            __from: __D,
        ) -> __p::Result<(), __D::Error> {
            match __index {
                #(#arms)*
                _ => ::core::unreachable!(),
            }
            __p::Ok(())
        }
    }
}

fn same_field(model: &Model<'_>) -> TokenStream {
    let arms = model.fields.iter().map(|field| {
        let Field { ident, index, .. } = field;
        match field.storage() {
            Storage::Skipped => TokenStream::new(),
            Storage::Plain => quote_spanned! {Span::mixed_site()=>
                #index => (&&__p::Same(&self.#ident, &__other.#ident)).same(),
            },
            Storage::With(_) => quote_spanned! {Span::mixed_site()=>
                #index => {
                    (&__p::SameWith::<__With<Self>, #index>(&self.#ident, &__other.#ident)).same()
                }
            },
        }
    });
    quote_spanned! {Span::mixed_site()=>
        fn same_field(
            &self,
            __other: &Self,
            __index: __p::usize,
        ) -> __p::bool {
            match __index {
                #(#arms)*
                _ => true,
            }
        }
    }
}

fn same_as_stored(model: &Model<'_>) -> TokenStream {
    let arms = model.fields.iter().map(|field| {
        let Field { ident, index, .. } = field;
        let ty = field.ty();
        match field.storage() {
            Storage::Skipped => TokenStream::new(),
            Storage::Plain => quote_spanned! {Span::mixed_site()=>
                #index => (&&__p::Same(&self.#ident, &__p::Stored::<#ty>::decode(__from)?)).same(),
            },
            Storage::With(_) => quote_spanned! {Span::mixed_site()=>
                #index => {
                    let __stored = <__With<Self> as __p::WithField<#index>>::deserialize(__from)?;
                    (&__p::SameWith::<__With<Self>, #index>(&self.#ident, &__stored)).same()
                }
            },
        }
    });
    quote_spanned! {Span::mixed_site()=>
        fn same_as_stored<'__de, __D: __p::Deserializer<'__de>>(
            &self,
            __index: __p::usize,
            __from: __D,
        ) -> __p::Result<__p::bool, __D::Error> {
            __p::Ok(match __index {
                #(#arms)*
                _ => true,
            })
        }
    }
}

fn swap_field(model: &Model<'_>) -> TokenStream {
    let arms = model.fields.iter().map(|field| {
        let Field { ident, index, .. } = field;
        quote_spanned!(Span::mixed_site()=>
            #index => ::core::mem::swap(&mut self.#ident, &mut __other.#ident),
        )
    });
    quote_spanned! {Span::mixed_site()=>
        fn swap_field(&mut self, __other: &mut Self, __index: __p::usize) {
            match __index {
                #(#arms)*
                _ => ::core::unreachable!(),
            }
        }
    }
}

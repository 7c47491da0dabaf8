//! The implementation of `SessionData`, and of what goes with it.

mod hooks;
mod merge;
mod options;
mod slot;
mod table;

use crate::model::{Model, Storage};
use slot::initial_value;
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
        swap_field(model),
    ];
    let merge = merge::expand(model);
    let valid = hooks::valid(model);
    let before_save = hooks::before_save(model);
    let migrate = hooks::migrate(model);
    let slots = model.fields.iter().map(|field| slot::expand(model, field));
    let no_secrets = (!model.has_secret()).then(|| marker(model, "NoSecrets"));
    let last_only = model.merges_by_last_only().then(|| marker(model, "MergesByLastOnly"));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #generics __p::SessionData for #ident #arguments #bounds {
            const SCHEMA: &'static ::core::primitive::str = #schema;
            #table
            #options
            #(#methods)*
            #merge
            #valid
            #before_save
            #migrate
        }
        #no_secrets
        #last_only
        #[allow(dead_code)]
        struct __Fields<T>(::core::marker::PhantomData<T>);
        #(#slots)*
    }
}

/// `impl NoSecrets for Visit {}`, and the like.
fn marker(model: &Model<'_>, name: &str) -> TokenStream {
    let ident = &model.input.ident;
    let (generics, arguments, bounds) = model.input.generics.split_for_impl();
    let name = Ident::new(name, Span::mixed_site());
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #generics __p::#name for #ident #arguments #bounds {}
    }
}

fn initial(model: &Model<'_>) -> TokenStream {
    let fields = model.fields.iter().map(|field| {
        let ident = field.ident;
        let index = field.index;
        let value = match field.storage() {
            Storage::Skipped => initial_value(field),
            Storage::Plain => {
                quote_spanned!(Span::mixed_site()=> <__Fields<Self> as __p::Stored<#index>>::initial())
            }
            Storage::With(_) => {
                quote_spanned!(Span::mixed_site()=> <__Fields<Self> as __p::WithField<#index>>::initial())
            }
        };
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
        let ident = field.ident;
        let index = field.index;
        let value = match field.storage() {
            Storage::Skipped => initial_value(field),
            Storage::Plain => {
                quote_spanned!(Span::mixed_site()=> __p::read::<__Fields<Self>, #index, _>(__from)?)
            }
            Storage::With(_) => {
                quote_spanned!(Span::mixed_site()=> __p::read_with::<__Fields<Self>, #index, _>(__from)?)
            }
        };
        quote!(#ident: #value)
    });
    quote_spanned! {Span::mixed_site()=>
        fn read<__R: __p::ReadFields>(
            __from: &mut __R,
        ) -> ::core::result::Result<Self, __R::Error> {
            ::core::result::Result::Ok(Self { #(#fields,)* })
        }
    }
}

fn write(model: &Model<'_>) -> TokenStream {
    let fields = model.stored().map(|field| {
        let ident = field.ident;
        let index = field.index;
        let function = match field.storage() {
            Storage::With(_) => "write_with",
            _ => "write",
        };
        let function = Ident::new(function, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=>
            __p::#function::<__Fields<Self>, #index, _>(&self.#ident, __to)?;
        )
    });
    quote_spanned! {Span::mixed_site()=>
        fn write<__W: __p::WriteFields>(
            &self,
            __to: &mut __W,
        ) -> ::core::result::Result<(), __W::Error> {
            #(#fields)*
            ::core::result::Result::Ok(())
        }
    }
}

fn read_field(model: &Model<'_>) -> TokenStream {
    let arms = model.stored().map(|field| {
        let ident = field.ident;
        let index = field.index;
        let value = match field.storage() {
            Storage::With(_) => quote_spanned!(Span::mixed_site()=>
                <__Fields<Self> as __p::WithField<#index>>::deserialize(__from)?
            ),
            _ => quote_spanned!(Span::mixed_site()=>
                __p::decode::<__Fields<Self>, #index, _>(__from)?
            ),
        };
        quote_spanned!(Span::mixed_site()=> #index => self.#ident = #value,)
    });
    quote_spanned! {Span::mixed_site()=>
        fn read_field<'__de, __D: __p::Deserializer<'__de>>(
            &mut self,
            __index: ::core::primitive::usize,
            __from: __D,
        ) -> ::core::result::Result<(), __D::Error> {
            match __index {
                #(#arms)*
                _ => ::core::unreachable!(),
            }
            ::core::result::Result::Ok(())
        }
    }
}

fn same_field(model: &Model<'_>) -> TokenStream {
    let arms = model.stored().map(|field| {
        let ident = field.ident;
        let index = field.index;
        let same = match field.storage() {
            Storage::With(_) => "SameWith",
            _ => "Same",
        };
        let same = Ident::new(same, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=>
            #index => (&__p::#same::<__Fields<Self>, #index>(&self.#ident, &__other.#ident)).same(),
        )
    });
    quote_spanned! {Span::mixed_site()=>
        fn same_field(
            &self,
            __other: &Self,
            __index: ::core::primitive::usize,
        ) -> ::core::primitive::bool {
            #[allow(unused_imports)]
            use __p::{SameByEncoding as _, SameByEq as _};
            match __index {
                #(#arms)*
                _ => true,
            }
        }
    }
}

fn swap_field(model: &Model<'_>) -> TokenStream {
    let arms = model.fields.iter().map(|field| {
        let ident = field.ident;
        let index = field.index;
        quote_spanned!(Span::mixed_site()=>
            #index => ::core::mem::swap(&mut self.#ident, &mut __other.#ident),
        )
    });
    quote_spanned! {Span::mixed_site()=>
        fn swap_field(&mut self, __other: &mut Self, __index: ::core::primitive::usize) {
            match __index {
                #(#arms)*
                _ => ::core::unreachable!(),
            }
        }
    }
}

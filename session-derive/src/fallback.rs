//! What is emitted beside errors: implementations that do nothing, so that the rest of the user's
//! program has no errors of its own for want of them.

use crate::expand::{self, Bodies, Stub};
use crate::model::{Field, Model};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use std::collections::HashSet;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, GenericParam, Generics, Lifetime, parse_quote_spanned};

/// For a struct whose fields could be read.
pub(crate) fn of_model(model: &Model<'_>) -> TokenStream {
    let generics = owned_generics(model.input, &expand::krate(model));
    let ty = static_type(model.input);
    let unsound = unsound_accessors(model);
    let stub = Stub {
        has: &|field| !unsound.contains(&field.index) && !mentions_lifetime(model, field.ty()),
        generics: &generics,
        ty: &ty,
    };
    let extensions = expand::extensions(model, &Bodies::Stub(stub));
    let data = data(&generics, &ty);
    expand::assemble(&expand::krate(model), &data, &extensions)
}

/// For anything else that a derive can stand on.
pub(crate) fn of_input(input: &DeriveInput) -> TokenStream {
    let krate = quote_spanned!(Span::mixed_site()=> ::session);
    let generics = owned_generics(input, &krate);
    let data = data(&generics, &static_type(input));
    expand::assemble(&krate, &data, &expand::Extensions::default())
}

fn data(generics: &Generics, ty: &TokenStream) -> TokenStream {
    let (of_impl, _, bounds) = generics.split_for_impl();
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #of_impl __p::SessionData for #ty #bounds {
            const SCHEMA: &'static __p::str = "";
            const FIELDS: &'static [__p::FieldSpec] = &[];
            fn initial() -> Self {
                ::core::unreachable!()
            }
            fn read<__R: __p::ReadFields>(
                _: &mut __R,
            ) -> __p::Result<Self, __R::Error> {
                ::core::unreachable!()
            }
            fn write<__W: __p::WriteFields>(
                &self,
                _: &mut __W,
            ) -> __p::Result<(), __W::Error> {
                ::core::unreachable!()
            }
            fn read_field<'__de, __D: __p::Deserializer<'__de>>(
                &mut self,
                _: __p::usize,
                _: __D,
            ) -> __p::Result<(), __D::Error> {
                ::core::unreachable!()
            }
            fn same_as_stored<'__de, __D: __p::Deserializer<'__de>>(
                &self,
                _: __p::usize,
                _: __D,
            ) -> __p::Result<__p::bool, __D::Error> {
                ::core::unreachable!()
            }
            fn same_field(
                &self,
                _: &Self,
                _: __p::usize,
            ) -> __p::bool {
                ::core::unreachable!()
            }
            fn swap_field(&mut self, _: &mut Self, _: __p::usize) {
                ::core::unreachable!()
            }
        }
        impl #of_impl __p::NoSecrets for #ty #bounds {}
        impl #of_impl __p::NoIndexes for #ty #bounds {}
        impl #of_impl __p::MergesByLastOnly for #ty #bounds {}
    }
}

/// The generics without lifetimes, which were refused, and with the bounds that were asked for.
fn owned_generics(input: &DeriveInput, krate: &TokenStream) -> Generics {
    let mut generics = input.generics.clone();
    let owned = generics.params.into_iter();
    generics.params = owned.filter(|p| !matches!(p, GenericParam::Lifetime(_))).collect();
    if let Some(clause) = &mut generics.where_clause {
        let kept = std::mem::take(&mut clause.predicates).into_iter();
        let kept = kept.filter(|predicate| !has_lifetime_of(input, predicate));
        clause.predicates = kept.collect::<Punctuated<_, _>>();
    }
    let mixed = Span::mixed_site();
    for parameter in generics.type_params_mut() {
        let bounds = std::mem::take(&mut parameter.bounds).into_iter();
        parameter.bounds = bounds.filter(|bound| !has_lifetime_of(input, bound)).collect();
        let field = parse_quote_spanned!(mixed=> #krate::__private::Field);
        parameter.bounds.push(field);
    }
    generics
}

/// The type with `'static` for each of its lifetimes.
fn static_type(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let arguments = input.generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(_) => Lifetime::new("'static", Span::mixed_site()).to_token_stream(),
        GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
        GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
    });
    let arguments: Vec<_> = arguments.collect();
    if arguments.is_empty() { quote!(#ident) } else { quote!(#ident<#(#arguments),*>) }
}

/// Fields whose accessors would clash with those of an earlier one.
fn unsound_accessors(model: &Model<'_>) -> HashSet<usize> {
    let mut names = HashSet::new();
    let clash = |field: &&Field<'_>| {
        let own = field.accessors().map(|accessors| accessors.names());
        let own = own.unwrap_or_default();
        let clash = own.iter().any(|name| names.contains(name));
        if !clash {
            names.extend(own);
        }
        clash
    };
    model.fields.iter().filter(clash).map(|field| field.index).collect()
}

fn mentions_lifetime(model: &Model<'_>, ty: &syn::Type) -> bool {
    has_lifetime_of(model.input, ty)
}

fn has_lifetime_of(input: &DeriveInput, tokens: &impl ToTokens) -> bool {
    let lifetimes: Vec<String> =
        input.generics.lifetimes().map(|parameter| parameter.lifetime.ident.to_string()).collect();
    !lifetimes.is_empty() && has_any(tokens.to_token_stream(), &lifetimes)
}

/// Whether one of these lifetimes is named. Its name alone would be enough to look for, but a
/// type may have the same one.
fn has_any(tokens: TokenStream, lifetimes: &[String]) -> bool {
    let mut quote = false;
    tokens.into_iter().any(|token| {
        let after_quote = std::mem::replace(
            &mut quote,
            matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\''),
        );
        match token {
            TokenTree::Group(group) => has_any(group.stream(), lifetimes),
            TokenTree::Ident(ident) => after_quote && lifetimes.contains(&ident.to_string()),
            _ => false,
        }
    })
}

//! The accessors: methods of `TypedSession<Visit>`, by one extension trait for each visibility.
//!
//! On the struct itself `session.set_views(session.views() + 1)` would be a borrow error, because
//! the outer call has then already dereferenced the session.

use crate::model::{Field, Model};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, GenericParam, Generics};

/// What the methods do.
pub(crate) enum Bodies<'a> {
    Real,
    /// Nothing, in the output beside errors. For these fields, and with these generics.
    Stub(Stub<'a>),
}

/// What is sound enough to be used beside errors.
pub(crate) struct Stub<'a> {
    pub(crate) has: &'a dyn Fn(&Field<'_>) -> bool,
    /// Of the traits and of their implementations.
    pub(crate) generics: &'a Generics,
    /// The type with its arguments.
    pub(crate) ty: &'a TokenStream,
}

/// The traits stand beside the struct, their implementations in a constant.
#[derive(Default)]
pub(crate) struct Expanded {
    pub(crate) traits: TokenStream,
    pub(crate) impls: TokenStream,
}

pub(crate) fn expand(model: &Model<'_>, bodies: &Bodies<'_>) -> Expanded {
    let ident = &model.input.ident;
    let name = ident.unraw();
    let (_, own_arguments, _) = model.input.generics.split_for_impl();
    let own_type = quote!(#ident #own_arguments);
    let (generics, ty) = match bodies {
        Bodies::Real => (&model.input.generics, &own_type),
        Bodies::Stub(stub) => (stub.generics, stub.ty),
    };
    let declared = without_attributes(generics);
    let (of_impl, arguments, bounds) = generics.split_for_impl();
    let mut all = Expanded::default();
    for (position, (reach, visibility, mut fields)) in model.reaches().into_iter().enumerate() {
        if let Bodies::Stub(stub) = bodies {
            fields.retain(|field| (stub.has)(field));
        }
        let suffix = if position == 0 { String::new() } else { reach.suffix() };
        let trait_ident = format_ident!("{name}Fields{suffix}", span = ident.span());
        let signatures = fields.iter().map(|field| methods(model, field, None));
        let methods = fields.iter().map(|field| methods(model, field, Some(bodies)));
        let doc = format!(
            "Typed accessors for the fields of [`{name}`]: methods of `TypedSession<{name}>`."
        );
        all.traits.extend(quote_spanned! {Span::mixed_site()=>
            #[doc = #doc]
            #[allow(dead_code, non_camel_case_types, non_snake_case)]
            #visibility trait #trait_ident #declared #bounds {
                #(#signatures)*
            }
        });
        all.impls.extend(quote_spanned! {Span::mixed_site()=>
            #[automatically_derived]
            impl #of_impl #trait_ident #arguments for __p::TypedSession<#ty> #bounds {
                #(#methods)*
            }
        });
    }
    all
}

/// The methods of one field: signatures with their docs, or the methods themselves.
fn methods(model: &Model<'_>, field: &Field<'_>, bodies: Option<&Bodies<'_>>) -> TokenStream {
    let Some(names) = field.accessors() else {
        return TokenStream::new();
    };
    let mixed = Span::mixed_site();
    let ident = field.ident;
    let index = field.index;
    let ty = field.ty();
    let (get, set, get_mut) = (&names.get, &names.set, &names.get_mut);
    let note = field.notes_sets().then(|| quote_spanned!(mixed=> __p::mark_set(self, #index);));
    let of = ident.unraw();
    let method = |doc: &str, signature: TokenStream, body: TokenStream| match bodies {
        None => {
            let attrs = documented(field, doc, &of.to_string());
            quote!(#attrs #signature;)
        }
        Some(Bodies::Real) => quote!(#signature { #body }),
        Some(Bodies::Stub(_)) => {
            quote_spanned!(mixed=> #signature { ::core::unreachable!() })
        }
    };
    // A parameter named like a constant of the user's would be a pattern.
    let value = match bodies {
        None => quote_spanned!(mixed=> value),
        Some(_) => quote_spanned!(mixed=> __value),
    };
    let mut all = TokenStream::new();
    all.extend(method(
        "The value of",
        quote_spanned!(mixed=> fn #get(&self) -> &#ty),
        quote_spanned!(mixed=> &::core::ops::Deref::deref(self).#ident),
    ));
    all.extend(method(
        "Sets",
        quote_spanned!(mixed=> fn #set(&mut self, #value: #ty)),
        quote_spanned!(mixed=> #note ::core::ops::DerefMut::deref_mut(self).#ident = #value;),
    ));
    all.extend(method(
        "Mutable access to",
        quote_spanned!(mixed=> fn #get_mut(&mut self) -> &mut #ty),
        quote_spanned!(mixed=> &mut ::core::ops::DerefMut::deref_mut(self).#ident),
    ));
    let Some((take, clear)) = &names.option else {
        return all;
    };
    let krate = super::krate(model);
    let option = quote_spanned!(mixed=> #krate::__private::OptionField);
    // The `for` makes rustc ask whether the type is an `Option` only where the method is called.
    let condition = quote_spanned!(mixed=> where for<'__a> #ty: #option);
    let own = quote_spanned!(mixed=> &mut ::core::ops::DerefMut::deref_mut(self).#ident);
    all.extend(method(
        "Takes the value out of",
        quote_spanned! {mixed=>
            fn #take(&mut self) -> ::core::option::Option<<#ty as #option>::Inner> #condition
        },
        quote_spanned!(mixed=> #option::take(#own)),
    ));
    all.extend(method(
        "Empties",
        quote_spanned!(mixed=> fn #clear(&mut self) #condition),
        quote_spanned!(mixed=> #option::clear(#own);),
    ));
    all
}

/// A first sentence that says what the method does, then what the user says of the field.
fn documented(field: &Field<'_>, what: &str, name: &str) -> TokenStream {
    let first = format!("{what} `{name}`.");
    let own: Vec<&Attribute> = kept(field, "doc");
    let deprecated = kept(field, "deprecated");
    let gap = (!own.is_empty()).then(|| quote!(#[doc = ""]));
    quote!(#[doc = #first] #gap #(#own)* #(#deprecated)*)
}

fn kept<'a>(field: &Field<'a>, name: &str) -> Vec<&'a Attribute> {
    let attrs = field.original.attrs.iter();
    attrs.filter(|attr| attr.path().is_ident(name)).collect()
}

/// The generics as declared, with bounds and defaults: what a trait may repeat.
fn without_attributes(generics: &Generics) -> TokenStream {
    let mut generics = generics.clone();
    generics.where_clause = None;
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Lifetime(parameter) => parameter.attrs.clear(),
            GenericParam::Type(parameter) => parameter.attrs.clear(),
            GenericParam::Const(parameter) => parameter.attrs.clear(),
        }
    }
    generics.to_token_stream()
}

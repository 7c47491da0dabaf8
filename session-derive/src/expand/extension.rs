//! Extension traits: methods for types of the runtime crate, by one trait for each visibility, so
//! that each is seen exactly where its field is.

use crate::model::{Field, Model};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, GenericParam, Generics, WherePredicate};

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
pub(crate) struct Extensions {
    pub(crate) traits: TokenStream,
    pub(crate) impls: TokenStream,
}

/// A family of traits.
pub(super) struct Extension {
    /// What follows the name of the struct in theirs.
    pub(super) suffix: &'static str,
    /// The type that gets the methods, without its argument.
    pub(super) of: &'static str,
    /// What the traits say of themselves, with the name of the struct.
    pub(super) doc: fn(&str) -> String,
    /// Which fields have methods.
    pub(super) has: fn(&Field<'_>) -> bool,
    pub(super) methods: fn(&Model<'_>, &Field<'_>, &TokenStream, Part<'_>) -> TokenStream,
    /// What must hold for a field so that the type gets the methods at all.
    pub(super) condition: fn(&Field<'_>) -> Option<WherePredicate>,
}

/// What is asked of the methods of a field.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// Signatures with docs, for the trait.
    Signatures,
    /// The methods themselves, for its implementation.
    Methods(&'a Bodies<'a>),
}

impl Extensions {
    /// Adds a family: nothing where no field has a method of it.
    pub(super) fn add(&mut self, model: &Model<'_>, bodies: &Bodies<'_>, family: &Extension) {
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
        let of = Ident::new(family.of, Span::mixed_site());
        let doc = (family.doc)(&name.to_string());
        let reaches = model.reaches(family.has).into_iter().enumerate();
        for (position, (reach, visibility, mut fields)) in reaches {
            if let Bodies::Stub(stub) = bodies {
                fields.retain(|field| (stub.has)(field));
            }
            let suffix = if position == 0 { String::new() } else { reach.suffix() };
            let family_suffix = family.suffix;
            let trait_ident = format_ident!("{name}{family_suffix}{suffix}", span = ident.span());
            let of_fields = |part| {
                let methods = fields.iter().map(|field| (family.methods)(model, field, ty, part));
                methods.collect::<TokenStream>()
            };
            let signatures = of_fields(Part::Signatures);
            let methods = of_fields(Part::Methods(bodies));
            let conditional = with_conditions(generics, bodies, &fields, family);
            let (_, _, conditions) = conditional.split_for_impl();
            self.traits.extend(quote_spanned! {Span::mixed_site()=>
                #[doc = #doc]
                #[allow(dead_code, non_camel_case_types, non_snake_case, clippy::ptr_arg)]
                #visibility trait #trait_ident #declared #bounds {
                    #signatures
                }
            });
            self.impls.extend(quote_spanned! {Span::mixed_site()=>
                #[automatically_derived]
                impl #of_impl #trait_ident #arguments for __p::#of<#ty> #conditions {
                    #methods
                }
            });
        }
    }
}

impl Part<'_> {
    /// One method. `doc` begins the sentence that ends with the name of the field.
    pub(super) fn method(
        self,
        field: &Field<'_>,
        doc: &str,
        signature: &TokenStream,
        body: &TokenStream,
    ) -> TokenStream {
        match self {
            Self::Signatures => {
                let attrs = documented(field, doc);
                quote!(#attrs #signature;)
            }
            Self::Methods(Bodies::Real) => quote!(#signature { #body }),
            Self::Methods(Bodies::Stub(_)) => {
                quote_spanned!(Span::mixed_site()=> #signature { ::core::unreachable!() })
            }
        }
    }
}

/// The generics of an implementation. Beside errors it is unconditional.
fn with_conditions(
    generics: &Generics,
    bodies: &Bodies<'_>,
    fields: &[&Field<'_>],
    family: &Extension,
) -> Generics {
    let mut generics = generics.clone();
    if let Bodies::Real = bodies {
        let conditions = fields.iter().filter_map(|field| (family.condition)(field));
        let conditions: Vec<_> = conditions.collect();
        if !conditions.is_empty() {
            generics.make_where_clause().predicates.extend(conditions);
        }
    }
    generics
}

/// A first sentence that says what the method does, then what the user says of the field.
fn documented(field: &Field<'_>, what: &str) -> TokenStream {
    let first = format!("{what} `{}`.", field.ident.unraw());
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

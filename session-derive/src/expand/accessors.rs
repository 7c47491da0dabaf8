//! The accessors: methods of `TypedSession<Visit>`.
//!
//! On the struct itself `session.set_views(session.views() + 1)` would be a borrow error, because
//! the outer call has then already dereferenced the session.

use super::extension::{Extension, Part};
use crate::model::{Field, Model};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

pub(super) const OF_SESSIONS: Extension = Extension {
    suffix: "Fields",
    of: "TypedSession",
    doc: |name| {
        format!("Typed accessors for the fields of [`{name}`]: methods of `TypedSession<{name}>`.")
    },
    has: |field| field.accessors().is_some(),
    methods,
    condition: |_| None,
};

fn methods(model: &Model<'_>, field: &Field<'_>, _: &TokenStream, part: Part<'_>) -> TokenStream {
    let Some(names) = field.accessors() else {
        return TokenStream::new();
    };
    let mixed = Span::mixed_site();
    let ident = field.ident;
    let index = field.index;
    let ty = field.ty();
    let (get, set, get_mut) = (&names.get, &names.set, &names.get_mut);
    let note = field.notes_sets().then(|| quote_spanned!(mixed=> __p::mark_set(self, #index);));
    // A parameter named like a constant of the user's would be a pattern.
    let value = match part {
        Part::Signatures => quote_spanned!(mixed=> value),
        Part::Methods(_) => quote_spanned!(mixed=> __value),
    };
    let mut all = part.method(
        field,
        "The value of",
        &quote_spanned!(mixed=> fn #get(&self) -> &#ty),
        &quote_spanned!(mixed=> &::core::ops::Deref::deref(self).#ident),
    );
    all.extend(part.method(
        field,
        "Sets",
        &quote_spanned!(mixed=> fn #set(&mut self, #value: #ty)),
        &quote_spanned!(mixed=> #note ::core::ops::DerefMut::deref_mut(self).#ident = #value;),
    ));
    all.extend(part.method(
        field,
        "Mutable access to",
        &quote_spanned!(mixed=> fn #get_mut(&mut self) -> &mut #ty),
        &quote_spanned!(mixed=> &mut ::core::ops::DerefMut::deref_mut(self).#ident),
    ));
    let Some((take, clear)) = &names.option else {
        return all;
    };
    let krate = super::krate(model);
    let option = quote_spanned!(mixed=> #krate::__private::OptionField);
    // The `for` makes rustc ask whether the type is an `Option` only where the method is called.
    let condition = quote_spanned!(mixed=> where for<'__a> #ty: #option);
    let own = quote_spanned!(mixed=> &mut ::core::ops::DerefMut::deref_mut(self).#ident);
    all.extend(part.method(
        field,
        "Takes the value out of",
        &quote_spanned! {mixed=>
            fn #take(&mut self) -> ::core::option::Option<<#ty as #option>::Inner> #condition
        },
        &quote_spanned!(mixed=> #option::take(#own)),
    ));
    all.extend(part.method(
        field,
        "Empties",
        &quote_spanned!(mixed=> fn #clear(&mut self) #condition),
        &quote_spanned!(mixed=> #option::clear(#own);),
    ));
    all
}

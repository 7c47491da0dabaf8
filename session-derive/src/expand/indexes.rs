//! The methods of `Sessions<Visit>` that find sessions by an `index` field.

use super::extension::{Extension, Part};
use crate::model::{By, Field, IndexValue, Model};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{WherePredicate, parse_quote_spanned};

pub(super) const OF_STORES: Extension = Extension {
    suffix: "Indexes",
    of: "Sessions",
    doc: |name| {
        format!(
            "Finds sessions by the `index` fields of [`{name}`]: methods of `Sessions<{name}>`."
        )
    },
    has: |field| field.by().is_some(),
    methods,
    condition,
};

fn methods(
    model: &Model<'_>,
    field: &Field<'_>,
    session: &TokenStream,
    part: Part<'_>,
) -> TokenStream {
    let Some(By { method, parameter, value }) = field.by() else {
        return TokenStream::new();
    };
    let mixed = Span::mixed_site();
    let index = field.index;
    let krate = super::krate(model);
    let found = quote_spanned!(mixed=> #krate::SessionsBy<'_, #session>);
    let signature = match part {
        Part::Signatures => {
            let ty = shown(&value);
            quote_spanned!(mixed=> fn #method(&self, #parameter: &#ty) -> #found)
        }
        Part::Methods(_) => {
            let ty = checked(field, &value);
            quote_spanned!(mixed=> fn #method(&self, __value: &#ty) -> #found)
        }
    };
    let body = quote_spanned!(mixed=> __p::by(self, #index, __value));
    part.method(field, "The sessions with this", &signature, &body)
}

/// The type of the parameter as people read it.
fn shown(value: &IndexValue<'_>) -> TokenStream {
    match value {
        IndexValue::Text | IndexValue::OptionalText => {
            quote_spanned!(Span::mixed_site()=> ::core::primitive::str)
        }
        IndexValue::Inside(ty) | IndexValue::Whole(ty) => quote_spanned!(Span::mixed_site()=> #ty),
    }
}

/// The same type, as the compiler derives it from the field's: where a user's own `Option` or
/// `String` misled the spelling, the two differ, and a search that finds nothing does not compile.
fn checked(field: &Field<'_>, value: &IndexValue<'_>) -> TokenStream {
    let mixed = Span::mixed_site();
    let ty = field.ty();
    let inside = quote_spanned!(mixed=> <#ty as __p::OptionField>::Inner);
    match value {
        IndexValue::Text => quote_spanned!(mixed=> <#ty as ::core::ops::Deref>::Target),
        IndexValue::OptionalText => quote_spanned!(mixed=> <#inside as ::core::ops::Deref>::Target),
        IndexValue::Inside(_) => inside,
        IndexValue::Whole(_) => quote_spanned!(mixed=> #ty),
    }
}

/// The value must be encodable. Said as a condition, which the `for` makes rustc ask only where a
/// method is called: of a field that can't be stored there is an error already.
fn condition(field: &Field<'_>) -> Option<WherePredicate> {
    match field.by()?.value {
        IndexValue::Text | IndexValue::OptionalText => None,
        IndexValue::Inside(ty) | IndexValue::Whole(ty) => {
            Some(parse_quote_spanned!(Span::mixed_site()=> for<'__a> #ty: __p::Serialize))
        }
    }
}

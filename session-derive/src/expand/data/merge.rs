//! `merge_field`: there only when a field has a policy that computes something.

use crate::model::{Field, Model};
use crate::value::Merge;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

pub(super) fn expand(model: &Model<'_>) -> Option<TokenStream> {
    let arms: Vec<_> = model.stored().filter_map(arm).collect();
    (!arms.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            fn merge_field(
                &mut self,
                __base: &Self,
                __theirs: &mut Self,
                __index: __p::usize,
            ) -> __p::Result<(), __p::MergeError> {
                match __index {
                    #(#arms)*
                    _ => {}
                }
                __p::Ok(())
            }
        }
    })
}

fn arm(field: &Field<'_>) -> Option<TokenStream> {
    let merge = field.attrs.merge.as_ref()?;
    // Where the type can't be merged so, rustc underlines the policy.
    let span = merge.span.resolved_at(Span::mixed_site());
    let index = field.index;
    let mut ident = field.ident.clone();
    ident.set_span(merge.span.resolved_at(ident.span()));
    let ty = field.ty();
    let call = match &merge.value {
        Merge::Last | Merge::Reject => return None,
        Merge::Sum => quote_spanned! {span=>
            __p::sum(&__base.#ident, &mut self.#ident, &__theirs.#ident)?
        },
        Merge::Max => quote_spanned!(span=> __p::max(&mut self.#ident, &mut __theirs.#ident)),
        Merge::Min => quote_spanned!(span=> __p::min(&mut self.#ident, &mut __theirs.#ident)),
        Merge::Union => quote_spanned! {span=>
            __p::union(&__base.#ident, &mut self.#ident, &mut __theirs.#ident)
        },
        Merge::Function(path) => quote_spanned! {span=>
            __p::by_function::<#ty, _>(#path, &__base.#ident, &mut self.#ident, &__theirs.#ident)
        },
    };
    Some(quote!(#index => #call,))
}

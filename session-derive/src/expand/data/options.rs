//! `OPTIONS`: what the struct's own attributes say. Left out when they say nothing.

use crate::model::Model;
use crate::value::{Extend, MaxAge};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

pub(super) fn expand(model: &Model<'_>) -> Option<TokenStream> {
    let attrs = &model.attrs;
    let name = attrs.name.as_ref().map(|name| quote!(.name(#name)));
    let max_age = attrs.max_age.map(|max_age| match max_age {
        MaxAge::Ms(ms) => quote!(.max_age_ms(#ms)),
        MaxAge::Browser => quote!(.browser_session()),
    });
    let absolute = attrs.absolute.map(|ms| quote!(.absolute_ms(#ms)));
    let extend = attrs.extend.map(|extend| {
        let extend = match extend {
            Extend::Renew => "Renew",
            Extend::Rolling => "Rolling",
            Extend::OnWrite => "OnWrite",
            Extend::Fixed => "Fixed",
        };
        let extend = Ident::new(extend, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> .extend(__p::Extend::#extend))
    });
    let version = attrs.version.map(|version| quote!(.version(#version)));
    let when = |yes: bool, call: TokenStream| yes.then_some(call);
    let options = [
        name,
        max_age,
        absolute,
        extend,
        version,
        when(attrs.migrate.is_some(), quote!(.migrates())),
        when(model.validates(), quote!(.validates())),
        when(attrs.before_save.is_some(), quote!(.prepares())),
        when(model.is_impure(), quote!(.impure())),
    ];
    let options: TokenStream = options.into_iter().flatten().collect();
    (!options.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            const OPTIONS: __p::Options = __p::Options::NEW #options;
        }
    })
}

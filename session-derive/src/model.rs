//! The struct as the other stages see it. Questions about it are methods here, so that checks and
//! expansion can't disagree.

use crate::attr::{FieldAttrs, StructAttrs};
use crate::ctxt::Ctxt;
use crate::keyword::FieldKey;
use crate::parse::session_attributes;
use crate::reach::Reach;
use crate::spelling;
use crate::value::{Accessor, Merge};
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote};
use std::borrow::Cow;
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Expr, Fields, LitStr, Type, Visibility};

/// A struct with `#[derive(Session)]`.
pub(crate) struct Model<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attrs: StructAttrs,
    pub(crate) fields: Vec<Field<'a>>,
}

/// One field of it.
pub(crate) struct Field<'a> {
    pub(crate) original: &'a syn::Field,
    pub(crate) ident: &'a Ident,
    pub(crate) index: usize,
    pub(crate) attrs: FieldAttrs,
    /// Its type, with the struct's own name for `Self`: accessors are methods of another type.
    ty: Cow<'a, Type>,
}

/// How a field is stored.
pub(crate) enum Storage<'a> {
    /// By its own serde implementations.
    Plain,
    /// By the functions of a module.
    With(&'a syn::Path),
    /// Not at all.
    Skipped,
}

/// The names of the accessors of one field.
pub(crate) struct Accessors {
    pub(crate) get: Ident,
    pub(crate) set: Ident,
    pub(crate) get_mut: Ident,
    /// `take_x` and `clear_x`, when the field may be an `Option`.
    pub(crate) option: Option<(Ident, Ident)>,
}

/// The method that finds sessions by an `index` field.
pub(crate) struct By<'a> {
    pub(crate) method: Ident,
    pub(crate) parameter: &'a Ident,
    pub(crate) value: IndexValue<'a>,
}

/// What sessions are found by. Each encodes as the field itself does.
pub(crate) enum IndexValue<'a> {
    /// A `&str`, for a `String`.
    Text,
    /// A `&str`, for an `Option<String>`.
    OptionalText,
    /// What is in the `Option`.
    Inside(&'a Type),
    /// The field's own type.
    Whole(&'a Type),
}

impl<'a> Model<'a> {
    /// Reads the whole input. There is a model exactly when it has the right shape.
    pub(crate) fn read(cx: &Ctxt, input: &'a DeriveInput) -> Option<Self> {
        let fields = named_fields(cx, input);
        let attrs = StructAttrs::read(cx, &input.attrs);
        let fields = fields?.iter().enumerate().filter_map(|(index, original)| {
            // `named_fields` saw to it that there is a name.
            let ident = original.ident.as_ref()?;
            Some(Field {
                original,
                ident,
                index,
                attrs: FieldAttrs::read(cx, &original.attrs, ident),
                ty: without_self(&original.ty, input),
            })
        });
        let fields = fields.collect();
        Some(Self { input, attrs, fields })
    }

    pub(crate) fn schema(&self) -> LitStr {
        let ident = &self.input.ident;
        let own = || LitStr::new(&ident.unraw().to_string(), ident.span());
        self.attrs.schema.clone().unwrap_or_else(own)
    }

    pub(crate) fn stored(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| !field.is_skipped())
    }

    pub(crate) fn has_secret(&self) -> bool {
        self.fields.iter().any(|field| field.is(FieldKey::Secret))
    }

    pub(crate) fn has_index(&self) -> bool {
        self.fields.iter().any(|field| field.is(FieldKey::Index))
    }

    pub(crate) fn merges_by_last_only(&self) -> bool {
        let last = |field: &Field<'_>| matches!(field.merge(), Merge::Last);
        self.fields.iter().all(last)
    }

    pub(crate) fn validates(&self) -> bool {
        self.attrs.valid.is_some() || self.fields.iter().any(|field| field.attrs.valid.is_some())
    }

    /// Whether two initial states may differ: `default = EXPR` can be a clock or a random number.
    pub(crate) fn is_impure(&self) -> bool {
        let impure = |field: &Field<'_>| field.attrs.default.as_ref().is_some_and(|e| !literal(e));
        self.stored().any(impure)
    }

    /// The distinct visibilities of some fields, the widest first, each with its fields.
    pub(crate) fn reaches(
        &self,
        among: fn(&Field<'_>) -> bool,
    ) -> Vec<(Reach, &Visibility, Vec<&Field<'a>>)> {
        let mut reaches: Vec<(Reach, &Visibility, Vec<&Field<'a>>)> = Vec::new();
        for field in self.fields.iter().filter(|field| among(field)) {
            let visibility = self.capped(&field.original.vis);
            let reach = Reach::of(visibility);
            match reaches.iter_mut().find(|(other, ..)| *other == reach) {
                Some((_, _, fields)) => fields.push(field),
                None => reaches.push((reach, visibility, vec![field])),
            }
        }
        reaches.sort_by(|(a, ..), (b, ..)| a.widest_first(b));
        reaches
    }

    /// A public field of a private struct is no more public than the struct, and its type may be
    /// as private: a wider accessor trait would show it.
    fn capped<'b>(&'b self, field: &'b Visibility) -> &'b Visibility {
        let own = &self.input.vis;
        if Reach::of(own).narrower_than(&Reach::of(field)) { own } else { field }
    }
}

impl Field<'_> {
    pub(crate) fn is(&self, key: FieldKey) -> bool {
        self.attrs.given.has(key)
    }

    pub(crate) fn is_skipped(&self) -> bool {
        self.is(FieldKey::Skip)
    }

    pub(crate) fn ty(&self) -> &Type {
        &self.ty
    }

    pub(crate) fn storage(&self) -> Storage<'_> {
        match &self.attrs.with {
            _ if self.is_skipped() => Storage::Skipped,
            Some(module) => Storage::With(module),
            None => Storage::Plain,
        }
    }

    /// The key that the field is stored under.
    pub(crate) fn key(&self) -> String {
        match &self.attrs.rename {
            Some(rename) => rename.value(),
            None => self.ident.unraw().to_string(),
        }
    }

    /// Where the user wrote the key.
    pub(crate) fn key_span(&self) -> Span {
        let rename = self.attrs.rename.as_ref().map(LitStr::span);
        rename.unwrap_or_else(|| self.ident.span())
    }

    pub(crate) fn merge(&self) -> &Merge {
        let given = self.attrs.merge.as_ref().map(|merge| &merge.value);
        given.unwrap_or(&Merge::Last)
    }

    /// Whether setting the field matters even when the value stays the same.
    pub(crate) fn notes_sets(&self) -> bool {
        self.is(FieldKey::Rotate) || self.is(FieldKey::Ttl)
    }

    /// What the names of its methods are made of, if it has any.
    fn base(&self) -> Option<&Ident> {
        match &self.attrs.accessor {
            Some(Accessor::None) => None,
            Some(Accessor::Named(name)) => Some(name),
            None => Some(self.ident),
        }
    }

    /// The names of its accessors, if it has any.
    pub(crate) fn accessors(&self) -> Option<Accessors> {
        let base = self.base()?;
        // Positional arguments: `format_ident!` takes their span, and takes off an `r#`.
        Some(Accessors {
            get: base.clone(),
            set: format_ident!("set_{}", base),
            get_mut: format_ident!("{}_mut", base),
            option: spelling::may_be_option(self.ty())
                .then(|| (format_ident!("take_{}", base), format_ident!("clear_{}", base))),
        })
    }

    /// How sessions are found by it, if it is an `index` with accessors.
    pub(crate) fn by(&self) -> Option<By<'_>> {
        let base = self.base().filter(|_| self.is(FieldKey::Index))?;
        let value = match spelling::inside_option(self.ty()) {
            Some(inner) if spelling::is_string(inner) => IndexValue::OptionalText,
            Some(inner) => IndexValue::Inside(inner),
            None if spelling::is_string(self.ty()) => IndexValue::Text,
            None => IndexValue::Whole(self.ty()),
        };
        Some(By { method: format_ident!("by_{}", base), parameter: base, value })
    }

    /// The token to underline when an accessor's name is wrong.
    pub(crate) fn accessor_ident(&self) -> &Ident {
        match &self.attrs.accessor {
            Some(Accessor::Named(name)) => name,
            _ => self.ident,
        }
    }
}

impl Accessors {
    pub(crate) fn names(&self) -> Vec<String> {
        let option = self.option.iter().flat_map(|(take, clear)| [take, clear]);
        [&self.get, &self.set, &self.get_mut]
            .into_iter()
            .chain(option)
            .map(|name| name.unraw().to_string())
            .collect()
    }
}

/// The fields, or an error on what makes the shape wrong.
fn named_fields<'a>(cx: &Ctxt, input: &'a DeriveInput) -> Option<&'a Fields> {
    let ident = &input.ident;
    let shape = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) if !named.named.is_empty() => return Some(&data.fields),
            Fields::Named(_) | Fields::Unit => {
                let message = "a session without fields stores nothing; give it one, for example \
                               `views: u64`";
                cx.error(ident, message);
                return None;
            }
            Fields::Unnamed(unnamed) => {
                cx.error(unnamed, "name the fields of a session: their names are the stored keys");
                return None;
            }
        },
        Data::Enum(data) => {
            for variant in &data.variants {
                let of_fields = variant.fields.iter().flat_map(|field| &field.attrs);
                let attrs: Vec<_> = variant.attrs.iter().chain(of_fields).cloned().collect();
                for attr in session_attributes(&attrs) {
                    cx.error(attr.path(), "`#[session(..)]` belongs on a struct and its fields");
                }
            }
            "an enum"
        }
        Data::Union(_) => "a union",
    };
    cx.error(
        ident,
        format!(
            "`#[derive(Session)]` needs a struct with named fields; {shape} can be the type of a \
             field, for example `struct Session {{ step: {ident} }}`"
        ),
    );
    None
}

/// A type with the struct's name where it says `Self`.
fn without_self<'a>(ty: &'a Type, input: &DeriveInput) -> Cow<'a, Type> {
    let (_, arguments, _) = input.generics.split_for_impl();
    let ident = &input.ident;
    let own = quote!(#ident #arguments);
    let (tokens, replaced) = replace_self(ty.to_token_stream(), &own);
    // A type with a type in place of an identifier is a type, unless it said `Self::X`, which
    // rustc refuses in a field.
    match syn::parse2(tokens) {
        Ok(ty) if replaced => Cow::Owned(ty),
        _ => Cow::Borrowed(ty),
    }
}

fn replace_self(tokens: TokenStream, own: &TokenStream) -> (TokenStream, bool) {
    let mut any = false;
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(ident) if ident == "Self" => {
            any = true;
            own.clone()
        }
        TokenTree::Group(group) => {
            let (inner, replaced) = replace_self(group.stream(), own);
            any |= replaced;
            let mut new = Group::new(group.delimiter(), inner);
            new.set_span(group.span());
            TokenTree::Group(new).into()
        }
        other => other.into(),
    });
    let replaced: TokenStream = replaced.collect();
    (replaced, any)
}

/// Whether every evaluation gives the same.
fn literal(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(_) => true,
        Expr::Unary(unary) => literal(&unary.expr),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => false,
    }
}

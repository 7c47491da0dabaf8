//! From the tokens of `#[session(..)]` to names and values with their spans.
//!
//! Nothing here knows what a value means, and nothing here quotes.

use crate::ctxt::Ctxt;
use crate::keyword::{self, Keyword, Place, Takes};
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Expr, MacroDelimiter, Meta, Token, token};

/// One `name` or `name = value`.
pub(crate) struct Raw<K: 'static> {
    pub(crate) keyword: &'static Keyword<K>,
    /// The name as written, for its span.
    pub(crate) name: Ident,
    /// There is one exactly when the keyword takes one.
    pub(crate) value: Option<Expr>,
}

/// All entries of all `#[session(..)]` in `attrs`, in the order of the source. `owner` is the
/// field that they stand on, or nothing for the struct.
pub(crate) fn attributes<K: Place>(
    cx: &Ctxt,
    attrs: &[Attribute],
    owner: Option<&Ident>,
) -> Vec<Raw<K>> {
    let mut all: Vec<Raw<K>> = Vec::new();
    for attr in session_attributes(attrs) {
        let Some(tokens) = arguments(cx, attr) else {
            continue;
        };
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Some(raw) = entry::<K>(cx, input) {
                    push(cx, &mut all, raw, owner);
                }
                comma(cx, input);
            }
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            cx.error_at(error.span(), error);
        }
    }
    all
}

/// The `#[session]` attributes among others, whatever their form.
pub(crate) fn session_attributes(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("session"))
}

/// What stands between the parentheses.
fn arguments(cx: &Ctxt, attr: &Attribute) -> Option<TokenStream> {
    match &attr.meta {
        Meta::Path(path) => {
            cx.error(path, "expected attribute arguments in parentheses: `#[session(...)]`");
            None
        }
        Meta::NameValue(pair) => {
            cx.error(pair.eq_token, "expected parentheses: `#[session(...)]`");
            None
        }
        Meta::List(list) => match list.delimiter {
            MacroDelimiter::Paren(_) if list.tokens.is_empty() => {
                cx.error(list, "this empty `#[session()]` does nothing; remove it");
                None
            }
            MacroDelimiter::Paren(_) => Some(list.tokens.clone()),
            MacroDelimiter::Brace(_) | MacroDelimiter::Bracket(_) => {
                cx.error_at(
                    list.delimiter.span().open(),
                    "expected parentheses: `#[session(...)]`",
                );
                None
            }
        },
    }
}

/// Reads one entry. After an error the rest of the entry is skipped, and the next one is read.
fn entry<K: Place>(cx: &Ctxt, input: ParseStream<'_>) -> Option<Raw<K>> {
    if !input.peek(Ident::peek_any) {
        cx.error(next(input), "expected the name of a session attribute, like `skip`");
        skip_entry(input);
        return None;
    }
    let name = input.call(Ident::parse_any).ok()?;
    let text = name.unraw().to_string();
    let Some(keyword) = keyword::find(K::TABLE, &text) else {
        let message = K::misplaced(&text).unwrap_or_else(|| keyword::unknown::<K>(&text));
        cx.error(&name, message);
        skip_entry(input);
        return None;
    };
    let value = value(cx, input, keyword, &name)?;
    if !input.is_empty() && !input.peek(Token![,]) {
        cx.error(next(input), format!("expected a comma after `{}`", keyword.example));
        skip_entry(input);
        return None;
    }
    Some(Raw { keyword, name, value })
}

/// Reads what follows a name. The outer `None` means that an error was reported.
fn value<K: Place>(
    cx: &Ctxt,
    input: ParseStream<'_>,
    keyword: &Keyword<K>,
    name: &Ident,
) -> Option<Option<Expr>> {
    let Keyword { name: text, example, without, .. } = keyword;
    let wanted = keyword.takes != Takes::Nothing;
    if input.peek(token::Paren) {
        let message = if wanted {
            format!("`{text}` takes its value after `=`: `{example}`")
        } else {
            format!("`{text}` takes no value; write just `{text}`")
        };
        cx.error(next(input), message);
        skip_entry(input);
        return None;
    }
    if !input.peek(Token![=]) {
        if wanted && (input.is_empty() || input.peek(Token![,])) {
            cx.error(name, format!("`{text}` needs a value: `{example}`{without}"));
            return None;
        }
        return Some(None);
    }
    let equals = input.parse::<Token![=]>().ok()?;
    if !wanted {
        let rest = skip_entry(input);
        let message = format!("`{text}` takes no value; write just `{text}`");
        if rest.is_empty() {
            cx.error(equals, message);
        } else {
            cx.error(rest, message);
        }
        return None;
    }
    if input.is_empty() || input.peek(Token![,]) {
        cx.error(name, format!("`{text}` needs a value: `{example}`{without}"));
        return None;
    }
    let ahead = input.fork();
    match ahead.parse::<Expr>() {
        Ok(value) => {
            // `ahead` is a fork of `input`, so that parsing again can't fail.
            input.parse::<Expr>().ok()?;
            Some(Some(ungroup(value)))
        }
        Err(_) => {
            let rest = skip_entry(input);
            cx.error(rest, format!("`{text}` can't be read; write it like this: `{example}`"));
            None
        }
    }
}

fn push<K: Place>(cx: &Ctxt, all: &mut Vec<Raw<K>>, raw: Raw<K>, owner: Option<&Ident>) {
    let given = all.iter().any(|other| other.keyword.key == raw.keyword.key);
    if given && raw.keyword.takes != Takes::Values {
        let of = owner.map_or_else(String::new, |field| format!(" for field `{}`", field.unraw()));
        let name = raw.keyword.name;
        cx.error(&raw.name, format!("`{name}` is given twice{of}; remove one"));
    } else {
        all.push(raw);
    }
}

fn comma(cx: &Ctxt, input: ParseStream<'_>) {
    if input.is_empty() || input.parse::<Token![,]>().is_ok() {
        return;
    }
    // Every path of `entry` stops at a comma or at the end.
    cx.error(next(input), "expected a comma");
    skip_entry(input);
}

/// The next token, without taking it.
fn next(input: ParseStream<'_>) -> Option<TokenTree> {
    input.fork().parse::<TokenTree>().ok()
}

/// Takes everything up to the next comma.
fn skip_entry(input: ParseStream<'_>) -> TokenStream {
    let mut skipped = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => skipped.extend([token]),
            Err(_) => break,
        }
    }
    skipped
}

/// Takes off the invisible delimiters that `macro_rules!` puts around what it captured.
fn ungroup(mut value: Expr) -> Expr {
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    value
}

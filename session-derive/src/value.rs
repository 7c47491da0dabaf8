//! What the values of attributes mean: texts, durations, paths, numbers, policies.
//!
//! Each function takes one entry and gives its value, or reports on the value's own tokens what
//! to write instead.

use crate::ctxt::Ctxt;
use crate::duration::{self, NoDuration};
use crate::parse::Raw;
use proc_macro2::{Ident, Span};
use syn::{Expr, ExprLit, ExprPath, Lit, LitStr, Path};

/// A value and the token that it was read from.
#[derive(Clone)]
pub(crate) struct Sp<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// `max_age`.
#[derive(Clone, Copy)]
pub(crate) enum MaxAge {
    Ms(u64),
    Browser,
}

/// `extend`.
#[derive(Clone, Copy)]
pub(crate) enum Extend {
    Renew,
    Rolling,
    OnWrite,
    Fixed,
}

/// `merge`.
pub(crate) enum Merge {
    Last,
    Sum,
    Max,
    Min,
    Union,
    Reject,
    Function(Path),
}

/// `accessor`.
pub(crate) enum Accessor {
    Named(Ident),
    None,
}

pub(crate) fn text<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<LitStr> {
    let value = raw.value.as_ref()?;
    if let Some(text) = string(value) {
        return Some(text.clone());
    }
    let name = raw.keyword.name;
    let mend = match ident(value) {
        Some(word) => format!("{name} = \"{word}\""),
        None => raw.keyword.example.to_owned(),
    };
    cx.error(value, format!("`{name}` takes a text in quotes: `{mend}`"));
    None
}

pub(crate) fn duration<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<u64> {
    let value = raw.value.as_ref()?;
    let Some(text) = string(value) else {
        not_a_string(cx, raw, value, r#"a duration in quotes, like `"30m"` or `"14d"`"#);
        return None;
    };
    milliseconds(cx, raw, text, r#"a duration like `"30m"` or `"14d"`"#)
}

pub(crate) fn max_age<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<MaxAge> {
    let value = raw.value.as_ref()?;
    let Some(text) = string(value) else {
        let wanted = r#"a duration in quotes, like `"30m"` or `"14d"`, or `"browser"`"#;
        not_a_string(cx, raw, value, wanted);
        return None;
    };
    if text.value() == "browser" {
        return Some(MaxAge::Browser);
    }
    let wanted = r#"a duration like `"30m"` or `"14d"`, or `"browser"`"#;
    milliseconds(cx, raw, text, wanted).map(MaxAge::Ms)
}

pub(crate) fn extend<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<Extend> {
    let value = raw.value.as_ref()?;
    let wanted = r#"`"renew"`, `"rolling"`, `"on_write"` or `"fixed"`"#;
    let Some(text) = string(value) else {
        not_a_string(cx, raw, value, &format!("one of {wanted}, in quotes"));
        return None;
    };
    match text.value().as_str() {
        "renew" => Some(Extend::Renew),
        "rolling" => Some(Extend::Rolling),
        "on_write" => Some(Extend::OnWrite),
        "fixed" => Some(Extend::Fixed),
        other => {
            cx.error(text, format!("expected {wanted}, found `\"{other}\"`"));
            None
        }
    }
}

pub(crate) fn version<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<u32> {
    let value = raw.value.as_ref()?;
    let number = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.suffix().is_empty() => {
            number.base10_parse::<u32>().ok()
        }
        _ => None,
    };
    if number.is_none_or(|number| number == 0) {
        cx.error(value, "`version` takes a whole number from 1 to 4294967295: `version = 1`");
        return None;
    }
    number
}

/// The path of a function or a module. It keeps its tokens, so that rustc can underline the very
/// segment that it does not know.
pub(crate) fn path<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<Path> {
    let value = raw.value.as_ref()?;
    if let Some(path) = as_path(value) {
        return Some(path.clone());
    }
    let name = raw.keyword.name;
    let message = match (string(value), value) {
        (Some(text), _) if text.parse::<Path>().is_ok() => {
            format!("`{name}` takes a path without quotes: `{name} = {}`", text.value())
        }
        (_, Expr::Closure(_)) => format!(
            "`{name}` takes a path; give the closure a name with `fn` and write `{}`",
            raw.keyword.example
        ),
        _ => format!("`{name}` takes a path: `{}`", raw.keyword.example),
    };
    cx.error(value, message);
    None
}

pub(crate) fn merge<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<Sp<Merge>> {
    let value = raw.value.as_ref()?;
    let Some(path) = as_path(value) else {
        let quoted = string(value).filter(|text| text.parse::<Path>().is_ok());
        cx.error(
            value,
            match quoted {
                Some(text) => {
                    format!("`merge` takes a policy without quotes: `merge = {}`", text.value())
                }
                None => {
                    "`merge` takes `last`, `sum`, `max`, `min`, `union`, `reject`, or the path \
                         of a function `fn(base: &F, ours: &F, theirs: &F) -> F`"
                        .to_owned()
                }
            },
        );
        return None;
    };
    let policy = match path.get_ident().map(ToString::to_string).as_deref() {
        Some("last") => Merge::Last,
        Some("sum") => Merge::Sum,
        Some("max") => Merge::Max,
        Some("min") => Merge::Min,
        Some("union") => Merge::Union,
        Some("reject") => Merge::Reject,
        _ => Merge::Function(path.clone()),
    };
    Some(Sp { value: policy, span: syn::spanned::Spanned::span(path) })
}

pub(crate) fn accessor<K>(cx: &Ctxt, raw: &Raw<K>) -> Option<Accessor> {
    let value = raw.value.as_ref()?;
    match value {
        Expr::Lit(ExprLit { lit: Lit::Bool(flag), .. }) if !flag.value => Some(Accessor::None),
        _ => match ident(value) {
            // `self` and the like are paths, and can't be the names of methods.
            Some(name) if syn::parse_str::<Ident>(&name.to_string()).is_ok() => {
                Some(Accessor::Named(name.clone()))
            }
            _ => {
                cx.error(value, "`accessor` takes a name, or `false` for none: `accessor = name`");
                None
            }
        },
    }
}

fn milliseconds<K>(cx: &Ctxt, raw: &Raw<K>, text: &LitStr, wanted: &str) -> Option<u64> {
    let (name, value) = (raw.keyword.name, text.value());
    let message = match duration::parse(&value) {
        Ok(ms) => return Some(ms),
        Err(NoDuration::Form) => format!("expected {wanted}, found `\"{value}\"`"),
        Err(NoDuration::Zero) => {
            format!("`{name}` can't be zero, nothing would live so short; write {wanted}")
        }
        Err(NoDuration::TooLong) => {
            format!("`{name}` is longer than 100 years; write a shorter one, at most `\"36600d\"`")
        }
    };
    cx.error(text, message);
    None
}

/// Shows `= "1d"` to those who wrote `= 1d`.
fn not_a_string<K>(cx: &Ctxt, raw: &Raw<K>, value: &Expr, wanted: &str) {
    let name = raw.keyword.name;
    let bare = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Some(number.to_string()),
        _ => ident(value).map(ToString::to_string),
    };
    let message = match bare {
        Some(bare) if ident(value).is_some() || duration::parse(&bare).is_ok() => {
            format!("`{name}` takes a text in quotes: `{name} = \"{bare}\"`")
        }
        _ => format!("`{name}` takes {wanted}"),
    };
    cx.error(value, message);
}

fn string(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        _ => None,
    }
}

fn as_path(value: &Expr) -> Option<&Path> {
    match value {
        Expr::Path(ExprPath { qself: None, path, .. }) => Some(path),
        _ => None,
    }
}

fn ident(value: &Expr) -> Option<&Ident> {
    as_path(value).and_then(Path::get_ident)
}

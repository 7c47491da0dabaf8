//! Checks that need more than one attribute or more than one field, and those of values whose
//! grammar is not ours. One function a check, with its reason.

use crate::ctxt::Ctxt;
use crate::keyword::{FieldKey, RESERVED, StructKey};
use crate::model::{Field, Model};
use proc_macro2::Ident;
use quote::ToTokens as _;
use std::collections::HashMap;
use syn::WherePredicate;
use syn::ext::IdentExt as _;

pub(crate) fn check(cx: &Ctxt, model: &Model<'_>) {
    names_of_the_struct(cx, model);
    versions(cx, model);
    stored_keys(cx, model);
    for field in &model.fields {
        skipped(cx, field);
        rotating(cx, field);
        indexed(cx, field);
    }
    crate::owned::check(cx, model);
    type_parameters(cx, model);
    accessor_names(cx, model);
}

/// A cookie name is a token of RFC 6265; browsers drop cookies with any other name in silence.
/// An empty schema name would let two types read each other's tokens.
fn names_of_the_struct(cx: &Ctxt, model: &Model<'_>) {
    if let Some(schema) = &model.attrs.schema
        && schema.value().is_empty()
    {
        cx.error(schema, "a schema name can't be empty; without `schema` it is the struct's name");
    }
    let Some(literal) = &model.attrs.name else {
        return;
    };
    let name = literal.value();
    let token = |c: &char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(*c);
    if name.is_empty() {
        cx.error(literal, "a cookie name can't be empty; without `name` it is `__Host-session`");
    } else if let Some(bad) = name.chars().find(|c| !token(c)) {
        let message = format!("a cookie name can't contain {bad:?}; use letters, digits, `-`, `_`");
        cx.error(literal, message);
    }
}

/// A payload's version decides whether `migrate` runs, so that one is nothing without the other.
fn versions(cx: &Ctxt, model: &Model<'_>) {
    if let Some(migrate) = model.attrs.given.name(StructKey::Migrate)
        && !model.attrs.given.has(StructKey::Version)
    {
        cx.error(
            migrate,
            "`migrate` needs `version`: it is called for what an older version stored; write \
             `version = 1`, and count up with each incompatible change",
        );
    }
}

/// Two fields under one key would overwrite each other. Aliases count: a key that one field
/// writes and another one reads is the same mistake.
fn stored_keys(cx: &Ctxt, model: &Model<'_>) {
    let mut owners: HashMap<String, &Ident> = HashMap::new();
    for field in model.stored() {
        let own = (field.key(), field.key_span());
        let aliases = field.attrs.aliases.iter();
        let aliases = aliases.map(|alias| (alias.value(), alias.span()));
        for (key, span) in [own].into_iter().chain(aliases) {
            let ident = field.ident.unraw();
            if key.is_empty() {
                cx.error_at(span, "a session key can't be empty; write a name, or remove this one");
                continue;
            }
            match owners.get(&key).map(|owner| owner.unraw()) {
                None => drop(owners.insert(key, field.ident)),
                Some(owner) if owner == ident => cx.error_at(
                    span,
                    format!("{key:?} is already a key of field `{ident}`; remove this one"),
                ),
                Some(owner) => cx.error_at(
                    span,
                    format!(
                        "fields `{owner}` and `{ident}` are both stored under the key {key:?}; \
                         give one a different `rename` or `alias`"
                    ),
                ),
            }
        }
    }
}

/// A skipped field lives for one request, so that whatever is about storing it means nothing.
fn skipped(cx: &Ctxt, field: &Field<'_>) {
    let reasons = [
        (FieldKey::Rename, "a skipped field is never stored, so it has no key"),
        (FieldKey::Alias, "a skipped field is never stored, so it has no key"),
        (FieldKey::With, "a skipped field is never stored, so nothing encodes it"),
        (FieldKey::Valid, "a skipped field is never loaded, so there is nothing to check"),
        (FieldKey::Merge, "a skipped field is never stored, so nothing is merged into it"),
        (FieldKey::Rotate, "a skipped field ends with the request, so it can't hold a login"),
        (FieldKey::Keep, "a skipped field ends with the request, so there is nothing to keep"),
        (FieldKey::Index, "a skipped field is never stored, so no session can be found by it"),
        (FieldKey::Secret, "a skipped field is never stored, so there is nothing to hide"),
        (FieldKey::Ttl, "a skipped field ends with the request, so it can't end sooner"),
    ];
    for (key, reason) in reasons {
        conflict(cx, field, FieldKey::Skip, key, reason);
    }
}

/// A `rotate` field is who the session belongs to: its change restarts everything around it.
fn rotating(cx: &Ctxt, field: &Field<'_>) {
    let reasons = [
        (
            FieldKey::Ttl,
            "a `rotate` field that returns to its initial value ends the session; to end it \
             earlier write `max_age` or `absolute` on the struct",
        ),
        (
            FieldKey::Merge,
            "two logins are never made into one, the later one holds; remove `merge`",
        ),
    ];
    for (key, reason) in reasons {
        conflict(cx, field, FieldKey::Rotate, key, reason);
    }
}

/// Whoever looks for sessions gives a value, not a field: there is nothing that says which module
/// would encode it.
fn indexed(cx: &Ctxt, field: &Field<'_>) {
    let reason = "sessions are found by what serde makes of the value itself; give the value a \
                  type of its own whose `Serialize` and `Deserialize` do what the module does";
    conflict(cx, field, FieldKey::Index, FieldKey::With, reason);
}

/// Type parameters without any bound can't be stored. Said here because rustc would say it of
/// every field that uses them. Which bounds suffice is for rustc to decide.
fn type_parameters(cx: &Ctxt, model: &Model<'_>) {
    let generics = &model.input.generics;
    let predicates: Vec<String> = generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates)
        .filter_map(|predicate| match predicate {
            WherePredicate::Type(predicate) => Some(predicate.bounded_ty.to_token_stream()),
            _ => None,
        })
        .flatten()
        .map(|token| token.to_string())
        .collect();
    for parameter in generics.type_params() {
        let ident = &parameter.ident;
        if parameter.bounds.is_empty() && !predicates.contains(&ident.to_string()) {
            let message =
                format!("`{ident}` needs a bound to be stored: `{ident}: session::Field`");
            cx.error(ident, message);
        }
    }
}

/// A method of `TypedSession` hides an accessor of the same name, and two accessors of one name
/// don't compile, with an error inside generated code.
fn accessor_names(cx: &Ctxt, model: &Model<'_>) {
    const MEND: &str = "write `#[session(accessor = name)]` for another one, or `accessor = false`";
    let mut owners: HashMap<String, &Ident> = HashMap::new();
    for field in &model.fields {
        let names = field.accessors().map(|accessors| accessors.names());
        let names = names.unwrap_or_default();
        let at = field.accessor_ident();
        if let Some(reserved) = names.iter().find(|name| RESERVED.contains(&name.as_str())) {
            let message = format!("`{reserved}` is already a method of every session; {MEND}");
            cx.error(at, message);
            continue;
        }
        let taken = names.iter().find_map(|name| Some((name, owners.get(name)?)));
        if let Some((name, owner)) = taken {
            let owner = owner.unraw();
            cx.error(at, format!("field `{owner}` already has an accessor `{name}`; {MEND}"));
            continue;
        }
        owners.extend(names.into_iter().map(|name| (name, field.ident)));
    }
}

/// Underlines the later of two attributes that exclude each other.
fn conflict(cx: &Ctxt, field: &Field<'_>, a: FieldKey, b: FieldKey, reason: &str) {
    if let Some((earlier, later)) = field.attrs.given.both(a, b) {
        cx.error(later, format!("`{later}` can't be combined with `{earlier}`: {reason}"));
    }
}

//! Session fields own their data. Said here, because what rustc says of a borrowed field
//! ("implementation of `Deserialize` is not general enough") helps nobody.

use crate::ctxt::Ctxt;
use crate::model::Model;
use quote::ToTokens as _;
use syn::{GenericArgument, PathArguments, Type, TypeReference};

const WHY: &str = "session fields must own their data because a session outlives the request";

/// Lifetime parameters once each, and references that use none of them.
pub(crate) fn check(cx: &Ctxt, model: &Model<'_>) {
    let generics = &model.input.generics;
    for parameter in generics.lifetimes() {
        let lifetime = &parameter.lifetime;
        let message = format!("{WHY}; remove `{lifetime}` and use owned types such as `String`");
        cx.error(lifetime, message);
    }
    // A skipped field is rebuilt for each request, so `&'static str` is as good as anything.
    for field in model.stored() {
        references(field.ty(), &mut |reference| {
            let borrowed = reference.lifetime.as_ref();
            let told = borrowed.is_some_and(|lifetime| {
                generics.lifetimes().any(|parameter| parameter.lifetime == *lifetime)
            });
            if !told {
                let written = without_lifetime(reference);
                let message = match owned(&reference.elem) {
                    Some(instead) => format!("{WHY}; use `{instead}` instead of `{written}`"),
                    None => format!("{WHY}; use an enum instead of `{written}`"),
                };
                cx.error(reference, message);
            }
        });
    }
}

/// Visits the references inside a type. Those in signatures (`fn(&str)`) borrow nothing.
fn references(ty: &Type, found: &mut impl FnMut(&TypeReference)) {
    match ty {
        Type::Reference(reference) => found(reference),
        Type::Array(array) => references(&array.elem, found),
        Type::Group(group) => references(&group.elem, found),
        Type::Paren(paren) => references(&paren.elem, found),
        Type::Slice(slice) => references(&slice.elem, found),
        Type::Tuple(tuple) => {
            for elem in &tuple.elems {
                references(elem, found);
            }
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
                    for argument in &arguments.args {
                        if let GenericArgument::Type(ty) = argument {
                            references(ty, found);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

/// `&str`, also for `&'static str`.
fn without_lifetime(reference: &TypeReference) -> String {
    let mutability = if reference.mutability.is_some() { "mut " } else { "" };
    format!("&{mutability}{}", written(&reference.elem))
}

/// The owned type to use instead. There is none for a trait object.
fn owned(elem: &Type) -> Option<String> {
    match elem {
        Type::Path(path) => {
            let last = path.path.segments.last()?.ident.to_string();
            Some(match last.as_str() {
                "str" => "String".to_owned(),
                "Path" => "PathBuf".to_owned(),
                "OsStr" => "OsString".to_owned(),
                _ => written(elem),
            })
        }
        Type::Slice(slice) => Some(format!("Vec<{}>", written(&slice.elem))),
        Type::Group(group) => owned(&group.elem),
        Type::Paren(paren) => owned(&paren.elem),
        Type::TraitObject(_) => None,
        other => Some(written(other)),
    }
}

/// A type as people write it: tokens alone print with a space around each.
fn written(ty: &Type) -> String {
    let spaced = ty.to_token_stream().to_string();
    let tight = [(" :: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&")];
    tight.iter().fold(spaced, |text, (from, to)| text.replace(from, to))
}

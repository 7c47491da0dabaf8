//! What a type is, as far as its spelling tells: a macro sees no further, and an alias is nothing
//! but a name to it.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// `false` only for types that are certainly no `Option`. Everything else gets `take_x` and
/// `clear_x`, and the compiler decides: an alias of `Option` is one.
pub(crate) fn may_be_option(ty: &Type) -> bool {
    const NEVER: &[&str] = &[
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64", "String", "Vec", "Box", "HashMap", "HashSet", "BTreeMap",
        "BTreeSet", "VecDeque",
    ];
    match bare(ty) {
        Type::Path(_) => {
            last_segment(ty).is_none_or(|last| !NEVER.contains(&last.ident.to_string().as_str()))
        }
        Type::Macro(_) => true,
        _ => false,
    }
}

/// The `X` of a type that is spelled `Option<X>`.
pub(crate) fn inside_option(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty).filter(|last| last.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) if arguments.args.len() == 1 => {
            match arguments.args.first()? {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a type is spelled `String`.
pub(crate) fn is_string(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == "String" && last.arguments.is_none())
}

/// The last segment of a path that is not `<X as Y>::Z`.
fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// Without parentheses, those that `macro_rules!` adds and nobody sees included.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens as _;
    use syn::parse_quote;

    #[test]
    fn options() {
        let never: [Type; 5] = [
            parse_quote!(u64),
            parse_quote!(std::string::String),
            parse_quote!(Vec<Option<u8>>),
            parse_quote!((u8, u8)),
            parse_quote!([u8; 4]),
        ];
        assert!(never.iter().all(|ty| !may_be_option(ty) && inside_option(ty).is_none()));
        let perhaps: [Type; 4] = [
            parse_quote!(Maybe<u8>),
            parse_quote!(UserId),
            parse_quote!(<Visit as Of>::User),
            parse_quote!(a_type!()),
        ];
        assert!(perhaps.iter().all(|ty| may_be_option(ty) && inside_option(ty).is_none()));
        let certain: [Type; 3] = [
            parse_quote!(Option<u8>),
            parse_quote!(::core::option::Option<u8>),
            parse_quote!((Option<u8>)),
        ];
        let inside = |ty| inside_option(ty).map(|inside| inside.to_token_stream().to_string());
        assert!(certain.iter().all(|ty| inside(ty).as_deref() == Some("u8")));
    }

    #[test]
    fn strings() {
        assert!(is_string(&parse_quote!(String)));
        assert!(is_string(&parse_quote!((std::string::String))));
        assert!(!is_string(&parse_quote!(heap::String<8>)));
        assert!(!is_string(&parse_quote!(str)));
    }
}

//! How far a visibility reaches, so that accessors are seen exactly where their field is.

use std::cmp::Ordering;
use syn::Visibility;
use syn::ext::IdentExt as _;

/// A visibility, comparable where the syntax allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    Private,
    /// So many modules up.
    Up(usize),
    /// `pub(in crate::a::b)`, as segments below the crate.
    In(Vec<String>),
    Crate,
    Public,
}

impl Reach {
    pub(crate) fn of(visibility: &Visibility) -> Self {
        let restricted = match visibility {
            Visibility::Public(_) => return Self::Public,
            Visibility::Inherited => return Self::Private,
            Visibility::Restricted(restricted) => restricted,
        };
        let segments = restricted.path.segments.iter();
        let mut segments: Vec<String> = segments
            .map(|segment| segment.ident.unraw().to_string())
            .filter(|segment| segment != "self")
            .collect();
        match segments.first().map(String::as_str) {
            None => Self::Private,
            Some("crate") if segments.len() == 1 => Self::Crate,
            Some("crate") => Self::In(segments.split_off(1)),
            _ => Self::Up(segments.len()),
        }
    }

    /// What distinguishes the accessor trait of this reach from the widest one.
    pub(crate) fn suffix(&self) -> String {
        match self {
            Self::Public => "Pub".to_owned(),
            Self::Crate => "Crate".to_owned(),
            Self::In(segments) => {
                format!("In{}", segments.iter().map(|segment| camel(segment)).collect::<String>())
            }
            Self::Up(up) => "Super".repeat(*up),
            Self::Private => "Private".to_owned(),
        }
    }

    /// Whether everything inside `self` is inside `other`, and not the other way round. `false`
    /// where the syntax alone can't tell: `pub(super)` beside `pub(in crate::a)`.
    pub(crate) fn narrower_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Up(a), Self::Up(b)) => a < b,
            (Self::In(a), Self::In(b)) => a.len() > b.len(),
            (Self::Up(_), Self::In(_)) | (Self::In(_), Self::Up(_)) => false,
            _ => self.rank() < other.rank(),
        }
    }

    /// The widest first; any fixed order will do where the syntax can't tell.
    pub(crate) fn widest_first(&self, other: &Self) -> Ordering {
        let by_rank = other.rank().cmp(&self.rank());
        by_rank.then_with(|| match (self, other) {
            (Self::Up(a), Self::Up(b)) => b.cmp(a),
            (Self::In(a), Self::In(b)) => a.len().cmp(&b.len()),
            _ => Ordering::Equal,
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Private => 0,
            Self::Up(_) => 1,
            Self::In(_) => 2,
            Self::Crate => 3,
            Self::Public => 4,
        }
    }
}

/// `user_data` as `UserData`.
fn camel(segment: &str) -> String {
    let words = segment.split('_').map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_uppercase().to_string());
        first.unwrap_or_default() + chars.as_str()
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn suffixes() {
        let suffix = |visibility: Visibility| Reach::of(&visibility).suffix();
        assert_eq!(suffix(parse_quote!(pub(crate))), "Crate");
        assert_eq!(suffix(parse_quote!(pub(in crate))), "Crate");
        assert_eq!(suffix(parse_quote!(pub(super))), "Super");
        assert_eq!(suffix(parse_quote!(pub(in super::super))), "SuperSuper");
        assert_eq!(suffix(parse_quote!(pub(in crate::web::user_data))), "InWebUserData");
        assert_eq!(suffix(parse_quote!(pub(self))), "Private");
        assert_eq!(Reach::of(&Visibility::Inherited).suffix(), "Private");
    }

    #[test]
    fn order() {
        let narrow_to_wide =
            [Reach::Private, Reach::Up(1), Reach::Up(2), Reach::Crate, Reach::Public];
        for pair in narrow_to_wide.windows(2) {
            assert!(pair[0].narrower_than(&pair[1]), "{pair:?}");
            assert!(!pair[1].narrower_than(&pair[0]), "{pair:?}");
        }
        let inner = Reach::In(vec!["a".into(), "b".into()]);
        assert!(inner.narrower_than(&Reach::In(vec!["a".into()])));
        assert!(!inner.narrower_than(&Reach::Up(1)) && !Reach::Up(1).narrower_than(&inner));
    }
}

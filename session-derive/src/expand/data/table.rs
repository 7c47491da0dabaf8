//! `FIELDS`: one row a field.

use crate::keyword::FieldKey;
use crate::model::{Field, Model};
use crate::value::Merge;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use std::fmt::Write as _;

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let rows = model.fields.iter().map(row);
    quote_spanned! {Span::mixed_site()=>
        const FIELDS: &'static [__p::FieldSpec] = &[#(#rows,)*];
    }
}

fn row(field: &Field<'_>) -> TokenStream {
    let key = field.key();
    let json_key = format!("{}:", json_string(&key));
    let mut row = quote_spanned!(Span::mixed_site()=> __p::FieldSpec::new(#key, #json_key));
    let aliases = &field.attrs.aliases;
    if !aliases.is_empty() {
        row.extend(quote!(.aliases(&[#(#aliases),*])));
    }
    let flags = [
        (FieldKey::Skip, "skip"),
        (FieldKey::Rotate, "rotate"),
        (FieldKey::Keep, "keep"),
        (FieldKey::Index, "index"),
        (FieldKey::Secret, "secret"),
    ];
    for (key, method) in flags {
        if field.is(key) {
            let method = Ident::new(method, Span::mixed_site());
            row.extend(quote!(.#method()));
        }
    }
    if let Some(ttl) = field.attrs.ttl {
        row.extend(quote!(.ttl_ms(#ttl)));
    }
    let merge = match field.merge() {
        Merge::Last => return row,
        Merge::Sum => "Sum",
        Merge::Max => "Max",
        Merge::Min => "Min",
        Merge::Union => "Union",
        Merge::Reject => "Reject",
        Merge::Function(_) => "Function",
    };
    let merge = Ident::new(merge, Span::mixed_site());
    row.extend(quote_spanned!(Span::mixed_site()=> .merge(__p::Merge::#merge)));
    row
}

/// A text as JSON, to the byte as `serde_json` writes it.
fn json_string(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\0'..='\u{1f}' => {
                // Writing to a `String` never fails.
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::json_string;

    #[test]
    fn json_strings() {
        assert_eq!(json_string("views"), r#""views""#);
        assert_eq!(json_string("a\"b\\c/é"), r#""a\"b\\c/é""#);
        assert_eq!(json_string("\n\u{1f}\u{7f}"), "\"\\n\\u001f\u{7f}\"");
    }
}

//! Snapshots of the whole output, as readable code, and checks of the keyword table.

use crate::keyword::{ON_FIELD, ON_STRUCT, RESERVED};
use proc_macro2::TokenStream;
use quote::quote;

const DOCS: &str = include_str!("../docs/attributes.md");

fn expanded(input: TokenStream) -> String {
    let output = crate::derive(input);
    // Everything that the macro emits is items.
    let file = syn::parse2(output).expect("the expansion parses");
    prettyplease::unparse(&file)
}

#[test]
fn one_field_fits_on_a_screen() {
    let code = expanded(quote! {
        struct Visit {
            views: u64,
        }
    });
    let lines = code.lines().count();
    assert!(lines <= 100, "{lines} lines");
    insta::assert_snapshot!(code);
}

#[test]
fn all_attributes() {
    insta::assert_snapshot!(expanded(quote! {
        #[session(name = "sid", schema = "visit", max_age = "1d", absolute = "4w")]
        #[session(extend = "on_write", valid = whole, before_save = hooks::stamp)]
        #[session(version = 2, migrate = migrate, crate = vendor::session)]
        pub struct Visit {
            /// How often.
            #[session(default = 1, rename = "v\"", alias = "views", alias = "count")]
            #[session(valid = small, merge = sum)]
            pub views: u64,
            #[session(skip, default = Cache::new(), accessor = false)]
            pub cache: Cache,
            #[session(with = codecs::hex, secret, keep)]
            pub color: Color,
            #[session(rotate, index)]
            pub user: Option<UserId>,
            #[session(ttl = "15m", accessor = elevated)]
            pub sudo: Maybe<Grant>,
            #[session(merge = longest, default = now())]
            pub note: String,
        }
    }));
}

#[test]
fn generics() {
    insta::assert_snapshot!(expanded(quote! {
        pub(crate) struct Cart<T: Field, const N: usize = 4>
        where
            Vec<T>: Clone,
        {
            pub(crate) items: Vec<T>,
            #[session(with = bytes, default = [0; N])]
            pub(crate) bytes: [u8; N],
        }
    }));
}

#[test]
fn indexes() {
    insta::assert_snapshot!(expanded(quote! {
        pub struct Visit<T: Field> {
            /// Who it is.
            #[session(rotate, index)]
            pub user: Option<UserId>,
            #[session(index, accessor = mail)]
            pub email: Option<String>,
            #[session(index)]
            pub r#type: String,
            #[session(index)]
            tenant: T,
            #[session(index, accessor = false)]
            pub(crate) hidden: u8,
        }
    }));
}

#[test]
fn several_visibilities() {
    insta::assert_snapshot!(expanded(quote! {
        pub struct Visit {
            a: bool,
            pub(super) b: bool,
            pub(in crate::web::state) c: bool,
            pub(crate) d: bool,
            pub e: bool,
        }
    }));
}

#[test]
fn errors_and_their_fallback() {
    insta::assert_snapshot!(expanded(quote! {
        struct Visit<'a, T> {
            #[session(renam = "x")]
            views: u64,
            name: &'a str,
            value: Option<T>,
        }
    }));
}

#[test]
fn a_panic_is_our_bug() {
    let output = crate::guarded(|| panic!("so it goes")).to_string();
    assert!(output.contains("this is a bug in `#[derive(Session)]`"), "{output}");
    assert!(output.contains("so it goes"), "{output}");
}

#[test]
#[should_panic(expected = "were not checked")]
fn an_unchecked_context_panics() {
    drop(crate::Ctxt::new());
}

#[test]
fn rule_4_every_attribute_is_documented() {
    let (on_struct, on_field) = DOCS.split_once("# Attributes of a field").expect("both tables");
    for keyword in ON_STRUCT {
        let row = format!("\n| `{}", keyword.name);
        assert!(on_struct.contains(&row), "`{}` is in no row of the docs", keyword.name);
    }
    for keyword in ON_FIELD {
        let row = format!("\n| `{}", keyword.name);
        assert!(on_field.contains(&row), "`{}` is in no row of the docs", keyword.name);
    }
    let (tables, _) = DOCS.split_once("# Accessors").expect("both tables end there");
    let rows = tables.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), ON_STRUCT.len() + ON_FIELD.len(), "rows of no attribute");
    for name in RESERVED {
        assert!(DOCS.contains(&format!("`{name}`")), "`{name}` is not documented as reserved");
    }
}

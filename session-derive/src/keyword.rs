//! The one table of attribute names. It drives the parser, the lists in error messages, the
//! suggestions, and a test that every name is documented.

use std::fmt::Write as _;

/// An attribute of the struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StructKey {
    Name,
    Schema,
    MaxAge,
    Absolute,
    Extend,
    Valid,
    BeforeSave,
    Version,
    Migrate,
    Crate,
}

/// An attribute of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKey {
    Default,
    Rename,
    Alias,
    Skip,
    With,
    Valid,
    Merge,
    Rotate,
    Keep,
    Index,
    Secret,
    Ttl,
    Accessor,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Keyword<K: 'static> {
    pub(crate) key: K,
    pub(crate) name: &'static str,
    /// How the attribute is written, for messages that show it.
    pub(crate) example: &'static str,
    pub(crate) takes: Takes,
    /// What else people call it.
    pub(crate) also: &'static [&'static str],
    /// What to write instead when it stands in the wrong place.
    pub(crate) elsewhere: &'static str,
    /// What to consider when its value is missing.
    pub(crate) without: &'static str,
}

/// Whether something follows the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Value,
    /// A value, and the attribute may be given again.
    Values,
}

const fn row<K: Copy>(key: K, name: &'static str, example: &'static str) -> Keyword<K> {
    Keyword { key, name, example, takes: Takes::Value, also: &[], elsewhere: "", without: "" }
}

const fn flag<K: Copy>(key: K, name: &'static str) -> Keyword<K> {
    Keyword { takes: Takes::Nothing, ..row(key, name, name) }
}

impl<K: Copy> Keyword<K> {
    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    const fn elsewhere(self, elsewhere: &'static str) -> Self {
        Self { elsewhere, ..self }
    }

    const fn without(self, without: &'static str) -> Self {
        Self { without, ..self }
    }

    const fn repeatable(self) -> Self {
        Self { takes: Takes::Values, ..self }
    }
}

/// What may stand on the struct.
pub(crate) const ON_STRUCT: &[Keyword<StructKey>] = &[
    row(StructKey::Name, "name", r#"name = "sid""#)
        .also(&["cookie", "cookie_name"])
        .elsewhere(r#"to store the field under another key write `rename = ".."`"#),
    row(StructKey::Schema, "schema", r#"schema = "visit""#),
    row(StructKey::MaxAge, "max_age", r#"max_age = "1d""#)
        .also(&["expires", "expire", "idle", "lifetime"])
        .elsewhere(r#"to let one field end sooner write `ttl = ".."`"#),
    row(StructKey::Absolute, "absolute", r#"absolute = "30d""#)
        .elsewhere(r#"to let one field end sooner write `ttl = ".."`"#),
    row(StructKey::Extend, "extend", r#"extend = "rolling""#)
        .also(&["renew", "rolling", "renewal"]),
    row(StructKey::Valid, "valid", "valid = path::to::function").also(&["validate"]),
    row(StructKey::BeforeSave, "before_save", "before_save = path::to::function"),
    row(StructKey::Version, "version", "version = 1"),
    row(StructKey::Migrate, "migrate", "migrate = path::to::function"),
    row(StructKey::Crate, "crate", "crate = path::to::session"),
];

/// What may stand on a field.
pub(crate) const ON_FIELD: &[Keyword<FieldKey>] = &[
    row(FieldKey::Default, "default", "default = EXPR")
        .without("; a field without the attribute starts as the `Default` of its type"),
    row(FieldKey::Rename, "rename", r#"rename = "key""#)
        .also(&["key"])
        .elsewhere(r#"to name the cookie write `name = ".."`"#),
    row(FieldKey::Alias, "alias", r#"alias = "old_key""#).repeatable(),
    flag(FieldKey::Skip, "skip").also(&["ignore", "transient"]),
    row(FieldKey::With, "with", "with = path::to::module"),
    row(FieldKey::Valid, "valid", "valid = path::to::function").also(&["validate"]),
    row(FieldKey::Merge, "merge", "merge = sum"),
    flag(FieldKey::Rotate, "rotate").also(&["regenerate"]),
    flag(FieldKey::Keep, "keep"),
    flag(FieldKey::Index, "index"),
    flag(FieldKey::Secret, "secret").also(&["sensitive", "private"]),
    row(FieldKey::Ttl, "ttl", r#"ttl = "15m""#)
        .also(&["expires", "expire", "lifetime"])
        .elsewhere(r#"for the lifetime of the session write `max_age = ".."`"#),
    row(FieldKey::Accessor, "accessor", "accessor = name").also(&["getter"]),
];

/// Method names that belong to `TypedSession`. Frozen: later operations go behind `ops()`, so that
/// a new release never breaks a struct. `into` and `try_into` are everybody's, by the prelude.
pub(crate) const RESERVED: &[&str] = &[
    "id",
    "is_new",
    "max_age",
    "set_max_age",
    "changed",
    "save",
    "discard",
    "commit",
    "destroy",
    "rotate",
    "reauthenticated",
    "replace",
    "detach",
    "ops",
    "into",
    "try_into",
];

/// A place where `#[session(..)]` can stand.
pub(crate) trait Place: Copy + PartialEq + 'static {
    const TABLE: &'static [Keyword<Self>];

    /// When `name` is an attribute of another place: where it belongs, and what to write here.
    fn misplaced(name: &str) -> Option<String>;
}

impl Place for StructKey {
    const TABLE: &'static [Keyword<Self>] = ON_STRUCT;

    fn misplaced(name: &str) -> Option<String> {
        find(ON_FIELD, name).map(|keyword| belongs(keyword, "a field, not on the struct"))
    }
}

impl Place for FieldKey {
    const TABLE: &'static [Keyword<Self>] = ON_FIELD;

    fn misplaced(name: &str) -> Option<String> {
        find(ON_STRUCT, name).map(|keyword| belongs(keyword, "the struct, not on a field"))
    }
}

fn belongs<K>(keyword: &Keyword<K>, place: &str) -> String {
    let mut message = format!("`{}` belongs on {place}", keyword.name);
    if !keyword.elsewhere.is_empty() {
        message.push_str("; ");
        message.push_str(keyword.elsewhere);
    }
    message
}

pub(crate) fn find<K>(table: &'static [Keyword<K>], name: &str) -> Option<&'static Keyword<K>> {
    table.iter().find(|keyword| keyword.name == name)
}

/// The message for a name that is in no table.
pub(crate) fn unknown<K: Place>(name: &str) -> String {
    let mut message = format!("unknown session attribute `{name}`; ");
    let near = K::TABLE
        .iter()
        .map(|keyword| (distance(name, keyword), keyword.name))
        .min()
        .filter(|(distance, near)| *distance <= 2 && 2 * *distance < near.len());
    if let Some((_, near)) = near {
        let _ = write!(message, "did you mean `{near}`?");
        return message;
    }
    message.push_str("expected one of ");
    for (index, keyword) in K::TABLE.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(message, "{comma}`{}`", keyword.name);
    }
    message
}

fn distance<K>(name: &str, keyword: &Keyword<K>) -> usize {
    if keyword.also.contains(&name) {
        return 0;
    }
    edits(name, keyword.name)
}

/// Insertions, removals, replacements and exchanges of neighbours that lead from `a` to `b`.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j - 1] + same).min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

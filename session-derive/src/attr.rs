//! The attributes of the struct and of one field, each with its type.

use crate::ctxt::Ctxt;
use crate::keyword::{FieldKey, StructKey};
use crate::parse::{self, Raw};
use crate::value::{self, Accessor, Extend, MaxAge, Merge, Sp};
use proc_macro2::Ident;
use syn::{Attribute, Expr, LitStr, Path};

/// What `#[session(..)]` says of the struct.
#[derive(Default)]
pub(crate) struct StructAttrs {
    pub(crate) name: Option<LitStr>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) max_age: Option<MaxAge>,
    pub(crate) absolute: Option<u64>,
    pub(crate) extend: Option<Extend>,
    pub(crate) valid: Option<Path>,
    pub(crate) before_save: Option<Path>,
    pub(crate) version: Option<u32>,
    pub(crate) migrate: Option<Path>,
    pub(crate) krate: Option<Path>,
    /// Which attributes are there, also those whose value could not be read.
    pub(crate) given: Given<StructKey>,
}

/// What `#[session(..)]` says of one field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) default: Option<Expr>,
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) with: Option<Path>,
    pub(crate) valid: Option<Path>,
    pub(crate) merge: Option<Sp<Merge>>,
    pub(crate) ttl: Option<u64>,
    pub(crate) accessor: Option<Accessor>,
    /// Which attributes are there, also those whose value could not be read.
    pub(crate) given: Given<FieldKey>,
}

/// The names of the attributes that are there, in the order of the source.
pub(crate) struct Given<K>(Vec<(K, Ident)>);

impl<K> Default for Given<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq + Copy> Given<K> {
    pub(crate) fn has(&self, key: K) -> bool {
        self.name(key).is_some()
    }

    /// The token that names the attribute.
    pub(crate) fn name(&self, key: K) -> Option<&Ident> {
        self.position(key).map(|position| &self.0[position].1)
    }

    /// When both are there: the earlier and the later one.
    pub(crate) fn both(&self, a: K, b: K) -> Option<(&Ident, &Ident)> {
        let (a, b) = (self.position(a)?, self.position(b)?);
        Some((&self.0[a.min(b)].1, &self.0[a.max(b)].1))
    }

    fn position(&self, key: K) -> Option<usize> {
        self.0.iter().position(|(given, _)| *given == key)
    }

    fn of(raws: &[Raw<K>]) -> Self {
        let names = raws.iter().map(|raw| (raw.keyword.key, raw.name.clone()));
        Self(names.collect())
    }
}

impl StructAttrs {
    pub(crate) fn read(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let raws = parse::attributes::<StructKey>(cx, attrs, None);
        let mut read = Self { given: Given::of(&raws), ..Self::default() };
        for raw in &raws {
            match raw.keyword.key {
                StructKey::Name => read.name = value::text(cx, raw),
                StructKey::Schema => read.schema = value::text(cx, raw),
                StructKey::MaxAge => read.max_age = value::max_age(cx, raw),
                StructKey::Absolute => read.absolute = value::duration(cx, raw),
                StructKey::Extend => read.extend = value::extend(cx, raw),
                StructKey::Valid => read.valid = value::path(cx, raw),
                StructKey::BeforeSave => read.before_save = value::path(cx, raw),
                StructKey::Version => read.version = value::version(cx, raw),
                StructKey::Migrate => read.migrate = value::path(cx, raw),
                StructKey::Crate => read.krate = value::path(cx, raw),
            }
        }
        read
    }
}

impl FieldAttrs {
    pub(crate) fn read(cx: &Ctxt, attrs: &[Attribute], field: &Ident) -> Self {
        let raws = parse::attributes::<FieldKey>(cx, attrs, Some(field));
        let mut read = Self { given: Given::of(&raws), ..Self::default() };
        for raw in &raws {
            match raw.keyword.key {
                FieldKey::Default => read.default.clone_from(&raw.value),
                FieldKey::Rename => read.rename = value::text(cx, raw),
                FieldKey::Alias => read.aliases.extend(value::text(cx, raw)),
                FieldKey::With => read.with = value::path(cx, raw),
                FieldKey::Valid => read.valid = value::path(cx, raw),
                FieldKey::Merge => read.merge = value::merge(cx, raw),
                FieldKey::Ttl => read.ttl = value::duration(cx, raw),
                FieldKey::Accessor => read.accessor = value::accessor(cx, raw),
                // Their presence in `given` is all there is to know.
                FieldKey::Skip
                | FieldKey::Rotate
                | FieldKey::Keep
                | FieldKey::Index
                | FieldKey::Secret => {}
            }
        }
        read
    }
}

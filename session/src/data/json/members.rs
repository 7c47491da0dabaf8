//! The members of a JSON object in any order: the way that is taken when the fields do not stand
//! exactly as the type would write them.

use crate::data::{DecodeError, FieldSpec};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::ops::Range;

/// Where each member of an object lies in its text.
pub(crate) struct Members {
    members: Vec<Member>,
}

pub(crate) struct Member {
    pub(crate) key: String,
    /// From the key's opening quote to the end of the value.
    pub(crate) whole: Range<usize>,
    /// The value alone.
    pub(crate) value: Range<usize>,
}

impl Members {
    pub(crate) fn scan(text: &str) -> Result<Self, DecodeError> {
        let mut scanner = Scanner { text, at: 0 };
        let mut members: Vec<Member> = Vec::new();
        scanner.expect(b'{')?;
        if scanner.next_is(b'}') {
            scanner.at += 1;
        } else {
            loop {
                scanner.skip_space();
                let start = scanner.at;
                let (key, _) = scanner.value::<String>()?;
                scanner.expect(b':')?;
                let (_, value) = scanner.value::<IgnoredAny>()?;
                if members.iter().any(|member| member.key == key) {
                    return Err(DecodeError::new("a key stands twice"));
                }
                members.push(Member { key, whole: start..value.end, value });
                if scanner.next_is(b',') {
                    scanner.at += 1;
                } else {
                    scanner.expect(b'}')?;
                    break;
                }
            }
        }
        scanner.skip_space();
        if scanner.at == text.len() {
            Ok(Self { members })
        } else {
            Err(DecodeError::new("something stands behind the object"))
        }
    }

    /// In the order in which they stand.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.members.iter()
    }

    /// The member of a field, under its own key or an alias. The field's own key goes first.
    pub(super) fn find(&self, field: &FieldSpec) -> Option<&Member> {
        std::iter::once(&field.name)
            .chain(field.aliases)
            .find_map(|key| self.members.iter().find(|member| member.key == *key))
    }

    /// Members that no field claims.
    pub(super) fn unclaimed<'m>(
        &'m self,
        fields: &'static [FieldSpec],
    ) -> impl Iterator<Item = &'m Member> {
        self.iter().filter(move |member| {
            !fields.iter().any(|field| {
                !field.skip && (field.name == member.key || field.aliases.contains(&&*member.key))
            })
        })
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at +=
            rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn next_is(&mut self, byte: u8) -> bool {
        self.skip_space();
        self.text.as_bytes().get(self.at) == Some(&byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), DecodeError> {
        if self.next_is(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(DecodeError::new("the payload is not a JSON object"))
        }
    }

    fn value<V: DeserializeOwned>(&mut self) -> Result<(V, Range<usize>), DecodeError> {
        self.skip_space();
        let start = self.at;
        let (value, len) = next_value(&self.text[start..]).map_err(DecodeError::new)?;
        self.at = start + len;
        Ok((value, start..self.at))
    }
}

/// Reads the value at the start of `text`, and says how long it is.
pub(super) fn next_value<V: DeserializeOwned>(text: &str) -> Result<(V, usize), serde_json::Error> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<V>();
    match values.next() {
        Some(value) => Ok((value?, values.byte_offset())),
        None => Err(serde::de::Error::custom("a value is missing")),
    }
}

//! The values of fields, as a log may show them: none of a `secret` field, and never without bound.

use crate::data::codec::Coder;
use crate::data::{FieldSpec, Payload, SessionData, WriteFields};
use serde::Serialize;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io;

/// Of one value so many bytes are shown at most.
const MOST_OF_ONE: usize = 256;
/// No further field is begun beyond so many bytes.
const MOST_OF_ALL: usize = 4096;

/// Which fields.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of<'a> {
    All,
    These(&'a [&'static str]),
}

impl<'a> From<&'a Option<&'static str>> for Of<'a> {
    /// One, or all when it is not known which.
    fn from(field: &'a Option<&'static str>) -> Self {
        field.as_ref().map_or(Of::All, |field| Of::These(std::slice::from_ref(field)))
    }
}

impl Of<'_> {
    fn names(self, field: &FieldSpec) -> bool {
        match self {
            Of::All => true,
            Of::These(names) => names.contains(&field.name),
        }
    }
}

/// The values of a state, as a JSON object. `None`: there is none to show.
pub(crate) fn of_state<T: SessionData>(state: &T, of: Of<'_>) -> Option<String> {
    let mut object = Object { text: String::new(), left_out: 0 };
    let Ok(()) = state.write(&mut Fields { fields: T::FIELDS, of, object: &mut object });
    object.finish()
}

/// As [`of_state`], of what does not decode. A codec without named members shows nothing.
pub(crate) fn of_payload<T: SessionData>(
    coder: &dyn Coder<T>,
    payload: &Payload,
    of: Of<'_>,
) -> Option<String> {
    let members = coder.members(payload).ok()?;
    let mut object = Object { text: String::new(), left_out: 0 };
    // Members that no field claims are not shown: they may be secret where they come from.
    for field in T::FIELDS.iter().filter(|field| !field.skip && of.names(field)) {
        let mut keys = std::iter::once(&field.name).chain(field.aliases);
        if let Some(value) = keys.find_map(|key| members.get(*key)) {
            object.add(field, value);
        }
    }
    object.finish()
}

struct Fields<'a> {
    fields: &'static [FieldSpec],
    of: Of<'a>,
    object: &'a mut Object,
}

impl WriteFields for Fields<'_> {
    type Error = Infallible;

    fn field<F: Serialize + ?Sized>(&mut self, index: usize, value: &F) -> Result<(), Infallible> {
        let field = &self.fields[index];
        if self.of.names(field) {
            self.object.add(field, value);
        }
        Ok(())
    }
}

/// A JSON object in the making, without its braces.
struct Object {
    text: String,
    left_out: usize,
}

impl Object {
    fn add<F: Serialize + ?Sized>(&mut self, field: &FieldSpec, value: &F) {
        if self.text.len() >= MOST_OF_ALL {
            self.left_out += 1;
            return;
        }
        if !self.text.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(field.json_key);
        if field.secret {
            // Not even its length is told.
            return self.text.push_str("\"[secret]\"");
        }
        let mut head = Head { kept: Vec::new(), len: 0 };
        match serde_json::to_writer(&mut head, value) {
            Ok(()) => head.show(&mut self.text),
            // The error may quote the value.
            Err(_) => self.text.push_str("\"[not encodable]\""),
        }
    }

    fn finish(mut self) -> Option<String> {
        if self.left_out > 0 {
            // Infallible: it is a string that is written to.
            let _ = write!(self.text, ",\"…\":\"{} more\"", self.left_out);
        }
        (!self.text.is_empty()).then(|| format!("{{{}}}", self.text))
    }
}

/// The beginning of what is written to it.
struct Head {
    kept: Vec<u8>,
    len: usize,
}

impl io::Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MOST_OF_ONE - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.len += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Head {
    /// As JSON: the value itself, or its beginning as text.
    fn show(&self, to: &mut String) {
        let whole = self.len == self.kept.len();
        let json = self.kept.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        if !whole {
            to.push('"');
        }
        for c in json.chars() {
            match c {
                '"' | '\\' if !whole => to.extend(['\\', c]),
                // JSON allows some that a terminal obeys.
                c if c.is_control() => drop(write!(to, "\\u{:04x}", u32::from(c))),
                c => to.push(c),
            }
        }
        if !whole {
            let _ = write!(to, "… ({} bytes)\"", self.len);
        }
    }
}

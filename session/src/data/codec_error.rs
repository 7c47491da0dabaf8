//! What codecs can't do.

use crate::BoxError;
use std::fmt;

macro_rules! codec_error {
    ($(#[$docs:meta])* $name:ident, $of_field:literal, $of_state:literal) => {
        $(#[$docs])*
        ///
        /// Neither `Display` nor `Debug` shows what the codec said: it may quote a field's value.
        /// That is behind [`reveal`](Self::reveal).
        pub struct $name {
            field: Option<&'static str>,
            source: BoxError,
        }

        impl $name {
            /// An error of a codec.
            #[must_use]
            pub fn new(source: impl Into<BoxError>) -> Self {
                Self { field: None, source: source.into() }
            }

            pub(crate) fn of_field(field: &'static str, source: impl Into<BoxError>) -> Self {
                Self { field: Some(field), source: source.into() }
            }

            /// The field that it is about, when the codec can tell.
            #[must_use]
            pub fn field(&self) -> Option<&'static str> {
                self.field
            }

            /// What the codec said. It may quote a field's value: keep it out of logs.
            #[must_use]
            pub fn reveal(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
                &*self.source
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.field {
                    Some(field) => write!(f, $of_field, field = field),
                    None => f.write_str($of_state),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("field", &self.field)
                    .finish_non_exhaustive()
            }
        }

        impl std::error::Error for $name {}
    };
}

codec_error! {
    /// A state can't be encoded.
    EncodeError,
    "field `{field}` can't be encoded; JSON needs text keys in maps and finite recursion",
    "the session can't be encoded"
}

codec_error! {
    /// Authenticated bytes are not a state of the type: it changed, or its codec did.
    DecodeError,
    "the stored content of field `{field}` does not fit its type; give a changed field another \
     `rename`, or raise `version` and write a `migrate`",
    "the stored session does not fit its type"
}

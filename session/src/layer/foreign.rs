//! The option to read, or to write too, what another library keeps.

use super::SessionBuilder;
use super::builder::HomeOption;
use crate::carrier::{CookieError, CookieOptions};
use crate::data::{Extend, SessionData};
use crate::error::BuildError;
use crate::life::Foreign;
use crate::time::Millis;
use std::time::Duration;

type Make = Box<dyn FnOnce(&CookieOptions) -> Result<Box<dyn Foreign>, CookieError> + Send + Sync>;

/// Another library's form, until the layer is built.
pub(crate) struct ForeignOption {
    pub(super) options: CookieOptions,
    make: Make,
    reserves: fn(&str) -> bool,
}

impl ForeignOption {
    /// `reserves`: whether a member of this name is no data to them.
    pub(crate) fn new(
        options: CookieOptions,
        make: impl FnOnce(&CookieOptions) -> Result<Box<dyn Foreign>, CookieError>
        + Send
        + Sync
        + 'static,
        reserves: fn(&str) -> bool,
    ) -> Self {
        Self { options, make: Box::new(make), reserves }
    }

    pub(super) fn make(self, options: &CookieOptions) -> Result<Box<dyn Foreign>, CookieError> {
        (self.make)(options)
    }

    /// What they can't hold of a type.
    pub(super) fn check<T: SessionData>(&self) -> Result<(), BuildError> {
        for field in T::FIELDS.iter().filter(|field| !field.skip) {
            if (self.reserves)(field.name) {
                return Err(BuildError::Reserved { field: field.name });
            }
            if field.ttl_ms.is_some() {
                return Err(BuildError::FieldTtl { field: field.name });
            }
        }
        Ok(())
    }
}

impl<T: SessionData> SessionBuilder<T> {
    /// With sessions in another library's form.
    pub(crate) fn foreign(foreign: ForeignOption) -> Self {
        let options = foreign.options.clone();
        let mut builder = Self::new(HomeOption::Foreign(foreign));
        builder.cookie = options;
        builder.extend = T::OPTIONS.extend.unwrap_or(Extend::OnWrite);
        // Theirs says no beginning, only when it was written last: an end of ours that they don't know of
        // would count from there, and cut their longer lifetimes off.
        builder.absolute = T::OPTIONS.absolute.unwrap_or(Duration::from_millis(Millis::MAX.ms()));
        builder
    }
}

impl<T: SessionData, M> SessionBuilder<T, M> {
    pub(crate) fn old(mut self, foreign: ForeignOption, until: Millis) -> Self {
        self.old = Some((foreign, until));
        self
    }
}

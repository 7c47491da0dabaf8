//! Where errors are collected, so that one run of the compiler shows all of them.

use proc_macro2::Span;
use quote::ToTokens;
use std::cell::RefCell;
use syn::Error;

/// A bag of errors. It must be emptied by [`Ctxt::check`]: dropping it otherwise panics, so that
/// no error can get lost on a path that nobody thought of.
pub(crate) struct Ctxt {
    errors: RefCell<Option<Vec<Error>>>,
}

impl Ctxt {
    pub(crate) fn new() -> Self {
        Self { errors: RefCell::new(Some(Vec::new())) }
    }

    /// Underlines `tokens`, from the first to the last.
    pub(crate) fn error(&self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(Error::new_spanned(tokens, message));
    }

    /// Underlines a span, where there are no tokens to name.
    pub(crate) fn error_at(&self, span: Span, message: impl std::fmt::Display) {
        self.push(Error::new(span, message));
    }

    /// All errors as one, or `Ok` when there were none.
    pub(crate) fn check(self) -> Result<(), Error> {
        let errors = self.errors.take().unwrap_or_default();
        let all = errors.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        });
        match all {
            None => Ok(()),
            Some(all) => Err(all),
        }
    }

    fn push(&self, error: Error) {
        if let Some(errors) = self.errors.borrow_mut().as_mut() {
            errors.push(error);
        }
    }
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        // A second panic while unwinding would abort the compiler and hide the first.
        if !std::thread::panicking() && self.errors.borrow().is_some() {
            panic!("the errors of a `Ctxt` were not checked");
        }
    }
}

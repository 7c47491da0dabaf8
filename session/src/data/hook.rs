//! Calling the user's `valid`, `before_save` and `migrate` functions.

use super::Invalid;
use crate::BoxError;
use http::request::Parts;
use std::marker::PhantomData;
use std::ops::Deref;

/// A function for `valid = PATH`: `fn(&F) -> bool`, or `fn(&F, &request::Parts) -> bool`. Where `F`
/// dereferences, the function may take what it dereferences to: `&str` for a `String`.
#[diagnostic::on_unimplemented(
    message = "`valid` needs `fn(&{F}) -> bool` or `fn(&{F}, &http::request::Parts) -> bool`",
    label = "this function has another signature"
)]
pub trait ValidHook<F: ?Sized, Arguments> {
    /// Whether the value is acceptable for this request.
    fn accepts(&self, value: &F, request: &Parts) -> bool;
}

impl<F: ?Sized, H: Fn(&F) -> bool> ValidHook<F, fn(&F)> for H {
    fn accepts(&self, value: &F, _request: &Parts) -> bool {
        self(value)
    }
}

impl<F: ?Sized, H: Fn(&F, &Parts) -> bool> ValidHook<F, fn(&F, &Parts)> for H {
    fn accepts(&self, value: &F, request: &Parts) -> bool {
        self(value, request)
    }
}

/// Tells the functions of what is behind a pointer from those of the pointer itself.
#[derive(Debug)]
pub struct Behind<Arguments>(PhantomData<Arguments>);

impl<F: Deref + ?Sized, H: Fn(&F::Target) -> bool> ValidHook<F, Behind<fn(&F)>> for H {
    fn accepts(&self, value: &F, _request: &Parts) -> bool {
        self(value)
    }
}

impl<F, H> ValidHook<F, Behind<fn(&F, &Parts)>> for H
where
    F: Deref + ?Sized,
    H: Fn(&F::Target, &Parts) -> bool,
{
    fn accepts(&self, value: &F, request: &Parts) -> bool {
        self(value, request)
    }
}

/// `valid = PATH`, of a field or, without a name, of the struct.
///
/// # Errors
/// When the hook refuses.
#[expect(clippy::needless_pass_by_value, reason = "the derive passes a function item")]
pub fn check<F: ?Sized, Arguments>(
    hook: impl ValidHook<F, Arguments>,
    value: &F,
    request: &Parts,
    field: Option<&'static str>,
) -> Result<(), Invalid> {
    if hook.accepts(value, request) { Ok(()) } else { Err(Invalid { field }) }
}

/// `before_save = PATH`.
///
/// # Errors
/// Those of the hook.
pub fn before_save<T, E: Into<BoxError>>(
    hook: impl FnOnce(&mut T, &Parts) -> Result<(), E>,
    value: &mut T,
    request: &Parts,
) -> Result<(), BoxError> {
    hook(value, request).map_err(Into::into)
}

/// `migrate = PATH`.
///
/// # Errors
/// Those of the function.
pub fn migrate<E: Into<BoxError>>(
    function: impl FnOnce(u32, &mut serde_json::Map<String, serde_json::Value>) -> Result<(), E>,
    from: u32,
    members: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<(), BoxError> {
    function(from, members).map_err(Into::into)
}

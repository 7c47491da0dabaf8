//! `take_x()` and `clear_x()`: for `Option` fields, however their type is spelled.

/// An `Option`, seen through its aliases.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `Option`",
    label = "`take_..` and `clear_..` need a field that is an `Option`"
)]
pub trait OptionField {
    /// What is in it.
    type Inner;

    /// Takes the value out and leaves `None`.
    fn take(&mut self) -> Option<Self::Inner>;

    /// Leaves `None`.
    fn clear(&mut self);
}

impl<T> OptionField for Option<T> {
    type Inner = T;

    fn take(&mut self) -> Self {
        self.take()
    }

    fn clear(&mut self) {
        *self = None;
    }
}

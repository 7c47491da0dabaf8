//! Comparing fields by content: by `PartialEq` where the type has it, else by encoding.
//!
//! The derive calls `(&Same::<_, I>(&a, &b)).same()` with both traits in scope. Method resolution tries
//! the fewest references first, so that a type with `PartialEq` takes [`SameByEq`].

use super::{Stored, WithField, WithRef};
use serde::Serialize;

/// Two values of one field.
#[expect(missing_debug_implementations, reason = "holds values of a field")]
pub struct Same<'a, T: Stored<I>, const I: usize>(pub &'a T::Type, pub &'a T::Type);

/// Two values of a field with `with = MODULE`.
#[expect(missing_debug_implementations, reason = "holds values of a field")]
pub struct SameWith<'a, T: WithField<I>, const I: usize>(pub &'a T::Type, pub &'a T::Type);

/// The first choice: the type's own `PartialEq`.
pub trait SameByEq {
    /// Whether both have the same content.
    fn same(&self) -> bool;
}

/// The fallback: both encode to the same bytes. A value that can't be encoded equals nothing.
pub trait SameByEncoding {
    /// Whether both have the same content.
    fn same(&self) -> bool;
}

impl<T: Stored<I>, const I: usize> SameByEq for Same<'_, T, I>
where
    T::Type: PartialEq,
{
    fn same(&self) -> bool {
        self.0 == self.1
    }
}

impl<T: Stored<I>, const I: usize> SameByEncoding for &Same<'_, T, I> {
    fn same(&self) -> bool {
        same_encoding(self.0, self.1)
    }
}

impl<T: WithField<I>, const I: usize> SameByEq for SameWith<'_, T, I>
where
    T::Type: PartialEq,
{
    fn same(&self) -> bool {
        self.0 == self.1
    }
}

impl<T: WithField<I>, const I: usize> SameByEncoding for &SameWith<'_, T, I> {
    fn same(&self) -> bool {
        same_encoding(&WithRef::<T, I>(self.0), &WithRef::<T, I>(self.1))
    }
}

fn same_encoding(a: &impl Serialize, b: &impl Serialize) -> bool {
    match (serde_json::to_vec(a), serde_json::to_vec(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has no `PartialEq`.
    #[derive(Serialize, serde::Deserialize)]
    struct Plain(u8);

    struct Fields;

    impl Stored<0> for Fields {
        type Type = Plain;

        fn initial() -> Plain {
            Plain(0)
        }
    }

    impl Stored<1> for Fields {
        type Type = f64;

        fn initial() -> f64 {
            0.0
        }
    }

    #[test]
    #[expect(clippy::needless_borrow, reason = "the reference chooses the trait")]
    fn rule_9_values_compare_by_eq_or_by_encoding() {
        assert!((&Same::<Fields, 0>(&Plain(1), &Plain(1))).same());
        assert!(!(&Same::<Fields, 0>(&Plain(1), &Plain(2))).same());
        assert!(!(&Same::<Fields, 1>(&1.0, &2.0)).same());
        // Equal by `PartialEq`, different in their bytes: `PartialEq` must have been asked.
        assert!((&Same::<Fields, 1>(&0.0, &-0.0)).same());
    }
}

//! Comparing fields by content: by `PartialEq` where the type has it, else by encoding.
//!
//! The derive calls `(&&Same(&a, &b)).same()` with all traits in scope. Method resolution tries the
//! receiver as it is, then with one more reference, then with one less: so a type with `PartialEq`
//! takes [`SameByEq`], another that can be stored [`SameByEncoding`], and the rest [`SameByNothing`].

use super::with::WithRef;
use super::{Field, WithField};
use serde::Serialize;

/// Two values of one field.
#[expect(missing_debug_implementations, reason = "holds values of a field")]
pub struct Same<'a, F>(pub &'a F, pub &'a F);

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

/// What is left: types that can't be stored. The error about them is elsewhere; this keeps it alone.
pub trait SameByNothing {
    /// Never called.
    fn same(&self) -> bool;
}

impl<F> SameByNothing for Same<'_, F> {
    fn same(&self) -> bool {
        false
    }
}

impl<F: PartialEq> SameByEq for &Same<'_, F> {
    fn same(&self) -> bool {
        self.0 == self.1
    }
}

impl<F: Field> SameByEncoding for &&Same<'_, F> {
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

    #[test]
    fn rule_9_values_compare_by_eq_or_by_encoding() {
        assert!((&&Same(&1_u8, &1)).same());
        assert!(!(&&Same(&1_u8, &2)).same());
        assert!((&&Same(&Plain(1), &Plain(1))).same());
        assert!(!(&&Same(&Plain(1), &Plain(2))).same());
        // Equal by `PartialEq`, different in their bytes: `PartialEq` must have been asked.
        assert!((&&Same(&0.0_f64, &-0.0)).same());
    }
}

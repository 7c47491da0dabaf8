//! Three-way merges of one field: what was loaded, ours, theirs.

use super::hook::Behind;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::Deref;

/// Two changes of one field can't both be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergeError {
    /// A `sum` does not fit into the field's type.
    Overflow,
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow => f.write_str("the sum of both changes does not fit into the field"),
        }
    }
}

impl std::error::Error for MergeError {}

/// Types for `merge = sum`: every integer and float type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be merged by `sum`",
    label = "not a number",
    note = "`merge = sum` needs an integer or a float; for another type write a function: `merge = path::to::function`"
)]
pub trait Sum: Sized {
    /// `ours` plus what `theirs` added to `base`, or `None` when it does not fit.
    fn sum(base: &Self, ours: &Self, theirs: &Self) -> Option<Self>;
}

macro_rules! sum_of_integers {
    ($($small:ty)*) => {$(
        impl Sum for $small {
            fn sum(base: &Self, ours: &Self, theirs: &Self) -> Option<Self> {
                // Every value of these types fits an i128, and so does any sum of three.
                let sum = i128::from(*ours) + i128::from(*theirs) - i128::from(*base);
                Self::try_from(sum).ok()
            }
        }
    )*};
}

macro_rules! sum_of_wide_integers {
    ($($wide:ty)*) => {$(
        impl Sum for $wide {
            fn sum(base: &Self, ours: &Self, theirs: &Self) -> Option<Self> {
                // Of the two orders one may overflow on the way though the sum fits.
                let difference_first = theirs
                    .checked_sub(*base)
                    .and_then(|added| ours.checked_add(added));
                difference_first
                    .or_else(|| {
                        ours.checked_sub(*base)
                            .and_then(|added| theirs.checked_add(added))
                    })
                    .or_else(|| {
                        ours.checked_add(*theirs)
                            .and_then(|sum| sum.checked_sub(*base))
                    })
                    .or_else(|| {
                        base.checked_sub(*theirs)
                            .and_then(|removed| ours.checked_sub(removed))
                    })
            }
        }
    )*};
}

macro_rules! sum_of_floats {
    ($($float:ty)*) => {$(
        impl Sum for $float {
            fn sum(base: &Self, ours: &Self, theirs: &Self) -> Option<Self> {
                let sum = ours + (theirs - base);
                sum.is_finite().then_some(sum)
            }
        }
    )*};
}

sum_of_integers! { u8 u16 u32 u64 i8 i16 i32 i64 }
sum_of_wide_integers! { u128 i128 usize isize }
sum_of_floats! { f32 f64 }

/// Types for `merge = union`: the sets and maps of the standard library.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be merged by `union`",
    label = "not a set or map",
    note = "`merge = union` needs a `BTreeSet`, `HashSet`, `BTreeMap` or `HashMap`; for another type write a function: `merge = path::to::function`"
)]
pub trait Union: Sized {
    /// Brings into `self` what `theirs` added to `base`, and takes out what it removed.
    /// A map's value that both changed stays ours.
    fn union(&mut self, base: &Self, theirs: Self);
}

impl<K: Ord> Union for BTreeSet<K> {
    fn union(&mut self, base: &Self, theirs: Self) {
        self.retain(|member| theirs.contains(member) || !base.contains(member));
        let added = theirs.into_iter().filter(|member| !base.contains(member));
        self.extend(added);
    }
}

impl<K: Eq + Hash, S: BuildHasher> Union for HashSet<K, S> {
    fn union(&mut self, base: &Self, theirs: Self) {
        self.retain(|member| theirs.contains(member) || !base.contains(member));
        let added = theirs.into_iter().filter(|member| !base.contains(member));
        self.extend(added);
    }
}

impl<K: Ord, V: PartialEq> Union for BTreeMap<K, V> {
    fn union(&mut self, base: &Self, theirs: Self) {
        self.retain(|key, _| theirs.contains_key(key) || !base.contains_key(key));
        for (key, value) in theirs {
            match (base.get(&key), self.get(&key)) {
                // Theirs added it, or changed what we left as it was.
                (None, None) => drop(self.insert(key, value)),
                (Some(before), Some(ours)) if before == ours => drop(self.insert(key, value)),
                // We removed it, or both changed it: ours holds.
                _ => {}
            }
        }
    }
}

impl<K: Eq + Hash, V: PartialEq, S: BuildHasher> Union for HashMap<K, V, S> {
    fn union(&mut self, base: &Self, theirs: Self) {
        self.retain(|key, _| theirs.contains_key(key) || !base.contains_key(key));
        for (key, value) in theirs {
            match (base.get(&key), self.get(&key)) {
                (None, None) => drop(self.insert(key, value)),
                (Some(before), Some(ours)) if before == ours => drop(self.insert(key, value)),
                _ => {}
            }
        }
    }
}

/// `merge = sum`.
///
/// # Errors
/// When the sum does not fit.
pub fn sum<F: Sum>(base: &F, ours: &mut F, theirs: &F) -> Result<(), MergeError> {
    *ours = F::sum(base, ours, theirs).ok_or(MergeError::Overflow)?;
    Ok(())
}

/// `merge = max`.
pub fn max<F: PartialOrd>(ours: &mut F, theirs: &mut F) {
    if *theirs > *ours {
        std::mem::swap(ours, theirs);
    }
}

/// `merge = min`.
pub fn min<F: PartialOrd>(ours: &mut F, theirs: &mut F) {
    if *theirs < *ours {
        std::mem::swap(ours, theirs);
    }
}

/// `merge = union`; leaves `theirs` empty.
pub fn union<F: Union + Default>(base: &F, ours: &mut F, theirs: &mut F) {
    ours.union(base, std::mem::take(theirs));
}

/// A function for `merge = PATH`: `fn(base: &F, ours: &F, theirs: &F) -> F`. Where `F` dereferences,
/// the function may take what it dereferences to: `&str` for a `String`.
#[diagnostic::on_unimplemented(
    message = "`merge` needs `fn(base: &{F}, ours: &{F}, theirs: &{F}) -> {F}`",
    label = "this function has another signature"
)]
pub trait MergeHook<F, Arguments> {
    /// What both changes become.
    fn merged(&self, base: &F, ours: &F, theirs: &F) -> F;
}

impl<F, H: Fn(&F, &F, &F) -> F> MergeHook<F, fn(&F)> for H {
    fn merged(&self, base: &F, ours: &F, theirs: &F) -> F {
        self(base, ours, theirs)
    }
}

impl<F: Deref, H> MergeHook<F, Behind<fn(&F)>> for H
where
    H: Fn(&F::Target, &F::Target, &F::Target) -> F,
{
    fn merged(&self, base: &F, ours: &F, theirs: &F) -> F {
        self(base, ours, theirs)
    }
}

/// `merge = PATH`.
#[expect(clippy::needless_pass_by_value, reason = "the derive passes a function item")]
pub fn by_function<F, Arguments>(
    hook: impl MergeHook<F, Arguments>,
    base: &F,
    ours: &mut F,
    theirs: &F,
) {
    *ours = hook.merged(base, ours, theirs);
}

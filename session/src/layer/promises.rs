//! What a home promises, as far as types say it: whether changes are merged, and whether a store keeps
//! indexes.

use crate::data::{MergesByLastOnly, NoIndexes};
use crate::store::{CompareAndSet, Indexed, LastWriteWins, NotIndexed, Writes};

/// The `merge` policies of the type hold, as far as the home allows.
#[derive(Debug, Clone, Copy)]
pub struct AnyMerge;

/// Whether a home may hold a type with these `merge` policies: in a cookie, and in a store that can't
/// compare before it writes, parallel requests can't be merged, so that a type with a policy other
/// than `last` needs [`last_write_wins()`](crate::SessionBuilder::last_write_wins).
#[diagnostic::on_unimplemented(
    message = "`{T}` has fields with a `merge` policy, which this home can't honour: the last write wins",
    label = "parallel requests would lose changes",
    note = "accept that with `.last_write_wins()` before `.build()`, drop the `merge`, or keep these sessions in a store"
)]
pub trait MergeAccepted<T> {}

#[diagnostic::do_not_recommend]
impl<T: MergesByLastOnly> MergeAccepted<T> for AnyMerge {}
impl<T> MergeAccepted<T> for LastWriteWins {}
impl<T> MergeAccepted<T> for CompareAndSet {}

/// What a store's [`Writes`] mean for `merge` policies.
pub trait MergeOf: Writes {
    /// The builder's second parameter.
    type Merge;
}

impl MergeOf for CompareAndSet {
    type Merge = Self;
}

impl MergeOf for LastWriteWins {
    type Merge = AnyMerge;
}

/// Whether a store may hold a type with `index` fields.
#[diagnostic::on_unimplemented(
    message = "`{T}` has an `index` field, and this store keeps no index",
    label = "the sessions of a user could not be listed or ended",
    note = "choose a store that is an `IndexedStore`, or drop `#[session(index)]`"
)]
pub trait Keeps<T> {}

#[diagnostic::do_not_recommend]
impl<T: NoIndexes> Keeps<T> for NotIndexed {}
impl<T> Keeps<T> for Indexed {}

//! Two changed states of one session become one, field by field.

use crate::data::{Merge, MergeError, SessionData};

/// Two changes of a field that can't both be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conflict {
    pub(crate) field: &'static str,
    pub(crate) source: Option<MergeError>,
}

/// Whose changes are merged with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rival {
    /// Those of another handle of the same request: `last` has no meaning between them.
    Handle,
    /// Those of another request, which was first.
    Request {
        /// Ours gave the session to another user: it shares only what is kept.
        another_user: bool,
    },
}

/// Merges field by field; `theirs` is not to be used afterwards.
pub(super) fn merge<T: SessionData>(
    ours: &mut T,
    base: &T,
    theirs: &mut T,
    rival: Rival,
) -> Result<(), Conflict> {
    let changed = |state: &T, index: usize| !state.same_field(base, index);
    for (index, spec) in T::FIELDS.iter().enumerate() {
        let shared = spec.keep || rival != Rival::Request { another_user: true };
        if spec.skip || !shared || !changed(theirs, index) {
            continue;
        }
        if !changed(ours, index) {
            ours.swap_field(theirs, index);
            continue;
        }
        match (spec.merge, rival) {
            (Merge::Last, Rival::Request { .. }) => {}
            // Also when both are the same now: two increments by one are not one increment.
            (Merge::Last | Merge::Reject, _) => {
                return Err(Conflict { field: spec.name, source: None });
            }
            (Merge::Sum | Merge::Max | Merge::Min | Merge::Union | Merge::Function, _) => ours
                .merge_field(base, theirs, index)
                .map_err(|source| Conflict { field: spec.name, source: Some(source) })?,
        }
    }
    Ok(())
}

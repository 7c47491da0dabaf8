//! Putting the slot into a request's extensions.

use crate::data::SessionData;
use crate::extract::SlotExtension;
use crate::life::Slot;
use http::Extensions;
use std::sync::Arc;

/// Extensions with an empty place for a slot, to be cloned for each request.
///
/// axum puts three extensions into every request, and a map that begins with our one has to grow for
/// the fourth, which takes longer than everything else that a request without a session pays for.
/// A clone of a map that once was larger has room from the start.
pub(super) struct Place(Extensions);

impl Place {
    pub(super) fn new<T: SessionData>() -> Self {
        /// Stands for what others will put in.
        #[derive(Clone)]
        struct Other<const N: usize>;

        let mut extensions = Extensions::new();
        extensions.insert(Other::<0>);
        extensions.insert(Other::<1>);
        extensions.insert(Other::<2>);
        extensions.insert(SlotExtension::<T>(None));
        extensions.remove::<Other<0>>();
        extensions.remove::<Other<1>>();
        extensions.remove::<Other<2>>();
        Self(extensions)
    }

    #[inline]
    pub(super) fn put<T: SessionData>(&self, slot: Arc<Slot<T>>, request: &mut Extensions) {
        if request.is_empty() {
            *request = self.0.clone();
            if let Some(place) = request.get_mut::<SlotExtension<T>>() {
                place.0 = Some(slot);
                return;
            }
        }
        request.insert(SlotExtension(Some(slot)));
    }
}

//! Without the feature `metrics` no call of a store is timed.

use super::Pick;

impl Pick {
    pub(crate) fn timed(self, _: &'static str) -> Self {
        self
    }
}

//! Random bytes of the operating system, fetched for several ids at once.

use std::cell::RefCell;

/// Sixty-four ids' worth: a call of the system costs as much as all else that a new session needs.
const BATCH: usize = 2048;

struct Batch {
    bytes: [u8; BATCH],
    /// From here on they were not given to anybody.
    fresh: usize,
}

thread_local! {
    static SPARE: RefCell<Batch> = const { RefCell::new(Batch { bytes: [0; BATCH], fresh: BATCH }) };
}

/// Fills `out` with bytes that nobody else gets. None of them stays behind.
///
/// A process that calls `fork` without `exec` after this thread asked for the first time shares what
/// is fetched with its child. (An axum server can't: its runtime does not survive a `fork` either.)
///
/// # Errors
/// When the system has none.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), getrandom::Error> {
    let filled = SPARE.try_with(|spare| match spare.try_borrow_mut() {
        Ok(mut batch) => batch.fill(out),
        Err(_) => getrandom::fill(out),
    });
    // A thread that is about to end keeps none.
    filled.unwrap_or_else(|_| getrandom::fill(out))
}

impl Batch {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), getrandom::Error> {
        if out.len() > BATCH {
            return getrandom::fill(out);
        }
        if out.len() > BATCH - self.fresh {
            // Should it fail, what it left is no randomness.
            self.fresh = BATCH;
            getrandom::fill(&mut self.bytes)?;
            self.fresh = 0;
        }
        let given = &mut self.bytes[self.fresh..self.fresh + out.len()];
        out.copy_from_slice(given);
        given.fill(0);
        self.fresh += out.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn req_1_no_bytes_are_given_twice_and_none_stay_behind() {
        let mut batch = Batch { bytes: [0; BATCH], fresh: BATCH };
        let mut seen = HashSet::new();
        let mut ones = 0;
        for round in 0..20_000 {
            let mut id = [0; 48];
            batch.fill(&mut id[..16 + 16 * (round % 3)]).unwrap();
            assert!(seen.insert(<[u8; 16]>::try_from(&id[..16]).unwrap()), "given twice");
            assert!(batch.bytes[..batch.fresh].iter().all(|byte| *byte == 0), "left behind");
            ones += u128::from_be_bytes(id[..16].try_into().unwrap()).count_ones();
        }
        let share = f64::from(ones) / (20_000.0 * 128.0);
        assert!((0.498..0.502).contains(&share), "{share} of the bits are ones");
    }

    #[test]
    fn req_1_more_than_a_batch_and_nothing_at_all() {
        let mut large = [0; BATCH + 1];
        fill(&mut large).unwrap();
        assert!(large.iter().any(|byte| *byte != 0));
        fill(&mut []).unwrap();
    }
}

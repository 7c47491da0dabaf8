//! A sequence that grows without moving anything.

use std::ops::{Index, IndexMut};

/// Items of one block.
const BLOCK: usize = 64;

/// Items by position, in blocks of one size: a block is allocated whole and stays where it is. So
/// growing takes as long in a sequence of a million as in one of a thousand, leaves nothing for the
/// allocator to put together again, and at most two blocks are not full.
#[derive(Debug)]
pub(super) struct Blocks<T> {
    /// All full but the last one that has any, behind which there may be an empty one: else whoever
    /// takes and gives at the border would allocate each time.
    blocks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Blocks<T> {
    pub(super) const fn new() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// For how many there is memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.blocks.iter().map(Vec::capacity).sum()
    }

    pub(super) fn get(&self, at: usize) -> Option<&T> {
        self.blocks.get(at / BLOCK)?.get(at % BLOCK)
    }

    pub(super) fn push(&mut self, item: T) {
        let block = self.len / BLOCK;
        if block == self.blocks.len() {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        self.blocks[block].push(item);
        self.len += 1;
    }

    /// Takes an item out. The last one moves to its position.
    ///
    /// # Panics
    /// When there is none at this position.
    pub(super) fn swap_remove(&mut self, at: usize) -> T {
        assert!(at < self.len, "nothing at {at}");
        self.len -= 1;
        let block = self.len / BLOCK;
        let last = self.blocks[block].pop().expect("the length counts it");
        if self.blocks[block].is_empty() {
            self.blocks.truncate(block + 1);
        }
        if at == self.len { last } else { std::mem::replace(&mut self[at], last) }
    }
}

impl<T> Index<usize> for Blocks<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.blocks[at / BLOCK][at % BLOCK]
    }
}

impl<T> IndexMut<usize> for Blocks<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.blocks[at / BLOCK][at % BLOCK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Fails when an item moves to a wrong place, or a block stays that nobody needs.
    #[test]
    fn blocks_are_a_sequence() {
        let (mut blocks, mut model) = (Blocks::new(), Vec::new());
        for (upto, down_to) in [(3 * BLOCK + 1, BLOCK - 1), (2 * BLOCK, 1), (BLOCK, 0)] {
            while model.len() < upto {
                blocks.push(model.len());
                model.push(model.len());
            }
            while model.len() > down_to {
                let at = model.len() * 7 / 11;
                assert_eq!(blocks.swap_remove(at), model.swap_remove(at));
                assert!(blocks.capacity() < model.len() + 2 * BLOCK);
            }
            assert_eq!(blocks.len(), model.len());
            assert!((0..=model.len()).all(|at| blocks.get(at) == model.get(at)));
        }
    }

    // Fails when each step over the border of a block allocates.
    #[test]
    fn an_empty_block_stays_for_the_next_item() {
        let mut blocks = Blocks::new();
        (0..=BLOCK).for_each(|n| blocks.push(n));
        let place = blocks.blocks[1].as_ptr();
        blocks.swap_remove(0);
        blocks.push(7);
        assert_eq!((blocks.blocks[1].as_ptr(), blocks[BLOCK]), (place, 7));
    }

    #[test]
    #[should_panic(expected = "nothing at 1")]
    fn behind_the_end_is_nothing() {
        let mut blocks = Blocks::new();
        blocks.push(1);
        blocks.swap_remove(1);
    }
}

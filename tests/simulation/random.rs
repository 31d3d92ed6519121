//! Numbers that a seed decides: splitmix64.

use std::{cell::Cell, ops::Range};

pub struct Random(Cell<u64>);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mixed = (self.0.get() ^ (self.0.get() >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range.
    pub fn within(&self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// True so many times in ten thousand.
    pub fn happens(&self, chance: u64) -> bool {
        self.within(0..10_000) < chance
    }

    /// One of a list that is not empty.
    pub fn choose<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.within(0..list.len() as u64)).unwrap()]
    }
}

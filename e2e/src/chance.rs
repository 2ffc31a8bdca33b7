//! Chance that can be repeated.

use comporta_kernel::Rng;

/// Numbers that look random, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Chance(Rng);

impl Chance {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rng::seeded(seed))
    }

    /// A number from 0 to `end - 1`.
    #[must_use]
    pub fn below(&self, end: usize) -> usize {
        let word = u64::from_le_bytes(self.0.bytes());
        // The upper half of the product: an even share for each number, near enough for a test.
        ((u128::from(word) * end as u128) >> 64) as usize
    }

    /// True so many times in a hundred.
    #[must_use]
    pub fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

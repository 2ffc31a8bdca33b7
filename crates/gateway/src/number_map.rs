//! A map by numbers of our own making, looked up on every request's way.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Not for numbers that a caller chooses: who knows the hash could have them all fall together.
pub(crate) type NumberMap<V> = HashMap<u64, V, BuildHasherDefault<Mixer>>;

/// Spreads one number: both halves of a product, folded, so that every bit counts everywhere.
#[derive(Default)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::{BuildHasher as _, BuildHasherDefault};

    use super::Mixer;

    #[test]
    fn neighbours_are_far_apart_in_the_bits_that_a_map_goes_by() {
        let hash = |number: u64| BuildHasherDefault::<Mixer>::default().hash_one(number);
        // Places in a table of 4,096, and the seven bits that tell apart what shares a place.
        for step in [1, 1 << 16, 1 << 32] {
            let places: HashSet<u64> = (0..1024).map(|number| hash(number * step) & 4095).collect();
            let tags: HashSet<u64> = (0..1024).map(|number| hash(number * step) >> 57).collect();
            assert!(places.len() > 512 && tags.len() > 64, "{step}: {} {}", places.len(), tags.len());
        }
    }
}

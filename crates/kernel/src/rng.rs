//! The only door to randomness, so that a test can repeat a run.

use std::sync::{Arc, Mutex, PoisonError};

/// A source of random bytes: the operating system's, or a repeatable one for tests.
#[derive(Clone, Debug)]
pub struct Rng(Source);

#[derive(Clone)]
enum Source {
    System(Arc<Mutex<Pool>>),
    Seeded(Arc<Mutex<u64>>),
}

/// Bytes fetched ahead, because a system call per id would be most of an id's cost.
struct Pool {
    bytes: [u8; 1024],
    used: usize,
}

impl Rng {
    /// Bytes from the operating system's generator: fit for secrets.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(Arc::new(Mutex::new(Pool { bytes: [0; 1024], used: 1024 }))))
    }

    /// The same bytes for the same seed. Never for secrets.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(seed))))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can go on without it.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.0 {
            Source::System(pool) => pool.lock().unwrap_or_else(PoisonError::into_inner).take(&mut out),
            Source::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in out.chunks_mut(8) {
                    let word = split_mix(&mut state).to_le_bytes();
                    chunk.copy_from_slice(&word[..chunk.len()]);
                }
            }
        }
        out
    }
}

impl Pool {
    fn take(&mut self, out: &mut [u8]) {
        if out.len() > self.bytes.len() {
            return from_system(out);
        }
        if self.used + out.len() > self.bytes.len() {
            from_system(&mut self.bytes);
            self.used = 0;
        }
        let end = self.used + out.len();
        out.copy_from_slice(&self.bytes[self.used..end]);
        // What was handed out may become a secret: it must not stay behind here.
        self.bytes[self.used..end].fill(0);
        self.used = end;
    }
}

#[expect(clippy::disallowed_methods, clippy::expect_used, reason = "the one place that asks the machine")]
fn from_system(out: &mut [u8]) {
    getrandom::fill(out).expect("the operating system gives randomness");
}

/// `SplitMix64` (Steele, Lea, Flood 2014): tiny, and good enough for repeatable tests.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System(_) => "System",
            Self::Seeded(_) => "Seeded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (a, b) = (Rng::seeded(7), Rng::seeded(7));
        assert_eq!(a.bytes::<20>(), b.bytes::<20>());
        assert_ne!(a.bytes::<16>(), a.bytes::<16>());
    }

    #[test]
    fn system_bytes_differ_across_a_refill() {
        let rng = Rng::system();
        let drawn: std::collections::BTreeSet<[u8; 16]> = (0..200).map(|_| rng.bytes()).collect();
        assert_eq!(drawn.len(), 200);
    }
}

//! How long a failed job waits before it is tried again.

use std::time::Duration;

use comporta_kernel::Rng;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);

/// One second after the first attempt, twice as long after each further one, an hour at most; then cut by up to
/// a half, at random, so that jobs which failed together do not come back together.
#[must_use]
pub fn pause_after(attempt: u32, rng: &Rng) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let share = u32::from(u16::from_le_bytes(rng.bytes()));
    whole / 2 + (whole / 2) * share / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_lose_at_most_half_to_chance() {
        let rng = Rng::seeded(1);
        for (attempt, whole) in [(1, 1), (2, 2), (3, 4), (12, 2048), (13, 3600), (u32::MAX, 3600)] {
            for _ in 0..100 {
                let pause = pause_after(attempt, &rng);
                let whole = Duration::from_secs(whole);
                assert!((whole / 2..=whole).contains(&pause), "{pause:?} after attempt {attempt}");
            }
        }
    }

    #[test]
    fn pauses_after_the_same_attempt_differ() {
        let rng = Rng::seeded(2);
        assert_ne!(pause_after(8, &rng), pause_after(8, &rng));
    }
}

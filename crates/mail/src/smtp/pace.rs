//! How often letters leave.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use comporta_kernel::Rate;
use tokio::time::{Instant, sleep_until};

/// Lets letters go at even distances, however many ask: what servers count is each second, not the hour.
pub(super) struct Pace {
    distance: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self { distance: rate.interval(), next: Mutex::default() }
    }

    /// Ends when it is the caller's turn.
    pub(super) async fn turn(&self) {
        let now = Instant::now();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            // A turn that nobody took is not made up for.
            let turn = next.map_or(now, |next| next.max(now));
            *next = Some(turn + self.distance);
            turn
        };
        if turn > now {
            sleep_until(turn).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn letters_leave_at_even_distances_and_a_pause_is_not_made_up_for() {
        let pace = Pace::new("100/s".parse().unwrap());
        let begun = Instant::now();
        let mut turns = Vec::new();
        for round in 0..2 {
            for _ in 0..3 {
                pace.turn().await;
                turns.push(begun.elapsed().as_millis());
            }
            if round == 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        assert_eq!(turns, [0, 10, 20, 1020, 1030, 1040]);
    }
}

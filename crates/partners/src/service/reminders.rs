//! Which companies are to be told that a key ends.

use comporta_jobs::{EnqueueError, EnqueueOptions, Queue};
use comporta_kernel::Timestamp;
use jiff::SignedDuration;

use super::Partners;
use crate::store::reminders::Ending;
use crate::{Error, SendKeyReminder};

/// Keys looked at in one turn.
const PAGE: u16 = 200;

impl Partners {
    pub(crate) async fn remind_of_keys(&self, queue: &Queue, steps: &[u16]) -> Result<u32, Error> {
        let Some(longest) = steps.iter().max() else { return Ok(0) };
        let now = self.clock.now();
        let until = now.checked_add(days(*longest)).unwrap_or(Timestamp::MAX);
        let (mut after, mut told) = (None, 0);
        loop {
            let ending = self.reminders.ending(now, until, after, PAGE).await?;
            let mut tx = self.db.begin().await?;
            for key in &ending {
                let Some(days) = step(key, steps, now) else { continue };
                if self.reminders.note(&mut tx, key, days, now).await? {
                    let job = SendKeyReminder { key_id: key.id, ends_at: key.ends_at, days };
                    match queue.enqueue_in(&mut tx, &job, EnqueueOptions::default()).await {
                        Ok(_) => told += 1,
                        Err(EnqueueError::Db(error)) => return Err(error.into()),
                        Err(error @ EnqueueError::Encode { .. }) => tracing::error!(%error, "a job is lost"),
                    }
                }
            }
            tx.commit().await?;
            let full = ending.len() == usize::from(PAGE);
            after = ending.last().filter(|_| full).map(|last| (last.ends_at, last.id));
            if after.is_none() {
                return Ok(told);
            }
        }
    }
}

/// The step that a key has reached: the least one that its end is within. A key that was made to live no longer than
/// that is not spoken of.
fn step(key: &Ending, steps: &[u16], now: Timestamp) -> Option<u16> {
    let (left, life) = (key.ends_at.duration_since(now), key.ends_at.duration_since(key.made_at));
    let reached = steps.iter().copied().filter(|step| left <= days(*step)).min()?;
    (life > days(reached)).then_some(reached)
}

const fn days(number: u16) -> SignedDuration {
    SignedDuration::from_hours(number as i64 * 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_step_reached_counts_and_a_key_made_for_less_is_not_spoken_of() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let ending = |made: &str, ends: &str| Ending {
            id: "key_00000000000000000000000001".parse().unwrap(),
            made_at: at(made),
            ends_at: at(ends),
        };
        let yearly = ending("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        for (now, reached) in [
            ("2026-12-01T23:59:59Z", None),
            ("2026-12-02T00:00:00Z", Some(30)),
            ("2026-12-24T23:00:00Z", Some(30)),
            ("2026-12-25T00:00:00Z", Some(7)),
            ("2026-12-31T00:00:00Z", Some(1)),
        ] {
            assert_eq!(step(&yearly, &[30, 7, 1], at(now)), reached, "{now}");
        }
        let weekly = ending("2026-12-25T00:00:00Z", "2027-01-01T00:00:00Z");
        assert_eq!(step(&weekly, &[30, 7, 1], at("2026-12-26T00:00:00Z")), None);
        assert_eq!(step(&weekly, &[30, 7, 1], at("2026-12-31T12:00:00Z")), Some(1));
    }
}

//! Jobs by the clock: each due instant gives one job, however many processes watch for it.

use std::time::Duration;

use comporta_db::Db;
use comporta_kernel::{Timestamp, Zone};
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::queue::encode;
use crate::{EnqueueError, EnqueueOptions, Job, Queue};

const DAY: Duration = Duration::from_secs(86_400);

/// What is to be enqueued when. A kind of job stands in it once.
///
/// An instant missed while every process was down is made up for at the start: for a daily entry if it lies on
/// the present day, for the others if it is the latest one. Of several missed, only the latest counts.
#[derive(Debug, Default)]
pub struct Schedule {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: &'static str,
    payload: String,
    when: When,
    /// Instants up to here are dealt with; `None` before the first look.
    seen: Option<Timestamp>,
}

#[derive(Debug)]
enum When {
    Daily { at: Time, zone: TimeZone },
    Every(Duration),
}

impl Schedule {
    /// An empty schedule.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enqueues the job each day at this time of the zone's clocks. Where they skip that time the job comes as
    /// much later; where they show it twice, the first time.
    ///
    /// # Errors
    /// [`EnqueueError::Encode`].
    pub fn daily<J: Job>(self, at: Time, zone: &Zone, job: &J) -> Result<Self, EnqueueError> {
        // A `Zone` is a name that was found in the database: it is found again.
        let zone = TimeZone::get(zone.name()).unwrap_or(TimeZone::UTC);
        self.entry(When::Daily { at, zone }, job)
    }

    /// Enqueues the job once in each period, counted from 1970-01-01 UTC. A period is held between one second
    /// and one day: jobs that are done are forgotten after a week, and with them that they ran.
    ///
    /// # Errors
    /// [`EnqueueError::Encode`].
    pub fn every<J: Job>(self, period: Duration, job: &J) -> Result<Self, EnqueueError> {
        self.entry(When::Every(period.clamp(Duration::from_secs(1), DAY)), job)
    }

    fn entry<J: Job>(mut self, when: When, job: &J) -> Result<Self, EnqueueError> {
        self.entries.push(Entry { name: J::NAME, payload: encode(job)?, when, seen: None });
        Ok(self)
    }

    /// Enqueues what has become due since the last look; what fails is tried again at the next.
    pub(crate) async fn fire(&mut self, db: &Db, queue: &Queue) -> Result<(), comporta_db::Error> {
        let now = queue.clock().now();
        for entry in &mut self.entries {
            let seen = entry.seen.unwrap_or_else(|| entry.when.made_up_from(now));
            if let Some(due) = entry.when.latest(seen, now) {
                let mut tx = db.begin().await?;
                let unique_key = Some(format!("{}@{due}", entry.name));
                let options = EnqueueOptions { run_at: Some(due), unique_key };
                queue.insert(&mut tx, entry.name, &entry.payload, options).await?;
                tx.commit().await?;
            }
            entry.seen = Some(seen.max(now));
        }
        Ok(())
    }
}

impl When {
    /// The latest due instant after `seen`, up to `now`.
    fn latest(&self, seen: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let latest = match self {
            Self::Daily { at, zone } => {
                let today = zone.to_datetime(now).date();
                let on = |date: jiff::civil::Date| zone.to_timestamp(date.to_datetime(*at)).ok();
                let is_past = |instant: &Timestamp| *instant <= now;
                on(today).filter(is_past).or_else(|| today.yesterday().ok().and_then(on))
            }
            Self::Every(period) => {
                let period = i64::try_from(period.as_micros()).unwrap_or(i64::MAX);
                let now = now.as_microsecond();
                Timestamp::from_microsecond(now - now.rem_euclid(period)).ok()
            }
        };
        latest.filter(|instant| *instant > seen)
    }

    /// From when on an instant missed is made up for, seen from a start at `now`.
    fn made_up_from(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Daily { zone, .. } => {
                let midnight = zone.to_datetime(now).date().to_datetime(Time::midnight());
                let began = zone.to_timestamp(midnight).unwrap_or(now);
                began - Duration::from_micros(1)
            }
            Self::Every(period) => now - *period,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(at: &str, zone: &str) -> When {
        When::Daily { at: at.parse().unwrap(), zone: TimeZone::get(zone).unwrap() }
    }

    fn instants(when: &When, from: &str, to: &str) -> Vec<String> {
        let (mut seen, to): (Timestamp, Timestamp) = (from.parse().unwrap(), to.parse().unwrap());
        let mut found = Vec::new();
        while seen < to {
            let now = seen + Duration::from_secs(600);
            found.extend(when.latest(seen, now).map(|instant| instant.to_string()));
            seen = now;
        }
        found
    }

    #[test]
    fn a_time_that_the_clocks_skip_comes_an_hour_later() {
        let midnight = daily("00:00", "America/Sao_Paulo");
        let found = instants(&midnight, "2018-11-02T12:00:00Z", "2018-11-05T12:00:00Z");
        assert_eq!(found, ["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"]);
        let half_past_two = daily("02:30", "Europe/Berlin");
        let found = instants(&half_past_two, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
        assert_eq!(found, ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
    }

    #[test]
    fn a_time_that_the_clocks_show_twice_comes_once() {
        let late = daily("23:30", "America/Sao_Paulo");
        let found = instants(&late, "2018-02-16T12:00:00Z", "2018-02-19T12:00:00Z");
        assert_eq!(found, ["2018-02-17T01:30:00Z", "2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z"]);
    }

    #[test]
    fn a_time_missed_is_made_up_for_on_its_day_only() {
        let three = daily("03:00", "America/Sao_Paulo");
        for (start, wanted) in [
            ("2026-01-10T05:59:59Z", None),
            ("2026-01-10T06:00:00Z", Some("2026-01-10T06:00:00Z")),
            ("2026-01-11T02:59:59Z", Some("2026-01-10T06:00:00Z")),
            ("2026-01-11T03:00:00Z", None),
        ] {
            let now = start.parse().unwrap();
            let found = three.latest(three.made_up_from(now), now).map(|instant| instant.to_string());
            assert_eq!(found.as_deref(), wanted, "{start}");
        }
    }

    #[test]
    fn periods_are_counted_alike_in_every_process() {
        let quarter = When::Every(Duration::from_secs(900));
        let now = "2026-01-10T05:59:59Z".parse().unwrap();
        let due = quarter.latest(quarter.made_up_from(now), now).unwrap();
        assert_eq!(due.to_string(), "2026-01-10T05:45:00Z");
        assert_eq!(quarter.latest(due, now), None);
    }
}

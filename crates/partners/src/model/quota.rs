//! A quota: how many calls in a day or month, and when those begin and end.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::{BusinessDate, Timestamp, Zone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// More than anybody calls in a month, and few enough that sums of them are exact everywhere.
const MOST: u64 = 1_000_000_000_000_000;

/// Text, or a number, that is no quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 1000000000000000 requests per day or month, such as 10000/month")]
pub struct QuotaError;

/// So many calls in each day or month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How many calls.
    #[schema(value_type = u64, minimum = 1, maximum = 1_000_000_000_000_000_u64, example = 10000)]
    requests: Requests,
    /// In which time.
    per: Per,
}

/// What a quota is counted over: a calendar day or month of the zone `ledger.time_zone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

/// How many companies have used so much of their quota in the day or month under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotasInUse {
    /// 80 % at least, those that have used it up among them.
    pub near: u64,
    /// All of it.
    pub used_up: u64,
}

/// A company's day or month, and the quota that it is held to now.
#[derive(Clone, Debug)]
pub(crate) struct PeriodInUse {
    pub(crate) name: String,
    pub(crate) granted: u64,
    pub(crate) quota: Option<Quota>,
}

/// A number of calls from 1 up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
struct Requests(u64);

/// A day or month that calls are counted in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// `2026-11-22` or `2026-11`.
    pub(crate) name: Box<str>,
    /// The first instant after it.
    pub(crate) ends_at: Timestamp,
}

impl Quota {
    /// So many calls in each of these.
    ///
    /// # Errors
    /// For none, or more than there can be.
    pub fn new(requests: u64, per: Per) -> Result<Self, QuotaError> {
        Ok(Self { requests: requests.try_into()?, per })
    }

    /// How many calls.
    #[must_use]
    pub const fn requests(self) -> u64 {
        self.requests.0
    }

    /// In which time.
    #[must_use]
    pub const fn per(self) -> Per {
        self.per
    }

    /// The day or month in which an instant lies; `None` outside the years of the calendar.
    pub(crate) fn period(self, zone: &Zone, at: Timestamp) -> Option<Period> {
        let day = zone.date_of(at)?;
        let (name, last) = match self.per {
            Per::Day => (day.to_string(), day),
            Per::Month => (day.month().to_string(), day.month().last_day()),
        };
        let next = last.next().unwrap_or(BusinessDate::MAX);
        Some(Period { name: name.into(), ends_at: zone.start_of(next) })
    }
}

impl QuotasInUse {
    /// Counts days and months. Those of another kind than their company's quota of today count for nothing.
    pub(crate) fn of(periods: &[PeriodInUse]) -> Self {
        let reached = |percent: u64| {
            let has = |period: &&PeriodInUse| {
                period.quota.is_some_and(|quota| {
                    quota.per == Per::of(&period.name)
                        && period.granted.saturating_mul(100) >= quota.requests().saturating_mul(percent)
                })
            };
            periods.iter().filter(has).count() as u64
        };
        Self { near: reached(80), used_up: reached(100) }
    }
}

impl TryFrom<u64> for Requests {
    type Error = QuotaError;

    fn try_from(requests: u64) -> Result<Self, QuotaError> {
        if (1..=MOST).contains(&requests) { Ok(Self(requests)) } else { Err(QuotaError) }
    }
}

impl From<Requests> for u64 {
    fn from(requests: Requests) -> Self {
        requests.0
    }
}

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, QuotaError> {
        let (requests, per) = text.split_once('/').ok_or(QuotaError)?;
        let per = [Per::Day, Per::Month].into_iter().find(|known| known.as_str() == per).ok_or(QuotaError)?;
        let digits = requests.bytes().all(|byte| byte.is_ascii_digit());
        let requests = requests.parse().ok().filter(|_| digits).ok_or(QuotaError)?;
        Self::new(requests, per)
    }
}

impl Per {
    /// What a period of this name is: a day has one more part than a month.
    fn of(period: &str) -> Self {
        if period.matches('-').count() > 1 { Self::Day } else { Self::Month }
    }

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.requests.0, self.per.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(quota: &str, at: &str) -> (String, String) {
        let zone = "America/Sao_Paulo".parse().unwrap();
        let period = quota.parse::<Quota>().unwrap().period(&zone, at.parse().unwrap()).unwrap();
        (period.name.into(), period.ends_at.to_string())
    }

    fn of(name: &str, ends_at: &str) -> (String, String) {
        (name.to_owned(), ends_at.to_owned())
    }

    #[test]
    fn a_day_and_a_month_end_by_the_clocks_of_the_zone() {
        assert_eq!(period("1/day", "2026-11-23T02:59:59Z"), of("2026-11-22", "2026-11-23T03:00:00Z"));
        assert_eq!(period("1/day", "2026-11-23T03:00:00Z"), of("2026-11-23", "2026-11-24T03:00:00Z"));
        assert_eq!(period("1/month", "2026-12-01T02:59:59Z"), of("2026-11", "2026-12-01T03:00:00Z"));
        assert_eq!(period("1/month", "2028-02-29T12:00:00Z"), of("2028-02", "2028-03-01T03:00:00Z"));
        assert_eq!(period("1/month", "2026-12-31T12:00:00Z"), of("2026-12", "2027-01-01T03:00:00Z"));
    }

    #[test]
    fn days_of_23_and_of_25_hours_are_days() {
        // Clocks went from 23:59:59 of the 3rd to 01:00 of the 4th.
        assert_eq!(period("1/day", "2018-11-04T02:59:59Z"), of("2018-11-03", "2018-11-04T03:00:00Z"));
        assert_eq!(period("1/day", "2018-11-04T03:00:00Z"), of("2018-11-04", "2018-11-05T02:00:00Z"));
        // And in February from 23:59:59 of the 17th back to 23:00.
        assert_eq!(period("1/day", "2018-02-18T01:30:00Z"), of("2018-02-17", "2018-02-18T03:00:00Z"));
        assert_eq!(period("1/day", "2018-02-18T02:30:00Z"), of("2018-02-17", "2018-02-18T03:00:00Z"));
    }

    #[test]
    fn a_quota_reads_as_it_is_written() {
        for text in ["10000/month", "1/day", "1000000000000000/day"] {
            assert_eq!(text.parse::<Quota>().unwrap().to_string(), text);
        }
        for wrong in ["", "0/day", "+1/day", "1/week", "1", "1000000000000001/day", "1/Day"] {
            assert_eq!(wrong.parse::<Quota>(), Err(QuotaError), "{wrong}");
        }
    }

    #[test]
    fn companies_near_their_quota_are_counted_by_the_quota_of_today() {
        let period = |name: &str, granted, quota: Option<&str>| PeriodInUse {
            name: name.to_owned(),
            granted,
            quota: quota.map(|quota| quota.parse().unwrap()),
        };
        let periods = [
            period("2026-11", 79, Some("100/month")),
            period("2026-11", 80, Some("100/month")),
            period("2026-11", 100, Some("100/month")),
            period("2026-11-23", 120, Some("100/day")),
            // It was given more since, or is held by the day now, or to nothing.
            period("2026-11", 100, Some("1000/month")),
            period("2026-11", 100, Some("100/day")),
            period("2026-11", 100, None),
        ];
        assert_eq!(QuotasInUse::of(&periods), QuotasInUse { near: 3, used_up: 2 });
    }
}

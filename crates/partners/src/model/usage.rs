//! Calls that were served: how they are summed, and what may be asked of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use comporta_kernel::{BusinessDate, CompanyId, Timestamp, Uuid};
use serde::Deserialize;

/// Longest range that is asked for: a leap year.
const LONGEST: i32 = 366;

/// What a row of usage stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UsageGroup {
    /// A business day.
    #[default]
    Day,
    /// A route, by its name.
    Route,
    /// A kind of status: `2xx`, `4xx`, …
    Status,
    /// A company: for operators.
    Company,
}

/// Days, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageRange {
    /// The first one.
    pub from: BusinessDate,
    /// The last one.
    pub to: BusinessDate,
}

/// Days that are no range that may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a day not before the first one, and at most {LONGEST} days in all")]
pub struct UsageRangeError;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsageQuery {
    /// Whose calls; everybody's if left out.
    pub(crate) company: Option<CompanyId>,
    pub(crate) range: UsageRange,
    pub(crate) group: UsageGroup,
    /// Rows at most.
    pub(crate) limit: u32,
}

/// Calls that have something in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// What.
    pub of: UsageKey,
    /// How many, and how large.
    pub amount: Amount,
}

/// What calls have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsageKey {
    /// Their day.
    Day(BusinessDate),
    /// Their route.
    Route(String),
    /// The first digit of their status.
    Status(u8),
    /// Whose they are.
    Company(CompanyId),
}

/// How many calls, and how large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Calls.
    pub requests: i64,
    /// Bytes of their bodies.
    pub bytes_in: i64,
    /// Bytes of the answers' bodies.
    pub bytes_out: i64,
}

/// Calls that are alike.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) company: CompanyId,
    pub(crate) minute: Timestamp,
    /// The business day on which the minute begins.
    pub(crate) day: BusinessDate,
    pub(crate) route: Arc<str>,
    /// First digit of the status; 9 for what a limit refused.
    pub(crate) class: i16,
    pub(crate) live: bool,
    pub(crate) amount: Amount,
}

/// A meter's segment: counted whole, and once.
#[derive(Clone, Debug)]
pub(crate) struct CountedSegment {
    pub(crate) instance: Uuid,
    pub(crate) sequence: i64,
    pub(crate) served: Vec<Served>,
}

/// What is added to a row of a table of usage.
#[derive(Clone, Debug)]
pub(crate) struct Addition<T> {
    pub(crate) company: CompanyId,
    pub(crate) at: T,
    pub(crate) route: Arc<str>,
    pub(crate) class: i16,
    pub(crate) live: bool,
    pub(crate) amount: Amount,
}

impl UsageRange {
    /// A range of days.
    ///
    /// # Errors
    /// When it has no day, or too many.
    pub fn new(from: BusinessDate, to: BusinessDate) -> Result<Self, UsageRangeError> {
        let days = from.days_until(to) + 1;
        if (1..=LONGEST).contains(&days) { Ok(Self { from, to }) } else { Err(UsageRangeError) }
    }

    /// The month of a day.
    #[must_use]
    pub fn month_of(day: BusinessDate) -> Self {
        let month = day.month();
        Self { from: month.first_day(), to: month.last_day() }
    }
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
    }
}

/// What segments add to each row, the rows in the order of their keys: who writes them in one order never waits for who
/// waits for him.
pub(crate) fn additions<T: Copy + Ord>(
    segments: &[&CountedSegment],
    at: impl Fn(&Served) -> T,
) -> Vec<Addition<T>> {
    let mut sums: BTreeMap<(CompanyId, T, &Arc<str>, i16, bool), Amount> = BTreeMap::new();
    for served in segments.iter().flat_map(|segment| &segment.served) {
        let key = (served.company, at(served), &served.route, served.class, served.live);
        sums.entry(key).or_default().add(served.amount);
    }
    let additions = sums.into_iter().map(|((company, at, route, class, live), amount)| {
        let route = Arc::clone(route);
        Addition { company, at, route, class, live, amount }
    });
    additions.collect()
}

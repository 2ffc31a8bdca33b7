//! The cash-flow report: a range of days grouped by day, week or month.

use comporta_kernel::{BusinessDate, Total};

use super::{DayBalance, Movement};

/// What a report's rows stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// A row per calendar day.
    Day,
    /// A row per ISO week, Monday to Sunday, cut at the range's ends.
    Week,
    /// A row per calendar month, cut at the range's ends.
    Month,
    /// A row per category; entries without one under the empty name.
    Category,
}

/// A stretch of days with what it began with and what moved in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportRow {
    /// Its first day.
    pub from: BusinessDate,
    /// Its last day.
    pub to: BusinessDate,
    /// What it began with.
    pub opening: Total,
    /// What moved.
    pub movement: Movement,
    /// What it ended with.
    pub closing: Total,
}

/// The whole range and its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashFlow {
    /// The range as one row.
    pub whole: ReportRow,
    /// Its parts.
    pub rows: Vec<ReportRow>,
}

impl From<&DayBalance> for ReportRow {
    fn from(day: &DayBalance) -> Self {
        Self {
            from: day.date,
            to: day.date,
            opening: day.opening,
            movement: day.movement,
            closing: day.closing(),
        }
    }
}

/// Groups consecutive days; `None` when there is no day.
#[must_use]
pub fn group(days: &[DayBalance], by: GroupBy) -> Option<CashFlow> {
    let mut rows: Vec<ReportRow> = Vec::new();
    let mut whole: Option<ReportRow> = None;
    for day in days {
        match rows.last_mut() {
            Some(row) if same_group(row.from, day.date, by) => extend(row, day),
            _ => rows.push(day.into()),
        }
        match &mut whole {
            Some(whole) => extend(whole, day),
            None => whole = Some(day.into()),
        }
    }
    Some(CashFlow { whole: whole?, rows })
}

fn same_group(first: BusinessDate, day: BusinessDate, by: GroupBy) -> bool {
    match by {
        GroupBy::Day => false,
        GroupBy::Week => first.monday() == day.monday(),
        GroupBy::Month => first.month() == day.month(),
        GroupBy::Category => true,
    }
}

fn extend(row: &mut ReportRow, day: &DayBalance) {
    row.to = day.date;
    row.movement += day.movement;
    row.closing = day.closing();
    // An opening balance that enters within the row is part of what the row began with, so that
    // opening + credits - debits = closing on every row.
    row.opening = row.closing - row.movement.net();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, opening: i128, credits: i128) -> DayBalance {
        let movement = Movement { credits: Total::from_centavos(credits), debits: Total::ZERO, entries: 1 };
        DayBalance { date: date.parse().unwrap(), opening: Total::from_centavos(opening), movement }
    }

    #[test]
    fn weeks_run_from_monday_and_are_cut_at_the_ends() {
        let days = [day("2026-11-21", 0, 1), day("2026-11-22", 1, 2), day("2026-11-23", 3, 4)];
        let report = group(&days, GroupBy::Week).unwrap();
        let spans: Vec<_> = report
            .rows
            .iter()
            .map(|row| (row.from.to_string(), row.to.to_string(), row.closing.centavos()))
            .collect();
        assert_eq!(
            spans,
            [("2026-11-21".into(), "2026-11-22".into(), 3), ("2026-11-23".into(), "2026-11-23".into(), 7)]
        );
        assert_eq!((report.whole.opening.centavos(), report.whole.closing.centavos()), (0, 7));
    }

    #[test]
    fn every_row_adds_up_even_where_an_opening_balance_enters_inside_it() {
        let days = [day("2026-11-01", 0, 1), day("2026-11-02", 101, 2)];
        let report = group(&days, GroupBy::Month).unwrap();
        let row = report.rows[0];
        assert_eq!(row.opening + row.movement.net(), row.closing);
        assert_eq!(row.closing.centavos(), 103);
    }
}

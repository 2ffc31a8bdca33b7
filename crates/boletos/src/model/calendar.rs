//! The days on which banks do business with the public, in the whole country.
//!
//! Resolução CMN 4.880/2020: no business on Saturdays, Sundays, national holidays, Carnival's Monday and Tuesday, Good Friday and Corpus
//! Christi. National holidays: Leis 662/1949, 6.802/1980, 9.093/1995 and, from 2024, 14.759/2023. Holidays of states and towns
//! are not among them: a bank may be closed where this says that it is open.

use comporta_kernel::BusinessDate;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// Whether a payer can pay at a bank that day.
///
/// The last working day of the year is none: banks work then, but not for the public (FEBRABAN's calendar each year), and what is due is
/// taken without charges on the next day.
#[must_use]
pub fn is_business_day(day: BusinessDate) -> bool {
    let date = day.civil();
    works(date) && !closes_the_year(date)
}

/// The first business day from `day` on, itself included: until then what was due on `day` is paid without charges (Lei
/// 7.089/1983).
#[must_use]
pub fn next_business_day(day: BusinessDate) -> BusinessDate {
    let mut day = day;
    while !is_business_day(day) {
        // The calendar ends with 2199; nothing is due there.
        let Some(next) = day.next() else { break };
        day = next;
    }
    day
}

fn works(date: Date) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    !weekend && !is_fixed_holiday(date) && !is_movable_holiday(date)
}

fn is_fixed_holiday(date: Date) -> bool {
    match (date.month(), date.day()) {
        (1 | 5, 1) | (4, 21) | (9, 7) | (10, 12) | (11, 2 | 15) | (12, 25) => true,
        (11, 20) => date.year() >= 2024,
        _ => false,
    }
}

/// Days before Easter (negative) and after it: Carnival's Monday and Tuesday, Good Friday, Corpus Christi.
fn is_movable_holiday(date: Date) -> bool {
    // All of them lie between February and June.
    (2..=6).contains(&date.month())
        && [-48_i32, -47, -2, 60]
            .into_iter()
            .any(|days| easter(date.year()).saturating_add(days.days()) == date)
}

/// The last working day of the year: 31 December, or the Friday before.
fn closes_the_year(date: Date) -> bool {
    let mut last = date.last_of_year();
    while !works(last) {
        last = last.saturating_sub(1.day());
    }
    date == last
}

/// Easter Sunday of the Gregorian calendar, by the rule of "Butcher's Ecclesiastical Calendar" (1876), as in Meeus.
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let month_and_day = h + l - 7 * m + 114;
    let (month, day) = (month_and_day / 31, month_and_day % 31 + 1);
    Date::new(year as i16, month as i8, day as i8).unwrap_or(Date::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_falls_where_the_church_has_it() {
        for date in
            ["1961-04-02", "2000-04-23", "2008-03-23", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"]
        {
            assert_eq!(BusinessDate::from_civil(easter(day(date).civil().year())), Some(day(date)));
        }
    }

    #[test]
    fn banks_close_on_the_days_that_the_law_names() {
        for closed in [
            "2026-01-01",
            "2026-02-16",
            "2026-02-17",
            "2026-04-03",
            "2026-04-21",
            "2026-05-01",
            "2026-06-04",
            "2026-09-07",
            "2026-10-12",
            "2026-11-02",
            "2024-11-15",
            "2026-11-20",
            "2026-12-25",
            "2025-03-03",
            "2025-03-04",
            "2025-04-18",
            "2025-06-19",
            "2026-11-21",
            "2026-11-22",
        ] {
            assert!(!is_business_day(day(closed)), "{closed}");
        }
        for open in
            ["2026-02-18", "2026-04-02", "2026-06-05", "2026-07-09", "2026-11-19", "2026-12-24", "2023-11-20"]
        {
            assert!(is_business_day(day(open)), "{open}");
        }
    }

    #[test]
    fn the_years_last_working_day_is_not_for_the_public() {
        for closed in ["2026-12-31", "2023-12-29", "2022-12-30", "2024-12-31"] {
            assert!(!is_business_day(day(closed)), "{closed}");
        }
        for open in ["2026-12-30", "2023-12-28", "2022-12-29"] {
            assert!(is_business_day(day(open)), "{open}");
        }
    }

    #[test]
    fn what_is_due_on_a_day_off_can_wait_for_the_next() {
        for (due, payable) in [
            ("2026-11-23", "2026-11-23"),
            ("2026-11-21", "2026-11-23"),
            ("2026-02-14", "2026-02-18"),
            ("2026-12-31", "2027-01-04"),
            ("2023-12-29", "2024-01-02"),
            ("2199-12-31", "2199-12-31"),
        ] {
            assert_eq!(next_business_day(day(due)), day(payable), "{due}");
        }
    }
}

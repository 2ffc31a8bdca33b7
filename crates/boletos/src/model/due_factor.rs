//! The due date's four digits in a barcode, whose count began again in 2025.
//!
//! FEBRABAN, "Manual Operacional do Fator de Vencimento", and its notices on the roll-over: 1000 is 2000-07-03, 9999 is
//! 2025-02-21, and 2025-02-22 is 1000 again.

use comporta_kernel::BusinessDate;
use jiff::civil::Date;

const ZERO_DAY: Date = Date::constant(1997, 10, 7);
/// Factors that one count has: 1000 to 9999.
const CYCLE: i32 = 9_000;
const FIRST: i32 = 1_000;
const LAST: i32 = 9_999;
/// How far from the day of reading a due date may lie for its factor to mean one day only.
const BEHIND: i32 = 3_000;
const AHEAD: i32 = 5_500;

/// A due-date factor: 0 for none, else 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DueFactor(u16);

/// A due date that has no factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Before the first factor.
    #[error("expected a due date from 2000-07-03, the first that a barcode can carry")]
    TooEarly,
    /// After the second count ends: no rule is published for what follows.
    #[error("expected a due date until 2049-10-13, the last that a barcode can carry")]
    TooLate,
}

impl DueFactor {
    /// No due date: payable on sight.
    pub const NONE: Self = Self(0);

    /// The factor of a due date from 2000-07-03 to 2049-10-13.
    ///
    /// # Errors
    /// The date lies outside.
    pub fn of(due: BusinessDate) -> Result<Self, FactorError> {
        match day_zero().days_until(due) {
            ..FIRST => Err(FactorError::TooEarly),
            days @ FIRST..=LAST => Ok(Self(days as u16)),
            days if days <= LAST + CYCLE => Ok(Self((days - CYCLE) as u16)),
            _ => Err(FactorError::TooLate),
        }
    }

    /// A factor as it stands in a barcode.
    pub(super) const fn from_digits(value: u16) -> Self {
        Self(value)
    }

    /// The four digits as a number.
    #[must_use]
    pub const fn value(self) -> u16 {
        self.0
    }

    /// The due date that is meant when it is read on `reference`: of the two days it can be, the one from 3,000 days before to
    /// 5,500 days after. `None` if neither is, or if it says that there is none.
    #[must_use]
    pub fn date(self, reference: BusinessDate) -> Option<BusinessDate> {
        let factor = i32::from(self.0);
        let both = match factor {
            0 => return None,
            ..FIRST => [Some(factor), None],
            _ => [Some(factor), Some(factor + CYCLE)],
        };
        both.into_iter()
            .flatten()
            .map(|days| day_zero().plus_days(days))
            .find(|date| readable(*date, reference))
    }
}

/// Whether who reads the factor of `due` on `reference` will understand that day.
fn readable(due: BusinessDate, reference: BusinessDate) -> bool {
    (-BEHIND..=AHEAD).contains(&reference.days_until(due))
}

fn day_zero() -> BusinessDate {
    BusinessDate::from_civil(ZERO_DAY).unwrap_or(BusinessDate::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    #[test]
    fn published_dates_have_their_factors() {
        for (date, factor) in [
            ("2000-07-03", 1000),
            ("2000-07-04", 1001),
            ("2002-05-01", 1667),
            ("2008-02-01", 3769),
            ("2010-11-17", 4789),
            ("2012-04-27", 5316),
            ("2025-02-20", 9998),
            ("2025-02-21", 9999),
            ("2025-02-22", 1000),
            ("2025-02-23", 1001),
            ("2026-08-15", 1539),
            ("2026-11-21", 1637),
            ("2029-05-20", 2548),
            ("2049-10-13", 9999),
        ] {
            assert_eq!(DueFactor::of(day(date)).map(DueFactor::value), Ok(factor), "{date}");
        }
        assert_eq!(DueFactor::of(day("2000-07-02")), Err(FactorError::TooEarly));
        assert_eq!(DueFactor::of(day("2049-10-14")), Err(FactorError::TooLate));
    }

    #[test]
    fn the_day_of_reading_says_which_count_is_meant() {
        for (factor, reference, date) in [
            (9999, "2026-11-21", Some("2025-02-21")),
            (1000, "2026-11-21", Some("2025-02-22")),
            (1637, "2026-11-21", Some("2026-11-21")),
            (2548, "2026-11-21", Some("2029-05-20")),
            (7500, "2026-11-21", None),
            (6000, "2026-11-21", Some("2038-11-01")),
            (1539, "2020-01-01", Some("2026-08-15")),
            (9999, "2024-12-01", Some("2025-02-21")),
            (1000, "2024-12-01", Some("2025-02-22")),
            (0, "2026-11-21", None),
            (999, "2000-01-01", Some("2000-07-02")),
        ] {
            assert_eq!(DueFactor(factor).date(day(reference)), date.map(day), "{factor} on {reference}");
        }
    }

    proptest! {
        #[test]
        fn a_date_within_the_window_is_read_back(due in 1_000..19_000i32, behind in -5_500..=3_000i32) {
            let due = day_zero().plus_days(due);
            let factor = DueFactor::of(due).unwrap();
            prop_assert!((1_000..=9_999).contains(&factor.value()));
            prop_assert_eq!(factor.date(due.plus_days(behind)), Some(due));
        }

        #[test]
        fn what_is_read_is_what_was_written(factor in 1_000..=9_999u16, reference in 0..22_000i32) {
            if let Some(date) = DueFactor(factor).date(day_zero().plus_days(reference)) {
                prop_assert_eq!(DueFactor::of(date), Ok(DueFactor(factor)));
            }
        }
    }
}

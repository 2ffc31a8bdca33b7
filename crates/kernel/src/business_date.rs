//! The day, and the month, that a movement of money belongs to.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;

/// Text that is not a day or a month of the ledger's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not a day.
    #[error("expected a calendar day YYYY-MM-DD from 1900-01-01 to 2199-12-31")]
    Day,
    /// Not a month.
    #[error("expected a month YYYY-MM from 1900-01 to 2199-12")]
    Month,
}

/// A calendar day from 1900 to 2199.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusinessDate(Date);

/// A calendar month from 1900 to 2199.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(Date);

impl BusinessDate {
    /// The first day there is.
    pub const MIN: Self = Self(Date::constant(1900, 1, 1));
    /// The last day there is.
    pub const MAX: Self = Self(Date::constant(2199, 12, 31));

    /// The day, if it lies within the ledger's years.
    #[must_use]
    pub fn from_civil(date: Date) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&date).then_some(Self(date))
    }

    /// The day as jiff knows it.
    #[must_use]
    pub const fn civil(self) -> Date {
        self.0
    }

    /// The month it lies in.
    #[must_use]
    pub fn month(self) -> Month {
        Month(self.0.first_of_month())
    }

    /// The day after, `None` after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.tomorrow().ok().and_then(Self::from_civil)
    }

    /// The Monday of its week (ISO 8601), or the first day there is.
    #[must_use]
    pub fn monday(self) -> Self {
        let back = i32::from(self.0.weekday().to_monday_zero_offset());
        self.plus_days(-back)
    }

    /// So many days later (earlier, if negative), held within the ledger's years.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        match self.0.checked_add(days.days()) {
            Ok(date) => Self(date.clamp(Self::MIN.0, Self::MAX.0)),
            Err(_) if days < 0 => Self::MIN,
            Err(_) => Self::MAX,
        }
    }

    /// How many days lie from this day to `later`; negative if it is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i32 {
        self.0.until(later.0).map_or(0, |span| span.get_days())
    }
}

impl Month {
    /// Its first day.
    #[must_use]
    pub const fn first_day(self) -> BusinessDate {
        BusinessDate(self.0)
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> BusinessDate {
        BusinessDate(self.0.last_of_month())
    }
}

impl FromStr for BusinessDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.len() == 10
            && text
                .bytes()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
        if !plain {
            return Err(DateError::Day);
        }
        text.parse().ok().and_then(Self::from_civil).ok_or(DateError::Day)
    }
}

impl FromStr for Month {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 7 || !text.is_ascii() {
            return Err(DateError::Month);
        }
        format!("{text}-01").parse::<BusinessDate>().map(BusinessDate::month).map_err(|_| DateError::Month)
    }
}

impl fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(input)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(BusinessDate, Month);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_day_reads_back_as_itself(offset in 0i32..109_572) {
            let day = BusinessDate::MIN.plus_days(offset);
            prop_assert_eq!(day.to_string().parse(), Ok(day));
            prop_assert!(day.month().first_day() <= day && day <= day.month().last_day());
            prop_assert_eq!(BusinessDate::MIN.days_until(day), offset);
        }
    }

    #[test]
    fn only_plain_days_within_the_years_are_taken() {
        for wrong in [
            "2026-02-29",
            "1899-12-31",
            "2200-01-01",
            "2026-1-1",
            "20260101",
            "2026-01-01T00:00",
            "+02026-01-01",
            "2026-01-01[UTC]",
            "",
        ] {
            assert_eq!(wrong.parse::<BusinessDate>(), Err(DateError::Day), "{wrong}");
        }
        for wrong in ["2026-13", "2026-00", "2026-1", "1899-12", "2026/01", "2026-01-01"] {
            assert_eq!(wrong.parse::<Month>(), Err(DateError::Month), "{wrong}");
        }
    }

    #[test]
    fn the_calendar_stops_at_both_ends() {
        assert_eq!(BusinessDate::MAX.next(), None);
        assert_eq!(BusinessDate::MIN.monday().to_string(), "1900-01-01");
        assert_eq!("2026-11-22".parse::<BusinessDate>().unwrap().monday().to_string(), "2026-11-16");
    }
}

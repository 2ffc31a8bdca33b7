//! The zone whose calendar says which day an entry belongs to.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::BusinessDate;

/// Text that is not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an IANA time zone such as America/Sao_Paulo")]
pub struct ZoneError;

/// An IANA time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone's IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The calendar day of an instant in this zone; `None` outside the years a business date may have.
    #[must_use]
    pub fn date_of(&self, instant: Timestamp) -> Option<BusinessDate> {
        BusinessDate::from_civil(self.0.to_datetime(instant).date())
    }

    /// The first instant of a calendar day in this zone, which is one o'clock where clocks skip midnight.
    #[must_use]
    pub fn start_of(&self, day: BusinessDate) -> Timestamp {
        // Days that a zone left out begin with the one after; no day lies outside what an instant can hold.
        let start = day.civil().to_zoned(self.0.clone()).and_then(|midnight| midnight.start_of_day());
        start.map_or(Timestamp::MAX, |start| start.timestamp())
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let zone = TimeZone::get(text).map_err(|_| ZoneError)?;
        if zone.iana_name().is_some() { Ok(Self(zone)) } else { Err(ZoneError) }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(input)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(zone: &str, instant: &str) -> String {
        let zone: Zone = zone.parse().unwrap();
        zone.date_of(instant.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_last_second_of_a_year_in_sao_paulo_is_two_fifty_nine_in_utc() {
        assert_eq!(day("America/Sao_Paulo", "2026-01-01T02:59:59Z"), "2025-12-31");
        assert_eq!(day("America/Sao_Paulo", "2026-01-01T03:00:00Z"), "2026-01-01");
    }

    #[test]
    fn days_without_a_midnight_begin_at_one_o_clock() {
        for (last_second_before, first_second, before, after) in [
            ("2017-10-15T02:59:59Z", "2017-10-15T03:00:00Z", "2017-10-14", "2017-10-15"),
            ("2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z", "2018-11-03", "2018-11-04"),
        ] {
            assert_eq!(day("America/Sao_Paulo", last_second_before), before);
            assert_eq!(day("America/Sao_Paulo", first_second), after);
        }
    }

    #[test]
    fn a_day_starts_where_the_one_before_ends() {
        let zone: Zone = "America/Sao_Paulo".parse().unwrap();
        let mut day: BusinessDate = "2017-01-01".parse().unwrap();
        for _ in 0..800 {
            let start = zone.start_of(day);
            let before = start - jiff::SignedDuration::from_nanos(1);
            assert_eq!((zone.date_of(start), zone.date_of(before)), (Some(day), Some(day.plus_days(-1))));
            day = day.plus_days(1);
        }
        let without_midnight = zone.start_of("2018-11-04".parse().unwrap());
        assert_eq!(without_midnight.to_string(), "2018-11-04T03:00:00Z");
    }

    #[test]
    fn an_hour_that_comes_twice_stays_on_its_day_both_times() {
        assert_eq!(day("America/Sao_Paulo", "2018-02-18T01:30:00Z"), "2018-02-17");
        assert_eq!(day("America/Sao_Paulo", "2018-02-18T02:30:00Z"), "2018-02-17");
        assert_eq!(day("America/Sao_Paulo", "2018-02-18T03:00:00Z"), "2018-02-18");
    }

    #[test]
    fn other_zones_keep_their_own_calendar() {
        assert_eq!(day("Asia/Tokyo", "2026-03-01T15:00:00Z"), "2026-03-02");
        assert_eq!(day("America/Noronha", "2026-03-01T01:59:59Z"), "2026-02-28");
        assert_eq!(day("Pacific/Apia", "2011-12-30T10:00:00Z"), "2011-12-31");
    }

    #[test]
    fn a_zone_must_have_a_name_in_the_database() {
        for wrong in ["", "Brasilia", "UTC+3", "-03:00", "../../etc/passwd"] {
            assert_eq!(wrong.parse::<Zone>(), Err(ZoneError), "{wrong}");
        }
    }
}

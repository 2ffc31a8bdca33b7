//! How long a replaced key goes on working beside the new one.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;

use super::json_text;

const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);
const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A time from nothing to 90 days, written as a number and a unit: `24h`, `7d`, `30m`, `0s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(SignedDuration);

/// Text that is no such time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number and one of s, m, h, d, such as 24h, and at most 90d")]
pub struct OverlapError;

impl Overlap {
    /// The old key ends at once.
    pub const NONE: Self = Self(SignedDuration::ZERO);

    /// Its length.
    #[must_use]
    pub const fn duration(self) -> SignedDuration {
        self.0
    }
}

impl Default for Overlap {
    /// A day.
    fn default() -> Self {
        Self(SignedDuration::from_hours(24))
    }
}

impl FromStr for Overlap {
    type Err = OverlapError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit)).ok_or(OverlapError)?;
        let digits = &text[..text.len() - unit.len()];
        if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OverlapError);
        }
        let number: i64 = digits.parse().map_err(|_| OverlapError)?;
        let length = SignedDuration::from_secs(number * seconds);
        if length <= LONGEST { Ok(Self(length)) } else { Err(OverlapError) }
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |&(_, seconds): &(&str, i64)| self.0.as_secs() % seconds == 0;
        let (unit, seconds) = UNITS.into_iter().find(whole).unwrap_or(("s", 1));
        write!(f, "{}{unit}", self.0.as_secs() / seconds)
    }
}

json_text!(Overlap);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_and_a_unit_make_an_overlap() {
        for (text, seconds) in [("24h", 86_400), ("0s", 0), ("30m", 1_800), ("90d", 7_776_000)] {
            assert_eq!(text.parse::<Overlap>().unwrap().duration().as_secs(), seconds, "{text}");
        }
        for wrong in ["", "h", "24", "-1h", "+1h", "1.5h", "1w", "91d", "99999999d", "24 h", "24H", "٣h"] {
            assert_eq!(wrong.parse::<Overlap>(), Err(OverlapError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(seconds in 0i64..=7_776_000) {
            let overlap = Overlap(SignedDuration::from_secs(seconds));
            prop_assert_eq!(overlap.to_string().parse(), Ok(overlap));
        }
    }
}

//! So much of each hundred.

use std::fmt;
use std::str::FromStr;

/// A percentage above 0 and up to 100, of at most four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Percent(u32);

/// Text that is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a percentage above 0 and up to 100, of at most four decimals, such as \"2.00\"")]
pub struct PercentError;

const DECIMALS: usize = 4;
/// Of one percent.
const PARTS: u32 = 10_000;

impl Percent {
    /// A hundred percent, in [`Percent::parts`].
    pub(super) const WHOLE: i128 = 1_000_000;

    /// In ten-thousandths of a percent.
    pub(super) fn parts(self) -> i128 {
        i128::from(self.0)
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let (whole, decimals) =
            text.split_once('.').map_or((text, None), |(whole, decimals)| (whole, Some(decimals)));
        let decimals =
            decimals.map_or(Ok("0"), |text| if text.is_empty() { Err(PercentError) } else { Ok(text) })?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > DECIMALS {
            return Err(PercentError);
        }
        let parts: u32 = format!("{whole}{decimals:0<DECIMALS$}").parse().map_err(|_| PercentError)?;
        if (1..=100 * PARTS).contains(&parts) { Ok(Self(parts)) } else { Err(PercentError) }
    }
}

impl fmt::Display for Percent {
    /// Without zeros that say nothing: `2`, `0.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:04}", self.0 / PARTS, self.0 % PARTS);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_exact() {
        for (text, shown) in
            [("2", "2"), ("2.00", "2"), ("0.033", "0.033"), ("100", "100"), ("0.0001", "0.0001")]
        {
            assert_eq!(text.parse::<Percent>().map(|percent| percent.to_string()).as_deref(), Ok(shown));
        }
        for wrong in ["", "0", "0.0000", "-1", "100.0001", "1.", ".5", "1,5", "0.00001", "1000", "1e1", "٣"]
        {
            assert_eq!(wrong.parse::<Percent>(), Err(PercentError), "{wrong}");
        }
    }
}

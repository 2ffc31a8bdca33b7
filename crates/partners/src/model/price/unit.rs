//! The price of one call, finer than a centavo.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde_json::value::RawValue;

/// Millionths in a whole.
const WHOLE: u64 = 1_000_000;
/// Digits before the point.
const WHOLE_DIGITS: usize = 6;
/// Digits behind the point.
const DECIMALS: usize = 6;

/// A price of one call in millionths of the currency's unit, from 0 to 999,999.999999.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnitPrice(u64);

/// Text that is no such price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a price from \"0\" to \"999999.999999\" with at most six decimals, such as \"0.015\"")]
pub struct UnitPriceError;

impl UnitPrice {
    /// A price of so many millionths.
    ///
    /// # Errors
    /// Beyond the limits of the type.
    pub const fn from_millionths(millionths: u64) -> Result<Self, UnitPriceError> {
        if millionths < 10_u64.pow((WHOLE_DIGITS + DECIMALS) as u32) {
            Ok(Self(millionths))
        } else {
            Err(UnitPriceError)
        }
    }

    /// The price in millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }
}

impl FromStr for UnitPrice {
    type Err = UnitPriceError;

    /// Reads plain decimals: no sign, no exponent, no spaces.
    fn from_str(text: &str) -> Result<Self, UnitPriceError> {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if !digits(whole, WHOLE_DIGITS) || leading_zero || fraction.is_some_and(|f| !digits(f, DECIMALS)) {
            return Err(UnitPriceError);
        }
        let millionths = format!("{whole}{:0<DECIMALS$}", fraction.unwrap_or_default());
        millionths.parse().map(Self).map_err(|_| UnitPriceError)
    }
}

impl fmt::Display for UnitPrice {
    /// At least two decimals, and no more than say something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:0DECIMALS$}", self.0 % WHOLE);
        let (cents, rest) = fraction.split_at(2);
        write!(f, "{}.{cents}{}", self.0 / WHOLE, rest.trim_end_matches('0'))
    }
}

impl fmt::Debug for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for UnitPrice {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for UnitPrice {
    /// From a JSON string or number, judged by its digits as written: only with `serde_json`.
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(input)?;
        let text = raw.get();
        if !text.starts_with('"') {
            return text.parse().map_err(D::Error::custom);
        }
        let inner: String = serde_json::from_str(text).map_err(D::Error::custom)?;
        inner.parse().map_err(D::Error::custom)
    }
}

//! Exact money: whole centavos inside, decimal text outside, never a float and never rounded.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde_json::value::RawValue;

/// Text that is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number.
    #[error("expected a decimal amount such as \"150.00\"")]
    NotDecimal,
    /// More precise than a centavo.
    #[error("expected at most two decimals")]
    TooPrecise,
    /// Too large to keep.
    #[error("expected at most 9999999999999.99")]
    TooLarge,
}

/// An amount of money in whole centavos, from -9,999,999,999,999.99 to 9,999,999,999,999.99.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Money(i64);

/// A sum of many amounts in whole centavos. Wide, so that no number of entries can overflow it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Total(i128);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount, 9,999,999,999,999.99.
    pub const MAX: Self = Self(999_999_999_999_999);

    /// An amount of so many centavos.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] beyond the limits of the type.
    pub const fn from_centavos(centavos: i64) -> Result<Self, MoneyError> {
        if centavos.unsigned_abs() > Self::MAX.0.unsigned_abs() {
            Err(MoneyError::TooLarge)
        } else {
            Ok(Self(centavos))
        }
    }

    /// The amount in whole centavos.
    #[must_use]
    pub const fn centavos(self) -> i64 {
        self.0
    }
}

impl Total {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A sum of so many centavos.
    #[must_use]
    pub const fn from_centavos(centavos: i128) -> Self {
        Self(centavos)
    }

    /// The sum in whole centavos.
    #[must_use]
    pub const fn centavos(self) -> i128 {
        self.0
    }
}

impl From<Money> for Total {
    fn from(money: Money) -> Self {
        Self(i128::from(money.0))
    }
}

impl std::ops::Add for Total {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Total {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::AddAssign for Total {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::iter::Sum for Total {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, |sum, item| sum + item)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads a JSON number's grammar (RFC 8259 section 6), whose value must be whole centavos as written.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = split_exponent(digits)?;
        let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
        let fraction =
            fraction.map_or(Ok(""), |f| if f.is_empty() { Err(MoneyError::NotDecimal) } else { Ok(f) })?;
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || (whole.len() > 1 && whole.starts_with('0'))
        {
            return Err(MoneyError::NotDecimal);
        }
        let centavos = shift(whole, fraction, exponent)?;
        Self::from_centavos(if negative { -centavos } else { centavos })
    }
}

fn split_exponent(text: &str) -> Result<(&str, i32), MoneyError> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return Ok((text, 0)) };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MoneyError::NotDecimal);
    }
    // An exponent too long for i32 still only says "far too large" or "far too precise".
    let far = if exponent.starts_with('-') { -9_999 } else { 9_999 };
    Ok((mantissa, exponent.parse().unwrap_or(far).clamp(-9_999, 9_999)))
}

/// `whole.fraction × 10^exponent` in centavos.
fn shift(whole: &str, fraction: &str, exponent: i32) -> Result<i64, MoneyError> {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    let kept = digits.trim_end_matches('0');
    let scale = i64::from(exponent) + 2 - fraction.len() as i64 + (digits.len() - kept.len()) as i64;
    if scale < 0 {
        return Err(MoneyError::TooPrecise);
    }
    if kept.len() as i64 + scale > 15 {
        return Err(MoneyError::TooLarge);
    }
    let value: i64 = kept.parse().map_err(|_| MoneyError::TooLarge)?;
    Ok(value * 10_i64.pow(scale as u32))
}

fn write_decimal(f: &mut fmt::Formatter<'_>, centavos: i128) -> fmt::Result {
    let sign = if centavos < 0 { "-" } else { "" };
    let size = centavos.unsigned_abs();
    write!(f, "{sign}{}.{:02}", size / 100, size % 100)
}

macro_rules! as_decimal_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_decimal(f, i128::from(self.0))
            }
        }

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
    )*};
}

as_decimal_text!(Money, Total);

impl<'de> serde::Deserialize<'de> for Money {
    /// From a JSON string or number, judged by its digits as written: only with `serde_json`.
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(input)?;
        let text = raw.get();
        if !text.starts_with('"') {
            return text.parse().map_err(D::Error::custom);
        }
        let inner: String = serde_json::from_str(text).map_err(D::Error::custom)?;
        // A string is for people and files: it has no exponent.
        if inner.contains(['e', 'E']) {
            return Err(D::Error::custom(MoneyError::NotDecimal));
        }
        inner.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_amount_reads_back_as_itself(centavos in -999_999_999_999_999i64..=999_999_999_999_999) {
            let money = Money::from_centavos(centavos).unwrap();
            prop_assert_eq!(money.to_string().parse(), Ok(money));
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,30}") {
            let _ = text.parse::<Money>();
        }
    }

    #[test]
    fn numbers_count_as_written() {
        for (json, centavos) in [
            ("150", 15_000),
            ("12.200", 1_220),
            ("0.10", 10),
            ("1e2", 10_000),
            ("1.5E+1", 1_500),
            ("15000e-2", 15_000),
            ("-0.01", -1),
            ("\"150.00\"", 15_000),
            ("\"7\"", 700),
            ("0e999999999999", 0),
            ("9999999999999.99", 999_999_999_999_999),
        ] {
            assert_eq!(serde_json::from_str::<Money>(json).unwrap().centavos(), centavos, "{json}");
        }
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        for (text, error) in [
            ("0.001", MoneyError::TooPrecise),
            ("1e-3", MoneyError::TooPrecise),
            ("1e-99999999999", MoneyError::TooPrecise),
            ("10000000000000", MoneyError::TooLarge),
            ("1e400", MoneyError::TooLarge),
            ("9999999999999.999", MoneyError::TooPrecise),
            ("", MoneyError::NotDecimal),
            ("-", MoneyError::NotDecimal),
            ("1.", MoneyError::NotDecimal),
            (".5", MoneyError::NotDecimal),
            ("01", MoneyError::NotDecimal),
            ("1,50", MoneyError::NotDecimal),
            ("+1", MoneyError::NotDecimal),
            ("NaN", MoneyError::NotDecimal),
            ("1e", MoneyError::NotDecimal),
            ("1 ", MoneyError::NotDecimal),
            ("٣", MoneyError::NotDecimal),
            ("--1", MoneyError::NotDecimal),
        ] {
            assert_eq!(text.parse::<Money>(), Err(error), "{text}");
        }
        for json in ["null", "true", "[1]", "{}", "\"1e2\"", "\"\"", "\"NaN\""] {
            assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_total_holds_what_no_amount_can() {
        let sum: Total = std::iter::repeat_n(Total::from(Money::MAX), 1_000_000).sum();
        assert_eq!(sum.to_string(), "9999999999999990000.00");
    }
}

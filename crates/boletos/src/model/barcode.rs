//! The 44 digits of a boleto's barcode.
//!
//! Bank (3), currency (1), check digit (1), due-date factor (4), amount in centavos (10), and 25 digits whose meaning is the
//! bank's. Banco Central, Carta-Circular 2.926; FEBRABAN's layout of collection.

use std::fmt;
use std::str::FromStr;

use comporta_kernel::Money;

use super::check_digits::mod11;
use super::digits::{is_digits, number, text, write_number};
use super::{Amount, Bank, DueFactor};

const LENGTH: usize = 44;
const CHECK: usize = 4;
/// The only currency there is: the real.
const REAL: u8 = b'9';
/// What the barcodes of utility bills and taxes begin with.
pub(super) const COLLECTION: u8 = b'8';

/// The 25 digits that are the bank's own, as ASCII.
pub type FreeField = [u8; 25];

/// The barcode of a boleto, its check digit right.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Barcode([u8; LENGTH]);

/// Text that is no boleto's barcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BarcodeError {
    /// Not 44 digits.
    #[error("expected a barcode of 44 digits")]
    Form,
    /// A bill of a utility or a tax, with a standard of its own.
    #[error("this is the bill of a utility, a tax or the like (it begins with 8), not a boleto of a bank")]
    Collection,
    /// Another currency than the real.
    #[error("the currency (digit 4) is {found}, expected 9, the real")]
    Currency {
        /// The digit that stands there.
        found: char,
    },
    /// Some digit is wrong.
    #[error("the check digit of the barcode is {found}, but its other digits ask for {expected}")]
    CheckDigit {
        /// The digit that stands there.
        found: char,
        /// The digit that the others ask for.
        expected: char,
    },
}

impl Barcode {
    /// The barcode of a boleto. Without an amount, the payer says how much. The free field is what
    /// [`super::BankAccount::free_field`] makes, or the bank gave.
    #[must_use]
    pub fn of(bank: Bank, due: DueFactor, amount: impl Into<Option<Amount>>, free_field: &FreeField) -> Self {
        let mut digits = [b'0'; LENGTH];
        digits[..3].copy_from_slice(bank.code().as_bytes());
        digits[3] = REAL;
        write_number(&mut digits[5..9], u64::from(due.value()));
        write_number(&mut digits[9..19], amount.into().map_or(0, Amount::centavos));
        digits[19..].copy_from_slice(free_field);
        digits[CHECK] = check_digit(&digits);
        Self(digits)
    }

    /// What 44 ASCII digits say, checked.
    pub(super) fn from_digits(digits: [u8; LENGTH]) -> Result<Self, BarcodeError> {
        if digits[0] == COLLECTION {
            return Err(BarcodeError::Collection);
        }
        if digits[3] != REAL {
            return Err(BarcodeError::Currency { found: char::from(digits[3]) });
        }
        let expected = check_digit(&digits);
        if digits[CHECK] != expected {
            let found = char::from(digits[CHECK]);
            return Err(BarcodeError::CheckDigit { found, expected: char::from(expected) });
        }
        Ok(Self(digits))
    }

    /// The 44 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// The 44 digits as ASCII.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The three digits of the bank, which may be one whose rules are not known here.
    #[must_use]
    pub fn bank_code(&self) -> &str {
        text(&self.0[..3])
    }

    /// The due date's factor.
    #[must_use]
    pub fn due_factor(&self) -> DueFactor {
        DueFactor::from_digits(number(&self.0[5..9]) as u16)
    }

    /// The amount; zero where the barcode leaves it open.
    #[must_use]
    pub fn amount(&self) -> Money {
        Money::from_centavos(number(&self.0[9..19]) as i64).unwrap_or(Money::ZERO)
    }

    /// The 25 digits that are the bank's own.
    #[must_use]
    pub fn free_field(&self) -> &str {
        text(&self.0[19..])
    }
}

/// Modulus 11 over the other 43 digits, where 10 and 11 become 1: it is never 0.
fn check_digit(digits: &[u8; LENGTH]) -> u8 {
    match mod11(&[&digits[..CHECK], &digits[CHECK + 1..]], 9) {
        10 | 11 => b'1',
        digit => b'0' + digit,
    }
}

impl FromStr for Barcode {
    type Err = BarcodeError;

    fn from_str(text: &str) -> Result<Self, BarcodeError> {
        let digits: [u8; LENGTH] = text.as_bytes().try_into().map_err(|_| BarcodeError::Form)?;
        if is_digits(&digits) { Self::from_digits(digits) } else { Err(BarcodeError::Form) }
    }
}

impl fmt::Display for Barcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Barcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BARCODE: &str = "00193373700000001000500940144816060680935031";

    #[test]
    fn published_barcodes_have_their_check_digits() {
        for (others, digit) in [
            ("0019373700000001000500940144816060680935031", "3"),
            ("3419166700000123451101234567880057123457000", "6"),
            ("7459588800000774303611264424020000000002674", "4"),
            ("7459588800000580253611264424020000000003131", "1"),
        ] {
            let barcode = format!("{}{digit}{}", &others[..4], &others[4..]);
            assert_eq!(barcode.parse::<Barcode>().unwrap().as_str(), barcode);
        }
    }

    #[test]
    fn the_fields_stand_where_the_standard_says() {
        let barcode: Barcode = BARCODE.parse().unwrap();
        assert_eq!((barcode.bank_code(), barcode.due_factor().value()), ("001", 3737));
        assert_eq!(barcode.amount().to_string(), "1.00");
        assert_eq!(barcode.free_field(), "0500940144816060680935031");
    }

    #[test]
    fn what_is_no_barcode_of_a_boleto_says_why() {
        for (text, error) in [
            ("", BarcodeError::Form),
            (&BARCODE[1..], BarcodeError::Form),
            ("0019337370000000100050094014481606068093503x", BarcodeError::Form),
            ("83860000005096000190000008017823000034306271", BarcodeError::Collection),
            ("00183373700000001000500940144816060680935031", BarcodeError::Currency { found: '8' }),
            (
                "00194373700000001000500940144816060680935031",
                BarcodeError::CheckDigit { found: '4', expected: '3' },
            ),
        ] {
            assert_eq!(text.parse::<Barcode>(), Err(error), "{text}");
        }
    }

    proptest! {
        /// The standard itself lets remainders 0, 1 and 10 share the digit 1; between those a change is not seen.
        #[test]
        fn a_changed_digit_is_refused_wherever_the_standard_can_see_it(at in 0..LENGTH, step in 1..10u8) {
            let mut digits: [u8; LENGTH] = BARCODE.as_bytes().try_into().unwrap();
            let before = mod11(&[&digits[..4], &digits[5..]], 9);
            digits[at] = b'0' + (digits[at] - b'0' + step) % 10;
            let after = mod11(&[&digits[..4], &digits[5..]], 9);
            let shared = |complement| matches!(complement, 1 | 10 | 11);
            let unseen = at != CHECK && shared(before) && shared(after);
            prop_assert_eq!(std::str::from_utf8(&digits).unwrap().parse::<Barcode>().is_ok(), unseen);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9 é]{40,46}") {
            let _ = text.parse::<Barcode>();
        }
    }
}

//! The 47 digits that a payer types: the barcode in another order, with a check digit for each of three fields.

use std::fmt;
use std::str::FromStr;

use super::barcode::COLLECTION;
use super::check_digits::mod10;
use super::digits::text;
use super::{Barcode, BarcodeError};

const LENGTH: usize = 47;
/// The line of a utility's bill has four fields of 12.
const COLLECTION_LENGTH: usize = 48;
/// Where each of the first three fields begins, and its check digit stands.
const FIELDS: [(usize, usize); 3] = [(0, 9), (10, 20), (21, 31)];
/// Room for every separator a printed line has, and some to spare.
const LONGEST_INPUT: usize = 80;

/// A digitable line, all of its check digits right.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DigitableLine {
    digits: [u8; LENGTH],
    barcode: Barcode,
}

/// Text that is no boleto's digitable line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not 47 digits.
    #[error("expected a digitable line of 47 digits, with or without points and spaces")]
    Form,
    /// A bill of a utility or a tax, with a standard of its own.
    #[error("this is the line of a utility's, a tax's or a like bill (48 digits), not of a boleto of a bank")]
    Collection,
    /// Some digit of a field is wrong.
    #[error("the check digit of field {field} is {found}, but its other digits ask for {expected}")]
    Field {
        /// Which field: 1, 2 or 3.
        field: u8,
        /// The digit that stands there.
        found: char,
        /// The digit that the others ask for.
        expected: char,
    },
    /// The fields are right, but not together.
    #[error(transparent)]
    Barcode(#[from] BarcodeError),
}

impl DigitableLine {
    /// The barcode that the line stands for.
    #[must_use]
    pub const fn barcode(&self) -> Barcode {
        self.barcode
    }

    /// The 47 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.digits)
    }

    /// As it is printed: `AAABC.CCCCX DDDDD.DDDDDY EEEEE.EEEEEZ K UUUUVVVVVVVVVV`.
    #[must_use]
    pub fn printed(&self) -> String {
        let line = self.as_str();
        let field = |from: usize, to: usize| format!("{}.{}", &line[from..from + 5], &line[from + 5..to]);
        format!("{} {} {} {} {}", field(0, 10), field(10, 21), field(21, 32), &line[32..33], &line[33..])
    }
}

impl From<&Barcode> for DigitableLine {
    fn from(barcode: &Barcode) -> Self {
        let bar = barcode.as_bytes();
        let mut line = [b'0'; LENGTH];
        line[..4].copy_from_slice(&bar[..4]);
        line[4..9].copy_from_slice(&bar[19..24]);
        line[10..20].copy_from_slice(&bar[24..34]);
        line[21..31].copy_from_slice(&bar[34..]);
        for (from, check) in FIELDS {
            line[check] = mod10(&[&line[from..check]]);
        }
        line[32] = bar[4];
        line[33..].copy_from_slice(&bar[5..19]);
        Self { digits: line, barcode: *barcode }
    }
}

fn barcode_digits(line: &[u8; LENGTH]) -> [u8; 44] {
    let mut bar = [b'0'; 44];
    bar[..4].copy_from_slice(&line[..4]);
    bar[4] = line[32];
    bar[5..19].copy_from_slice(&line[33..]);
    bar[19..24].copy_from_slice(&line[4..9]);
    bar[24..34].copy_from_slice(&line[10..20]);
    bar[34..].copy_from_slice(&line[21..31]);
    bar
}

impl FromStr for DigitableLine {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        if text.len() > LONGEST_INPUT {
            return Err(LineError::Form);
        }
        let mut digits = [0; COLLECTION_LENGTH];
        let mut count = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b'.' | b' ' | b'-')) {
            *digits.get_mut(count).filter(|_| byte.is_ascii_digit()).ok_or(LineError::Form)? = byte;
            count += 1;
        }
        if count == COLLECTION_LENGTH && digits[0] == COLLECTION {
            return Err(LineError::Collection);
        }
        let line = digits[..count].try_into().map_err(|_| LineError::Form)?;
        checked(line)
    }
}

fn checked(line: [u8; LENGTH]) -> Result<DigitableLine, LineError> {
    for ((from, check), field) in FIELDS.into_iter().zip(1..) {
        let expected = mod10(&[&line[from..check]]);
        if line[check] != expected {
            let found = char::from(line[check]);
            return Err(LineError::Field { field, found, expected: char::from(expected) });
        }
    }
    Ok(DigitableLine { digits: line, barcode: Barcode::from_digits(barcode_digits(&line))? })
}

impl fmt::Display for DigitableLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DigitableLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Amount, Bank, DueFactor};
    use comporta_kernel::Money;
    use proptest::prelude::*;

    const LINE: &str = "00190500954014481606906809350314337370000000100";
    const PRINTED: &str = "00190.50095 40144.816069 06809.350314 3 37370000000100";

    #[test]
    fn a_line_is_read_with_and_without_its_separators() {
        let line: DigitableLine = LINE.parse().unwrap();
        assert_eq!(line.printed(), PRINTED);
        assert_eq!(PRINTED.parse(), Ok(line));
        assert_eq!(line.barcode().as_str(), "00193373700000001000500940144816060680935031");
    }

    #[test]
    fn what_is_no_line_says_why() {
        let field = |field, found, expected| LineError::Field { field, found, expected };
        for (text, error) in [
            ("", LineError::Form),
            (&LINE[1..], LineError::Form),
            ("0019050095401448160690680935031433737000000010a", LineError::Form),
            ("836600000050096000190009000801782308000343062712", LineError::Collection),
            ("001905009540144816069068093503143373700000001000", LineError::Form),
            (&" ".repeat(81), LineError::Form),
            ("00190500964014481606906809350314337370000000100", field(1, '6', '5')),
            ("00190500954014481606806809350314337370000000100", field(2, '8', '9')),
            ("00190500954014481606906809350315337370000000100", field(3, '5', '4')),
            (
                "00190500954014481606906809350314437370000000100",
                LineError::Barcode(BarcodeError::CheckDigit { found: '4', expected: '3' }),
            ),
        ] {
            assert_eq!(text.parse::<DigitableLine>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn line_and_barcode_say_the_same(
            bank in 0..Bank::ALL.len(), factor in 1_000..=9_999u16, centavos in 1..=9_999_999_999i64, free in "[0-9]{25}"
        ) {
            let amount = Amount::try_from(Money::from_centavos(centavos).unwrap()).unwrap();
            let free = free.as_bytes().try_into().unwrap();
            let barcode = Barcode::of(Bank::ALL[bank], DueFactor::from_digits(factor), amount, &free);
            let line = DigitableLine::from(&barcode);
            prop_assert_eq!(line.barcode(), barcode);
            prop_assert_eq!(line.as_str().parse(), Ok(line));
            prop_assert_eq!(line.printed().parse(), Ok(line));
            prop_assert_eq!(barcode.as_str().parse(), Ok(barcode));
            prop_assert_eq!((barcode.due_factor().value(), barcode.amount().centavos()), (factor, centavos));
        }

        #[test]
        fn a_changed_digit_of_the_first_three_fields_is_always_refused(at in 0..32usize, step in 1..10u8) {
            let mut digits: [u8; LENGTH] = LINE.as_bytes().try_into().unwrap();
            digits[at] = b'0' + (digits[at] - b'0' + step) % 10;
            let text = std::str::from_utf8(&digits).unwrap();
            let of_a_field = matches!(text.parse::<DigitableLine>(), Err(LineError::Field { .. }));
            prop_assert!(of_a_field);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9. é]{0,90}") {
            let _ = text.parse::<DigitableLine>();
        }
    }
}

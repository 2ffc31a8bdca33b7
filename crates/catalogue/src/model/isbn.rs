//! International Standard Book Numbers (ISO 2108), read with their check digit.

use std::fmt;
use std::str::FromStr;

const LENGTH: usize = 13;
/// Room for every separator a printed ISBN has, and some to spare.
const LONGEST_INPUT: usize = 32;

/// An ISBN, kept as its 13 digits. Hyphens and spaces are left out, and an ISBN-10 becomes the ISBN-13 that names
/// the same book: 978, its first nine digits, and a new check digit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Isbn([u8; LENGTH]);

/// Text that is not an ISBN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IsbnError {
    /// Neither form of an ISBN.
    #[error("expected an ISBN: 10 digits (the last may be X) or 13 that begin with 978 or 979")]
    Form,
    /// The check digit says that some digit is wrong.
    #[error("the ISBN's check digit does not fit its other digits")]
    CheckDigit,
}

impl FromStr for Isbn {
    type Err = IsbnError;

    fn from_str(text: &str) -> Result<Self, IsbnError> {
        if text.len() > LONGEST_INPUT {
            return Err(IsbnError::Form);
        }
        let signs: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')).collect();
        match signs.as_slice() {
            [nine @ .., check] if nine.len() == 9 => from_ten(nine, *check),
            thirteen => from_thirteen(thirteen),
        }
    }
}

/// The weighted sum of an ISBN-10, check digit included, is a multiple of 11.
fn from_ten(nine: &[u8], check: u8) -> Result<Isbn, IsbnError> {
    if !nine.iter().all(u8::is_ascii_digit) {
        return Err(IsbnError::Form);
    }
    let check = match check {
        b'X' | b'x' => 10,
        b'0'..=b'9' => u32::from(check - b'0'),
        _ => return Err(IsbnError::Form),
    };
    let weighted = nine.iter().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight);
    if !(weighted.sum::<u32>() + check).is_multiple_of(11) {
        return Err(IsbnError::CheckDigit);
    }
    let mut digits = [0; LENGTH];
    digits[..3].copy_from_slice(b"978");
    digits[3..12].copy_from_slice(nine);
    digits[12] = check_digit(&digits[..12]);
    Ok(Isbn(digits))
}

fn from_thirteen(text: &[u8]) -> Result<Isbn, IsbnError> {
    let digits: [u8; LENGTH] = text.try_into().map_err(|_| IsbnError::Form)?;
    // 979-0 is for sheet music (ISMN, ISO 10957), not for books.
    let of_a_book = digits.starts_with(b"978") || (digits.starts_with(b"979") && digits[3] != b'0');
    if !of_a_book || !digits.iter().all(u8::is_ascii_digit) {
        return Err(IsbnError::Form);
    }
    if digits[12] == check_digit(&digits[..12]) { Ok(Isbn(digits)) } else { Err(IsbnError::CheckDigit) }
}

/// The last digit of an ISBN-13: weights 1 and 3 in turn, up to the next multiple of 10 (as EAN-13).
fn check_digit(twelve: &[u8]) -> u8 {
    let weighted =
        twelve.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| (digit - b'0') * weight);
    let sum: u32 = weighted.map(u32::from).sum();
    b"0987654321"[(sum % 10) as usize]
}

impl fmt::Display for Isbn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Isbn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_name_the_same_book() {
        for (text, kept) in [
            ("9780306406157", "9780306406157"),
            ("0306406152", "9780306406157"),
            ("0-306-40615-2", "9780306406157"),
            ("978-0-306-40615-7", "9780306406157"),
            ("978 85 359 1066 7", "9788535910667"),
            ("080442957X", "9780804429573"),
            ("0-8044-2957-x", "9780804429573"),
            ("9791090636071", "9791090636071"),
        ] {
            match text.parse::<Isbn>() {
                Ok(isbn) => assert_eq!(isbn.to_string(), kept, "{text}"),
                Err(error) => panic!("{text}: {error}"),
            }
        }
    }

    #[test]
    fn what_is_no_isbn_says_why() {
        for (text, error) in [
            ("", IsbnError::Form),
            ("123", IsbnError::Form),
            ("03064061520", IsbnError::Form),
            ("X306406152", IsbnError::Form),
            ("4006381333931", IsbnError::Form),
            ("9790060115615", IsbnError::Form),
            ("978030640615X", IsbnError::Form),
            ("978٠306406157", IsbnError::Form),
            (&"-".repeat(40), IsbnError::Form),
            ("0306406153", IsbnError::CheckDigit),
            ("9780306406158", IsbnError::CheckDigit),
            ("9780306406517", IsbnError::CheckDigit),
        ] {
            assert_eq!(text.parse::<Isbn>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_seen(at in 3..12usize, step in 1..10u8) {
            let mut digits = *b"9780306406157";
            digits[at] = b'0' + (digits[at] - b'0' + step) % 10;
            prop_assert_eq!(std::str::from_utf8(&digits).unwrap().parse::<Isbn>(), Err(IsbnError::CheckDigit));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9Xx é]{0,40}") {
            let _ = text.parse::<Isbn>();
        }
    }
}

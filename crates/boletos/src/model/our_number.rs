//! Our number ("nosso número"): what a bank knows a boleto by.

use std::fmt;

use super::digits::write_number;

/// Room for the longest, Banco do Brasil's 17 digits.
const LONGEST: usize = 20;

/// The number of a boleto at its bank, without check digits or what the account adds: so many decimal digits. An account makes it
/// ([`super::BankAccount::number`]) or reads it ([`super::BankAccount::read_number`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OurNumber {
    value: u64,
    width: u8,
}

/// A number that the account does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a number, or not one in the bank's form.
    #[error(
        "expected at most {width} digits, or the number as the bank prints it, with the right check digits"
    )]
    Form {
        /// How many digits the bank has for it.
        width: u8,
    },
    /// The sequence is used up, or has not begun.
    #[error("sequence number {sequence} is not from 1 to {most}, which is all that the bank has digits for")]
    OutOfSequence {
        /// The number asked for.
        sequence: u64,
        /// The last that the bank has digits for.
        most: u64,
    },
    /// The bank numbers the boletos of this wallet itself.
    #[error("the bank itself numbers the boletos of this wallet: its number must be given")]
    GivenByTheBank,
}

impl OurNumber {
    /// The caller knows that the value fits, and that the width is at most 19.
    pub(super) const fn new(value: u64, width: u8) -> Self {
        Self { value, width }
    }

    /// The digits as a number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.value
    }

    /// How many digits it is written with.
    #[must_use]
    pub const fn width(self) -> u8 {
        self.width
    }
}

impl fmt::Display for OurNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [b'0'; LONGEST];
        write_number(&mut digits, self.value);
        let from = LONGEST.saturating_sub(usize::from(self.width));
        f.write_str(super::digits::text(&digits[from..]))
    }
}

impl fmt::Debug for OurNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

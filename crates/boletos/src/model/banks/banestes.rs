//! Banestes (021): our number, account with its digit, the kind of collection, the bank, and a pair of check digits.
//!
//! Source: Banestes, "Manual de cobrança", ASBACE key.

use super::super::check_digits::{double_digit, mod11_or_zero};
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Banestes {
    agency: Digits<4>,
    account: Digits<10>,
    account_digit: Digits<1>,
    wallet: Digits<2>,
    /// The kind of collection; 2 is without registration, as the bank calls the usual one.
    kind: Digits<1>,
}

impl Rules for Banestes {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            account: fields.digits(Field::Account)?,
            account_digit: fields.digits(Field::AccountDigit)?,
            wallet: fields.digits(Field::Wallet)?,
            kind: fields.optional_digits(Field::Variation)?.unwrap_or(Digits(*b"2")),
        })
    }

    fn width(&self) -> u8 {
        8
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<8>::of(number.value());
        let (account, digit) = (&self.account.0, &self.account_digit.0);
        let mut field = joined(&[&number.0, account, digit, &self.kind.0, b"02100"]);
        let digits = double_digit(&field[..23]);
        field[23..].copy_from_slice(&digits);
        Ok(field)
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<8>::of(number.value());
        let first = mod11_or_zero(&[&number.0]);
        let second = mod11_or_zero(&[&number.0, &[first]]);
        format!("{}-{}{}", number.as_str(), char::from(first), char::from(second))
    }

    fn printed_account(&self) -> String {
        format!("{} / {}-{}", self.agency.as_str(), self.account.as_str(), self.account_digit.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

//! Safra (422): a seven, branch and account with their digits, our number with its digit, a two.
//!
//! Source: Safra, "Manual de cobrança", free field of registered collection.

use super::super::check_digits::mod11;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Safra {
    agency: Digits<4>,
    agency_digit: Digits<1>,
    account: Digits<8>,
    account_digit: Digits<1>,
    wallet: Digits<2>,
}

impl Rules for Safra {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            // Branches without a digit of their own carry a zero in its place.
            agency_digit: fields.optional_digits(Field::AgencyDigit)?.unwrap_or(Digits(*b"0")),
            account: fields.digits(Field::Account)?,
            account_digit: fields.digits(Field::AccountDigit)?,
            wallet: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        8
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<8>::of(number.value());
        Ok(joined(&[
            b"7",
            &self.agency.0,
            &self.agency_digit.0,
            &self.account.0,
            &self.account_digit.0,
            &number.0,
            &[digit(&number)],
            b"2",
        ]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<8>::of(number.value());
        format!("{}-{}", number.as_str(), char::from(digit(&number)))
    }

    fn printed_account(&self) -> String {
        let (agency, account) = (self.agency.as_str(), self.account.as_str());
        format!("{agency}{} / {account}{}", self.agency_digit.as_str(), self.account_digit.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

/// Ten becomes 0 and eleven 1, unlike elsewhere.
fn digit(number: &Digits<8>) -> u8 {
    match mod11(&[&number.0], 9) {
        11 => b'1',
        10 => b'0',
        digit => b'0' + digit,
    }
}

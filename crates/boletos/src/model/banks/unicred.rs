//! Unicred (136): branch, account with its digit, our number with its digit.
//!
//! Source: Unicred, "Manual de cobrança", free field.

use super::super::check_digits::mod11_or_zero;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Unicred {
    agency: Digits<4>,
    account: Digits<9>,
    account_digit: Digits<1>,
    wallet: Digits<2>,
}

impl Rules for Unicred {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            account: fields.digits(Field::Account)?,
            account_digit: fields.digits(Field::AccountDigit)?,
            wallet: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        10
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<10>::of(number.value());
        let digit = [mod11_or_zero(&[&number.0])];
        Ok(joined(&[&self.agency.0, &self.account.0, &self.account_digit.0, &number.0, &digit]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<10>::of(number.value());
        format!("{}-{}", number.as_str(), char::from(mod11_or_zero(&[&number.0])))
    }

    fn printed_account(&self) -> String {
        format!("{} / {}-{}", self.agency.as_str(), self.account.as_str(), self.account_digit.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

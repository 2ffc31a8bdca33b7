//! Banco do Nordeste (004): branch, account with its digit, our number with its digit, wallet, three zeros.
//!
//! Source: Banco do Nordeste, "Manual de cobrança"; our number's digit is modulus 11, weights 2 to 8.

use super::super::check_digits::mod11;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct BancoDoNordeste {
    agency: Digits<4>,
    account: Digits<7>,
    account_digit: Digits<1>,
    wallet: Digits<2>,
}

impl Rules for BancoDoNordeste {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            account: fields.digits(Field::Account)?,
            account_digit: fields.digits(Field::AccountDigit)?,
            wallet: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        7
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<7>::of(number.value());
        Ok(joined(&[
            &self.agency.0,
            &self.account.0,
            &self.account_digit.0,
            &number.0,
            &[digit(&number)],
            &self.wallet.0,
            b"000",
        ]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<7>::of(number.value());
        format!("{}-{}", number.as_str(), char::from(digit(&number)))
    }

    fn printed_account(&self) -> String {
        format!("{} / {}-{}", self.agency.as_str(), self.account.as_str(), self.account_digit.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

fn digit(number: &Digits<7>) -> u8 {
    match mod11(&[&number.0], 8) {
        10 | 11 => b'0',
        digit => b'0' + digit,
    }
}

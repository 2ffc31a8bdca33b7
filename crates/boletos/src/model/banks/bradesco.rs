//! Bradesco (237), and Uniprime (084) after it: branch, wallet, our number, account, a zero.
//!
//! Source: Bradesco, "Manual operacional de cobrança", layout of the barcode; our number's digit is modulus 11, weights 2 to 7.

use super::super::check_digits::mod11_or_letter;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Bradesco {
    agency: Digits<4>,
    agency_digit: Option<u8>,
    account: Digits<7>,
    account_digit: Option<u8>,
    wallet: Digits<2>,
}

impl Rules for Bradesco {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            agency_digit: fields.check_sign(Field::AgencyDigit)?,
            account: fields.digits(Field::Account)?,
            account_digit: fields.check_sign(Field::AccountDigit)?,
            wallet: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        11
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<11>::of(number.value());
        Ok(joined(&[&self.agency.0, &self.wallet.0, &number.0, &self.account.0, b"0"]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<11>::of(number.value());
        let digit = char::from(mod11_or_letter(&[&self.wallet.0, &number.0], 7, b'P'));
        format!("{}/{}-{digit}", self.wallet.as_str(), number.as_str())
    }

    fn printed_account(&self) -> String {
        let (agency, account) = (dash(self.agency_digit), dash(self.account_digit));
        format!("{}{agency} / {}{account}", self.agency.as_str(), self.account.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

//! Ailos (085): agreement, account with its digit, our number, wallet.
//!
//! Source: Ailos, "Manual de cobrança", our number and free field.

use super::super::check_digits::mod11_or_zero;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Ailos {
    agency: Option<Digits<4>>,
    agreement: Digits<6>,
    account: Digits<7>,
    account_digit: u8,
    wallet: Digits<2>,
}

impl Rules for Ailos {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let account: Digits<7> = fields.digits(Field::Account)?;
        let account_digit = mod11_or_zero(&[&account.0]);
        fields.expect_check_sign(Field::AccountDigit, account_digit)?;
        Ok(Self {
            agency: fields.optional_digits(Field::Agency)?,
            agreement: fields.digits_of(&CODE)?,
            account,
            account_digit,
            wallet: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        9
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<9>::of(number.value());
        let digit = [self.account_digit];
        Ok(joined(&[&self.agreement.0, &self.account.0, &digit, &number.0, &self.wallet.0]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        format!("{}{}{number}", self.account.as_str(), char::from(self.account_digit))
    }

    fn printed_account(&self) -> String {
        let agency = self.agency.map(|agency| format!("{} / ", agency.as_str())).unwrap_or_default();
        format!("{agency}{}-{}", self.account.as_str(), char::from(self.account_digit))
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

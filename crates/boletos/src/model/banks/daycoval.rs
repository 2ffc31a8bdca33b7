//! Daycoval (707): branch, wallet, the client's operation, our number with its digit.
//!
//! Source: Daycoval, "Manual de cobrança", free field.

use super::super::check_digits::mod10;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Daycoval {
    agency: Digits<4>,
    agency_digit: Option<u8>,
    account: Option<Digits<7>>,
    account_digit: Option<u8>,
    wallet: Digits<3>,
    operation: Digits<7>,
}

impl Daycoval {
    fn digit(&self, number: &Digits<10>) -> u8 {
        mod10(&[&self.agency.0, &self.wallet.0, &number.0])
    }
}

impl Rules for Daycoval {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            agency_digit: fields.check_sign(Field::AgencyDigit)?,
            account: fields.optional_digits(Field::Account)?,
            account_digit: fields.check_sign(Field::AccountDigit)?,
            wallet: fields.digits(Field::Wallet)?,
            operation: fields.digits(Field::Operation)?,
        })
    }

    fn width(&self) -> u8 {
        10
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<10>::of(number.value());
        let digit = [self.digit(&number)];
        Ok(joined(&[&self.agency.0, &self.wallet.0, &self.operation.0, &number.0, &digit]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<10>::of(number.value());
        let agency_digit = self.agency_digit.map(char::from).map(String::from).unwrap_or_default();
        let digit = char::from(self.digit(&number));
        format!("{}{agency_digit}/{}/{}-{digit}", self.agency.as_str(), self.wallet.as_str(), number.as_str())
    }

    fn printed_account(&self) -> String {
        let agency = format!("{}{}", self.agency.as_str(), dash(self.agency_digit));
        match &self.account {
            Some(account) => format!("{agency} / {}{}", account.as_str(), dash(self.account_digit)),
            None => agency,
        }
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

//! Inter (077): branch, wallet, the client's operation, our number with its digit.
//!
//! Source: Inter, "Manual CNAB 400, emissão de boletos de cobrança". Of wallet 112 the bank itself numbers.

use super::super::check_digits::mod10;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Inter {
    agency: Digits<4>,
    wallet: Digits<3>,
    operation: Digits<7>,
    account: Option<Digits<10>>,
    account_digit: Option<u8>,
}

impl Inter {
    fn digit(&self, number: &Digits<10>) -> u8 {
        mod10(&[&self.agency.0, &self.wallet.0, &number.0])
    }
}

impl Rules for Inter {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let wallet: Digits<3> = fields.digits(Field::Wallet)?;
        if !matches!(wallet.as_str(), "110" | "112") {
            return Err(fault(Field::Wallet, FieldFault::Unknown { expected: "110 or 112" }));
        }
        Ok(Self {
            // The bank has one branch.
            agency: fields.optional_digits(Field::Agency)?.unwrap_or(Digits(*b"0001")),
            wallet,
            operation: fields.digits_of(&[Field::Operation, Field::Agreement])?,
            account: fields.optional_digits(Field::Account)?,
            account_digit: fields.check_sign(Field::AccountDigit)?,
        })
    }

    fn width(&self) -> u8 {
        10
    }

    fn number(&self, sequence: u64, _issued: BusinessDate) -> Result<OurNumber, NumberError> {
        match self.wallet.as_str() {
            "112" => Err(NumberError::GivenByTheBank),
            _ => in_sequence(sequence, self.width()),
        }
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<10>::of(number.value());
        let digit = [self.digit(&number)];
        Ok(joined(&[&self.agency.0, &self.wallet.0, &self.operation.0, &number.0, &digit]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<10>::of(number.value());
        let digit = char::from(self.digit(&number));
        format!("{}/{}/{}-{digit}", self.agency.as_str(), self.wallet.as_str(), number.as_str())
    }

    fn printed_account(&self) -> String {
        let account = self.account.map(|account| account.as_str().trim_start_matches('0').to_owned());
        match account {
            Some(account) => format!("{} / {account}{}", self.agency.as_str(), dash(self.account_digit)),
            None => self.agency.as_str().to_owned(),
        }
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

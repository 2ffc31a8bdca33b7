//! BRB (070): the increment, branch, account, category, our number, the bank, and a pair of check digits.
//!
//! Source: BRB, "Manual de cobrança", ASBACE key.

use super::super::check_digits::double_digit;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Brb {
    /// What the bank has beneficiaries put before the key: zeros, unless it says otherwise.
    increment: Digits<3>,
    agency: Digits<3>,
    account: Digits<7>,
    category: Digits<1>,
}

impl Brb {
    fn key(&self, number: OurNumber) -> FreeField {
        let number = Digits::<6>::of(number.value());
        let (increment, agency, account) = (&self.increment.0, &self.agency.0, &self.account.0);
        let mut field = joined(&[increment, agency, account, &self.category.0, &number.0, b"07000"]);
        let digits = double_digit(&field[..23]);
        field[23..].copy_from_slice(&digits);
        field
    }
}

impl Rules for Brb {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            increment: fields.optional_digits(Field::Variation)?.unwrap_or(Digits(*b"000")),
            agency: fields.digits(Field::Agency)?,
            account: fields.digits(Field::Account)?,
            category: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        6
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        Ok(self.key(number))
    }

    /// From the category on: the number is long because its check digits are the key's.
    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        text(&self.key(number)[13..]).to_owned()
    }

    fn printed_account(&self) -> String {
        format!("000 - {} - {}", self.agency.as_str(), self.account.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.category.as_str().to_owned()
    }
}

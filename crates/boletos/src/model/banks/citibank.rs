//! Citibank (745): the product, its portfolio, the agreement from its second digit, our number with its digit.
//!
//! Source: Citibank, "Manual de cobrança", free field.

use super::super::check_digits::mod11_or_zero;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Citibank {
    agency: Digits<4>,
    product: Digits<1>,
    portfolio: Digits<3>,
    agreement: Digits<10>,
}

impl Rules for Citibank {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            product: fields.digits(Field::Wallet)?,
            portfolio: fields.digits(Field::Variation)?,
            agreement: fields.digits_of(&CODE)?,
        })
    }

    fn width(&self) -> u8 {
        11
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<11>::of(number.value());
        let digit = [mod11_or_zero(&[&number.0])];
        Ok(joined(&[&self.product.0, &self.portfolio.0, &self.agreement.0[1..], &number.0, &digit]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<11>::of(number.value());
        format!("{}.{}", number.as_str(), char::from(mod11_or_zero(&[&number.0])))
    }

    fn printed_account(&self) -> String {
        format!("{} / {}", self.agency.as_str(), self.agreement.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.product.as_str().to_owned()
    }
}

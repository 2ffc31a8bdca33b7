//! Santander (033): a nine, the beneficiary's code, our number with its digit, a zero (no insurance tax), wallet.
//!
//! Source: Santander, "Layout de cobrança", description of the barcode. Variation 2 has numbers of 13 digits, whose digit the barcode
//! leaves out.

use super::super::check_digits::mod11_or_zero;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Santander {
    agency: Option<Digits<4>>,
    beneficiary: Digits<7>,
    wallet: Digits<3>,
    /// Numbers of 13 digits.
    long: bool,
}

impl Rules for Santander {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let long = match fields.get(Field::Variation) {
            None | Some("1") => false,
            Some("2") => true,
            Some(_) => return Err(fault(Field::Variation, FieldFault::Unknown { expected: "1 or 2" })),
        };
        Ok(Self {
            agency: fields.optional_digits(Field::Agency)?,
            beneficiary: fields.digits_of(&CODE)?,
            wallet: fields.digits(Field::Wallet)?,
            long,
        })
    }

    fn width(&self) -> u8 {
        if self.long { 13 } else { 12 }
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let mut digits = Digits::<13>::of(number.value()).0;
        if !self.long {
            digits.rotate_left(1);
            digits[12] = mod11_or_zero(&[&digits[..12]]);
        }
        Ok(joined(&[b"9", &self.beneficiary.0, &digits, b"0", &self.wallet.0]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let digits = number.to_string();
        let digit = char::from(mod11_or_zero(&[digits.as_bytes()]));
        format!("{digits}-{digit}")
    }

    fn printed_account(&self) -> String {
        match &self.agency {
            Some(agency) => format!("{} / {}", agency.as_str(), self.beneficiary.as_str()),
            None => self.beneficiary.as_str().to_owned(),
        }
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

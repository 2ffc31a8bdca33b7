//! C6 (336): the beneficiary's code, our number, wallet, and a sign of the layout.
//!
//! Source: C6 Bank, "Layout CNAB 400" 2.7, July 2025.

use super::super::check_digits::mod11_or_letter;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct C6 {
    agency: Option<Digits<4>>,
    beneficiary: Digits<12>,
    wallet: Digits<2>,
    /// 3: the bank prints the slip; 4: the beneficiary does.
    layout: u8,
}

impl Rules for C6 {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let wallet: Digits<2> = fields.digits(Field::Wallet)?;
        let layout = match wallet.as_str() {
            "10" => b'3',
            "20" => b'4',
            _ => return Err(fault(Field::Wallet, FieldFault::Unknown { expected: "10 or 20" })),
        };
        let (agency, beneficiary) = (fields.optional_digits(Field::Agency)?, fields.digits_of(&CODE)?);
        Ok(Self { agency, beneficiary, wallet, layout })
    }

    fn width(&self) -> u8 {
        10
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<10>::of(number.value());
        Ok(joined(&[&self.beneficiary.0, &number.0, &self.wallet.0, &[self.layout]]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<10>::of(number.value());
        let digit = mod11_or_letter(&[b"0", &self.wallet.0, &number.0], 7, b'P');
        format!("{}-{}", number.as_str(), char::from(digit))
    }

    fn printed_account(&self) -> String {
        let agency = self.agency.map(|agency| format!("{} / ", agency.as_str())).unwrap_or_default();
        format!("{agency}{}", self.beneficiary.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

//! Banrisul (041): direct collection, branch, the beneficiary's code, our number, 40, and a pair of check digits.
//!
//! Source: Banrisul, "Manual de cobrança", free field and double digit ("NC").

use super::super::check_digits::double_digit;
use super::super::digits::Digits;
use super::*;

/// Direct collection; slips printed by the beneficiary.
const PRODUCT: &[u8] = b"21";
const SYSTEM: &[u8] = b"40";

#[derive(Debug, Clone)]
pub(in super::super) struct Banrisul {
    agency: Digits<4>,
    code: Digits<7>,
    /// The check digits of the code, where they are known.
    code_digits: Option<Digits<2>>,
    wallet: Digits<1>,
}

impl Banrisul {
    /// Seven digits; nine with their own pair of check digits; or thirteen with the branch before.
    fn code(fields: &AccountFields<'_>) -> Result<(Digits<7>, Option<Digits<2>>), FieldError> {
        let (field, text) = fields.required(&CODE)?;
        let agency: Digits<4> = fields.digits(Field::Agency)?;
        let wrong =
            fault(field, FieldFault::Unknown { expected: "a code of 7 digits, or 9 with its check digits" });
        let own = match text.len() {
            13 => text.strip_prefix(agency.as_str()).ok_or(wrong)?,
            _ => text,
        };
        let (code, digits) = if own.len() == 9 { own.split_at(7) } else { (own, "") };
        Ok((Digits::padded(code).ok_or(wrong)?, Digits::padded(digits)))
    }
}

impl Rules for Banrisul {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let (code, code_digits) = Self::code(fields)?;
        Ok(Self {
            agency: fields.digits(Field::Agency)?,
            code,
            code_digits,
            wallet: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        8
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<8>::of(number.value());
        let mut field = joined(&[PRODUCT, &self.agency.0, &self.code.0, &number.0, SYSTEM, b"00"]);
        let digits = double_digit(&field[..23]);
        field[23..].copy_from_slice(&digits);
        Ok(field)
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<8>::of(number.value());
        format!("{}-{}", number.as_str(), text(&double_digit(&number.0)))
    }

    fn printed_account(&self) -> String {
        let (code, last) = self.code.as_str().split_at(6);
        let digits = self.code_digits.map(|digits| format!(".{}", digits.as_str())).unwrap_or_default();
        format!("{} / {code}.{last}{digits}", self.agency.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

//! HSBC (399), wallet CNR: the beneficiary's code, our number, the due date as a day of the year, a two.
//!
//! Source: HSBC, "Cobrança não registrada (CNR)". The bank left Brazil in 2016; its boletos are still read.

use super::super::check_digits::mod11_or_zero;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct Hsbc {
    agency: Option<Digits<4>>,
    beneficiary: Digits<7>,
}

impl Rules for Hsbc {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        if fields.required(&[Field::Wallet])?.1 != "CNR" {
            return Err(fault(Field::Wallet, FieldFault::Unknown { expected: "CNR" }));
        }
        let beneficiary = fields.digits(Field::Account)?;
        Ok(Self { agency: fields.optional_digits(Field::Agency)?, beneficiary })
    }

    fn width(&self) -> u8 {
        13
    }

    fn free_field(&self, number: OurNumber, title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<13>::of(number.value());
        let due = title.due.civil();
        let day = due.day_of_year().unsigned_abs() * 10 + due.year().unsigned_abs() % 10;
        Ok(joined(&[&self.beneficiary.0, &number.0, &Digits::<4>::of(u64::from(day)).0, b"2"]))
    }

    /// Two check digits with a four between, which says that there is a due date; the second is over the sum of number, code
    /// and date.
    fn printed_number(&self, number: OurNumber, title: &Title<'_>) -> String {
        let digits = Digits::<13>::of(number.value());
        let first = mod11_or_zero(&[&digits.0]);
        let due = title.due.civil();
        let date = u64::from(due.day().unsigned_abs()) * 10_000
            + u64::from(due.month().unsigned_abs()) * 100
            + u64::from(due.year().unsigned_abs() % 100);
        let sum = (number.value() * 100)
            + u64::from(first - b'0') * 10
            + 4
            + self::number(&self.beneficiary.0)
            + date;
        let second = mod11_or_zero(&[sum.to_string().as_bytes()]);
        format!("{}{}4{}", digits.as_str(), char::from(first), char::from(second))
    }

    fn printed_account(&self) -> String {
        let agency = self.agency.map(|agency| format!("{} / ", agency.as_str())).unwrap_or_default();
        format!("{agency}{}", self.beneficiary.as_str())
    }

    fn printed_wallet(&self) -> String {
        "CNR".to_owned()
    }
}

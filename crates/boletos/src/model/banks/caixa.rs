//! Caixa Econômica Federal (104), SIGCB: the beneficiary's code, and our number in three pieces with its two kinds between.
//!
//! Source: Caixa, "Leiaute de arquivo eletrônico, cobrança bancária SIGCB", code of bars. The number has 17 digits: registered or not,
//! who prints the slip, and fifteen that are counted.

use super::super::check_digits::mod11_or_zero;
use super::super::digits::Digits;
use super::*;

/// Codes of seven digits begin here and have no check digit in the barcode.
const FIRST_LONG_CODE: u64 = 1_100_000;

#[derive(Debug, Clone)]
pub(in super::super) struct Caixa {
    agency: Option<Digits<4>>,
    /// Six digits and theirs, or seven.
    beneficiary: [u8; 7],
    long_code: bool,
    kind: u8,
    emission: u8,
}

impl Caixa {
    fn beneficiary(fields: &AccountFields<'_>) -> Result<([u8; 7], bool), FieldError> {
        let mut code: Digits<7> = fields.digits_of(&CODE)?;
        if number(&code.0) >= FIRST_LONG_CODE {
            return Ok((code.0, true));
        }
        if code.0[0] != b'0' {
            let expected = "a code of six digits, or one of seven from 1100000";
            return Err(fault(fields.required(&CODE)?.0, FieldFault::Unknown { expected }));
        }
        code.0.rotate_left(1);
        code.0[6] = mod11_or_zero(&[&code.0[..6]]);
        fields.expect_check_sign(Field::BeneficiaryDigit, code.0[6])?;
        Ok((code.0, false))
    }

    fn digits(&self, number: OurNumber) -> [u8; 17] {
        let mut digits = Digits::<17>::of(number.value()).0;
        digits[0] = self.kind;
        digits[1] = self.emission;
        digits
    }
}

impl Rules for Caixa {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let (_, wallet) = fields.required(&[Field::Wallet])?;
        let (kind, emission) = match wallet.strip_prefix("SIG").unwrap_or(wallet) {
            "14" => (b'1', b'4'),
            "24" => (b'2', b'4'),
            "11" => (b'1', b'1'),
            "21" => (b'2', b'1'),
            _ => return Err(fault(Field::Wallet, FieldFault::Unknown { expected: "14, 24, 11 or 21" })),
        };
        let (beneficiary, long_code) = Self::beneficiary(fields)?;
        Ok(Self { agency: fields.optional_digits(Field::Agency)?, beneficiary, long_code, kind, emission })
    }

    fn width(&self) -> u8 {
        15
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let digits = self.digits(number);
        let (kind, emission) = ([self.kind], [self.emission]);
        let parts = [&self.beneficiary[..], &digits[2..5], &kind, &digits[5..8], &emission, &digits[8..]];
        let digit = [mod11_or_zero(&parts)];
        let [code, first, kind, second, emission, third] = parts;
        Ok(joined(&[code, first, kind, second, emission, third, &digit]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let digits = self.digits(number);
        let digit = char::from(mod11_or_zero(&[&digits]));
        format!("{}-{digit}", text(&digits))
    }

    fn printed_account(&self) -> String {
        let (code, digit) = self.beneficiary.split_at(if self.long_code { 7 } else { 6 });
        let agency = self.agency.map(|agency| format!("{} / ", agency.as_str())).unwrap_or_default();
        format!("{agency}{}{}", text(code), dash(digit.first().copied()))
    }

    fn printed_wallet(&self) -> String {
        // "RG" is registered collection, "SR" unregistered: what the bank's own slips say.
        if self.kind == b'1' { "RG" } else { "SR" }.to_owned()
    }
}

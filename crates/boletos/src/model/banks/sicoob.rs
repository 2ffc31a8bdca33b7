//! Sicoob (756): wallet, cooperative, variation, client, our number with its digit, the instalment.
//!
//! Source: Sicoob, "Layout do boleto e cálculo do dígito verificador do nosso número" (the constant 3197).

use super::super::digits::Digits;
use super::*;

const WEIGHTS: [u32; 4] = [3, 1, 9, 7];
/// A boleto of its own: the first of one.
const INSTALMENT: &[u8] = b"001";

#[derive(Debug, Clone)]
pub(in super::super) struct Sicoob {
    wallet: Digits<1>,
    cooperative: Digits<4>,
    variation: Digits<2>,
    client: Digits<7>,
}

impl Sicoob {
    /// The code with its digit: as one number, or in two fields.
    fn client(fields: &AccountFields<'_>) -> Result<Digits<7>, FieldError> {
        let code: Digits<7> = fields.digits_of(&CODE)?;
        let digit = fields.optional_digits::<1>(Field::BeneficiaryDigit)?;
        let (Some(digit), None) = (digit, fields.get(Field::Agreement)) else { return Ok(code) };
        if code.0[0] != b'0' {
            return Err(fault(Field::Beneficiary, FieldFault::Digits { most: 6 }));
        }
        let mut whole = code.0;
        whole.rotate_left(1);
        whole[6] = digit.0[0];
        Ok(Digits(whole))
    }

    /// 3, 1, 9, 7 from the left over cooperative (4), client (10) and number (7).
    fn digit(&self, number: &Digits<7>) -> u8 {
        let parts: [&[u8]; 4] = [&self.cooperative.0, b"000", &self.client.0, &number.0];
        let digits = parts.into_iter().flatten();
        let sum: u32 = digits
            .zip(WEIGHTS.into_iter().cycle())
            .map(|(digit, weight)| u32::from(digit - b'0') * weight)
            .sum();
        match sum % 11 {
            0 | 1 => b'0',
            rest => b'0' + (11 - rest) as u8,
        }
    }
}

impl Rules for Sicoob {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            wallet: fields.digits(Field::Wallet)?,
            cooperative: fields.digits(Field::Agency)?,
            variation: fields.optional_digits(Field::Variation)?.unwrap_or(Digits(*b"01")),
            client: Self::client(fields)?,
        })
    }

    fn width(&self) -> u8 {
        7
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<7>::of(number.value());
        let digit = [self.digit(&number)];
        Ok(joined(&[
            &self.wallet.0,
            &self.cooperative.0,
            &self.variation.0,
            &self.client.0,
            &number.0,
            &digit,
            INSTALMENT,
        ]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<7>::of(number.value());
        format!("{}-{}", number.as_str(), char::from(self.digit(&number)))
    }

    fn printed_account(&self) -> String {
        format!("{} / {}", self.cooperative.as_str(), self.client.as_str())
    }

    fn printed_wallet(&self) -> String {
        format!("{}/{}", self.wallet.as_str(), self.variation.as_str())
    }
}

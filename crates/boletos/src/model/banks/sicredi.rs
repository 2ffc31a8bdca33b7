//! Sicredi (748): the kind of collection, our number with the year of issue, cooperative, post, beneficiary.
//!
//! Source: Sicredi, "Manual do beneficiário, cobrança", our number and free field.

use super::super::check_digits::mod11_or_zero;
use super::super::digits::Digits;
use super::*;

/// What each year and byte has: 00001 to 99999.
const PER_BYTE: u64 = 99_999;

#[derive(Debug, Clone)]
pub(in super::super) struct Sicredi {
    kind: u8,
    cooperative: Digits<4>,
    post: Digits<2>,
    beneficiary: Digits<5>,
    /// 2 to 9 where the beneficiary numbers, 1 where the cooperative does.
    id_byte: u8,
}

impl Sicredi {
    fn digit(&self, number: &Digits<8>) -> u8 {
        mod11_or_zero(&[&self.cooperative.0, &self.post.0, &self.beneficiary.0, &number.0])
    }

    /// Year, byte, and five digits; another byte follows when those are used up.
    fn place(&self, sequence: u64, issued: BusinessDate) -> Option<OurNumber> {
        let before = sequence.checked_sub(1)?;
        let byte = u64::from(self.id_byte - b'0') + before / PER_BYTE;
        let year = u64::from(issued.civil().year().unsigned_abs() % 100);
        let value = year * 1_000_000 + byte * 100_000 + before % PER_BYTE + 1;
        (byte <= 9).then_some(OurNumber::new(value, self.width()))
    }
}

impl Rules for Sicredi {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let one_of = |field, expected| Err(fault(field, FieldFault::Unknown { expected }));
        let kind = match fields.digits::<1>(Field::Wallet)?.0 {
            [kind @ (b'1' | b'3')] => kind,
            _ => return one_of(Field::Wallet, "1 (registered) or 3 (not registered)"),
        };
        let id_byte = match fields.get(Field::IdByte).unwrap_or("2").as_bytes() {
            [byte @ b'1'..=b'9'] => *byte,
            _ => {
                return one_of(
                    Field::IdByte,
                    "2 to 9 (the beneficiary numbers), or 1 (the cooperative does)",
                );
            }
        };
        Ok(Self {
            kind,
            cooperative: fields.digits(Field::Agency)?,
            post: fields.digits_of(&[Field::Post, Field::Operation])?,
            beneficiary: fields.digits_of(&CODE)?,
            id_byte,
        })
    }

    fn width(&self) -> u8 {
        8
    }

    fn number(&self, sequence: u64, issued: BusinessDate) -> Result<OurNumber, NumberError> {
        let most = PER_BYTE * u64::from(b'9' - self.id_byte + 1);
        self.place(sequence, issued).ok_or(NumberError::OutOfSequence { sequence, most })
    }

    fn read_number(&self, text: &str, title: &Title<'_>) -> Result<OurNumber, NumberError> {
        match signs(text) {
            // The five counted digits alone: year and byte are the boleto's and the account's.
            Some(signs) if signs.len() <= 5 && is_digits(&signs) => {
                self.place(number(&signs), title.issued).ok_or(NumberError::Form { width: 5 })
            }
            _ => printed_or_bare(self, text, title),
        }
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<8>::of(number.value());
        let mut field = joined(&[
            &[self.kind],
            b"1",
            &number.0,
            &[self.digit(&number)],
            &self.cooperative.0,
            &self.post.0,
            &self.beneficiary.0,
            b"100",
        ]);
        field[24] = mod11_or_zero(&[&field[..24]]);
        Ok(field)
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let digits = Digits::<8>::of(number.value());
        let (year, rest) = digits.as_str().split_at(2);
        format!("{year}/{rest}-{}", char::from(self.digit(&digits)))
    }

    fn printed_account(&self) -> String {
        format!("{}.{}.{}", self.cooperative.as_str(), self.post.as_str(), self.beneficiary.as_str())
    }

    fn printed_wallet(&self) -> String {
        char::from(self.kind).to_string()
    }
}

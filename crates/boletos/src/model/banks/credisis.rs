//! CrediSIS (097): the bank, a digit of the beneficiary's document, branch, agreement, our number.
//!
//! Source: Cooperativa Central de Crédito Noroeste Brasileiro, "Padronização de boletos de pagamento" 1.0, 2017.

use super::super::check_digits::mod11;
use super::super::digits::Digits;
use super::*;

#[derive(Debug, Clone)]
pub(in super::super) struct CrediSis {
    /// Modulus 11 of the beneficiary's CPF or CNPJ.
    document_digit: u8,
    agency: Digits<4>,
    agreement: Digits<6>,
    wallet: Digits<2>,
}

impl CrediSis {
    /// From the document, or given. The bank has said nothing of documents with letters.
    fn document_digit(fields: &AccountFields<'_>) -> Result<u8, FieldError> {
        let given = fields.optional_digits::<1>(Field::BeneficiaryDigit)?;
        let Some(document) = fields.get(Field::Beneficiary) else {
            return given.map(|digit| digit.0[0]).ok_or(fault(Field::Beneficiary, FieldFault::Missing));
        };
        if !matches!(document.len(), 11 | 14) {
            let expected = "the beneficiary's CPF (11 digits) or CNPJ (14 digits)";
            return Err(fault(Field::Beneficiary, FieldFault::Unknown { expected }));
        }
        let digit = match mod11(&[document.as_bytes()], 9) {
            10 | 11 => b'1',
            digit => b'0' + digit,
        };
        fields.expect_check_sign(Field::BeneficiaryDigit, digit)?;
        Ok(digit)
    }
}

impl Rules for CrediSis {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            document_digit: Self::document_digit(fields)?,
            agency: fields.digits(Field::Agency)?,
            agreement: fields.digits(Field::Agreement)?,
            wallet: fields.digits(Field::Wallet)?,
        })
    }

    fn width(&self) -> u8 {
        6
    }

    fn free_field(&self, number: OurNumber, _title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<6>::of(number.value());
        let digit = [self.document_digit];
        Ok(joined(&[b"00000097", &digit, &self.agency.0, &self.agreement.0, &number.0]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let (digit, agency) = (char::from(self.document_digit), self.agency.as_str());
        format!("097{digit}{agency}{}{number}", self.agreement.as_str())
    }

    fn printed_account(&self) -> String {
        format!("{} / {}", self.agency.as_str(), self.agreement.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

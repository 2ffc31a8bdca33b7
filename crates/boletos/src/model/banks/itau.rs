//! Itaú (341): wallet, our number and its digit, branch, account, three zeros; some wallets carry the document number.
//!
//! Source: Itaú, "Cobrança CNAB 400", layout of the barcode and notes on the check digits.

use super::super::check_digits::mod10;
use super::super::digits::Digits;
use super::*;

/// Wallets whose barcode holds the document number and the client's code in place of branch and account.
const WITH_DOCUMENT_NUMBER: [&str; 8] = ["106", "107", "122", "142", "143", "195", "196", "198"];
/// Wallets whose number's digit leaves branch and account out (ADR 0023).
const SHORT_DIGIT: [&str; 6] = ["112", "126", "131", "146", "150", "168"];

#[derive(Debug, Clone)]
pub(in super::super) struct Itau {
    wallet: Digits<3>,
    agency: Digits<4>,
    account: Digits<5>,
    account_digit: u8,
    /// The client's code, in wallets whose barcode holds the document number.
    client: Option<Digits<5>>,
    /// Whether our number's digit leaves branch and account out.
    short: bool,
}

impl Itau {
    fn digit(&self, number: &Digits<8>) -> u8 {
        if self.short {
            mod10(&[&self.wallet.0, &number.0])
        } else {
            mod10(&[&self.agency.0, &self.account.0, &self.wallet.0, &number.0])
        }
    }
}

impl Rules for Itau {
    fn of(fields: &AccountFields<'_>) -> Result<Self, FieldError> {
        let wallet: Digits<3> = fields.digits(Field::Wallet)?;
        let (agency, account): (Digits<4>, Digits<5>) =
            (fields.digits(Field::Agency)?, fields.digits(Field::Account)?);
        let usual = || mod10(&[&agency.0, &account.0]);
        let account_digit = fields.optional_digits::<1>(Field::AccountDigit)?;
        let client = WITH_DOCUMENT_NUMBER.contains(&wallet.as_str());
        let short = match fields.get(Field::Variation) {
            None => SHORT_DIGIT.contains(&wallet.as_str()),
            Some("short") => true,
            Some("full") => false,
            Some(_) => {
                return Err(fault(Field::Variation, FieldFault::Unknown { expected: "short or full" }));
            }
        };
        Ok(Self {
            wallet,
            agency,
            account,
            account_digit: account_digit.map_or_else(usual, |digit| digit.0[0]),
            client: if client { Some(fields.digits_of(&CODE)?) } else { None },
            short,
        })
    }

    fn width(&self) -> u8 {
        8
    }

    fn free_field(&self, number: OurNumber, title: &Title<'_>) -> Result<FreeField, IssueError> {
        let number = Digits::<8>::of(number.value());
        let Some(client) = self.client else {
            let (digit, account_digit) = (self.digit(&number), self.account_digit);
            return Ok(joined(&[
                &self.wallet.0,
                &number.0,
                &[digit],
                &self.agency.0,
                &self.account.0,
                &[account_digit],
                b"000",
            ]));
        };
        let document =
            title.document_number.and_then(Digits::<7>::padded).ok_or(IssueError::DocumentNumber)?;
        let digit = mod10(&[&self.wallet.0, &number.0, &document.0, &client.0]);
        Ok(joined(&[&self.wallet.0, &number.0, &document.0, &client.0, &[digit], b"0"]))
    }

    fn printed_number(&self, number: OurNumber, _title: &Title<'_>) -> String {
        let number = Digits::<8>::of(number.value());
        let digit = char::from(self.digit(&number));
        format!("{}/{}-{digit}", self.wallet.as_str(), number.as_str())
    }

    fn printed_account(&self) -> String {
        let digit = char::from(self.account_digit);
        format!("{} / {}-{digit}", self.agency.as_str(), self.account.as_str())
    }

    fn printed_wallet(&self) -> String {
        self.wallet.as_str().to_owned()
    }
}

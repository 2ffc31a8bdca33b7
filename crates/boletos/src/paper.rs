//! What a boleto's slip says.

use comporta_kernel::BusinessDate;

use crate::Beneficiary;
use crate::model::words::{date, reais};
use crate::model::{
    Amount, Bank, BankAccount, Barcode, Boleto, BoletoId, Cnpj, Cpf, DigitableLine, DocumentProfile,
    PayerDocument, Title,
};
use crate::slip::{Party, Slip, SlipError};

/// Where a boleto may be paid until its day; after it, too, since every boleto is registered (Banco Central, 2018).
const PAYMENT_PLACE: &str = "Pagável em qualquer banco ou aplicativo";
/// Letters of a document number that its boxes show whole.
const SHORT_NUMBER: usize = 18;

/// Why a boleto cannot be put on paper.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// What is kept of it is no boleto of its account, as that is now.
    #[error("the boleto {id} does not fit its bank account")]
    Unfit {
        /// Which.
        id: BoletoId,
    },
    /// It cannot be drawn.
    #[error(transparent)]
    Slip(#[from] SlipError),
}

/// The line that payers type, with its points and spaces.
pub(crate) fn printed_line(boleto: &Boleto) -> Result<String, PaperError> {
    let barcode: Barcode = boleto.barcode.parse().map_err(|_| PaperError::Unfit { id: boleto.id })?;
    Ok(DigitableLine::from(&barcode).printed())
}

/// What a boleto's slip says, ready to be drawn.
#[derive(Debug)]
pub struct Said<'a> {
    boleto: &'a Boleto,
    beneficiary: &'a Beneficiary,
    bank: Bank,
    barcode: [u8; 44],
    line: String,
    due: String,
    issued: String,
    amount: String,
    account: String,
    number: String,
    wallet: String,
    instructions: String,
    statement: String,
    beneficiary_document: String,
    payer_document: String,
}

impl<'a> Said<'a> {
    /// Of a boleto that was issued on a day.
    ///
    /// # Errors
    /// [`PaperError::Unfit`] when the account, as it is now, would have given it another barcode: what its slip said of the
    /// bank would contradict what the slip is paid by.
    pub fn of(
        boleto: &'a Boleto,
        account: &BankAccount,
        beneficiary: &'a Beneficiary,
        issued: BusinessDate,
    ) -> Result<Self, PaperError> {
        let said = Self::try_of(boleto, account, beneficiary, issued);
        said.ok_or(PaperError::Unfit { id: boleto.id })
    }

    fn try_of(
        boleto: &'a Boleto,
        account: &BankAccount,
        beneficiary: &'a Beneficiary,
        issued: BusinessDate,
    ) -> Option<Self> {
        let title = Title { due: boleto.due_date, issued, document_number: Some(&boleto.debt_id) };
        let number = account.read_number(&boleto.our_number, &title).ok()?;
        let amount = Amount::try_from(boleto.amount).ok()?;
        let barcode = account.barcode(number, amount, &title).ok()?;
        if barcode.as_str() != boleto.barcode {
            return None;
        }
        let charges = boleto.terms.charges(amount, boleto.due_date).ok()?;
        // What the cashier must add or take off comes first: nothing may crowd it out.
        let instructions =
            charges.instructions().into_iter().chain(boleto.terms.instructions.iter().cloned());
        let instructions = instructions.collect::<Vec<_>>().join("\n");
        Some(Self {
            boleto,
            beneficiary,
            bank: account.bank(),
            barcode: barcode.as_str().as_bytes().try_into().ok()?,
            line: DigitableLine::from(&barcode).printed(),
            due: date(boleto.due_date),
            issued: date(issued),
            amount: reais(amount),
            account: account.printed_account(),
            number: account.printed_number(number, &title),
            wallet: account.printed_wallet(),
            statement: statement(&boleto.debt_id, &instructions),
            instructions,
            beneficiary_document: beneficiary.document.as_deref().map(printed_document).unwrap_or_default(),
            payer_document: printed_document(&boleto.payer.document),
        })
    }

    /// The slip. `pix` is the text of its QR code, if it has one; `instalment` which of how many it is, in a booklet.
    #[must_use]
    pub fn slip<'s>(&'s self, pix: Option<&'s str>, instalment: &'s str) -> Slip<'s> {
        let payer = &self.boleto.payer;
        Slip {
            bank_name: self.bank.name(),
            bank_code: self.bank.printed_code(),
            barcode: &self.barcode,
            line: &self.line,
            pix,
            payment_place: PAYMENT_PLACE,
            due_date: &self.due,
            beneficiary: Party {
                name: &self.beneficiary.name,
                document: &self.beneficiary_document,
                address: self.beneficiary.address.as_deref().unwrap_or_default(),
            },
            branch_and_code: &self.account,
            document_date: &self.issued,
            document_number: &self.boleto.debt_id,
            document_kind: "DM",
            acceptance: "N",
            processing_date: &self.issued,
            our_number: &self.number,
            bank_use: "",
            portfolio: &self.wallet,
            currency: "R$",
            quantity: "",
            unit_value: "",
            amount: &self.amount,
            discount: "",
            other_deductions: "",
            fine: "",
            other_additions: "",
            charged: "",
            instructions: &self.instructions,
            statement: &self.statement,
            instalment,
            payer: Party {
                name: &payer.name,
                document: &self.payer_document,
                address: payer.address.as_deref().unwrap_or_default(),
            },
            guarantor: "",
            write_off_code: "",
        }
    }
}

/// What the payer keeps: what the cashier is told too, and the number of the document where boxes have to shorten it.
fn statement(number: &str, instructions: &str) -> String {
    if number.chars().count() <= SHORT_NUMBER {
        return instructions.to_owned();
    }
    format!("Nº do documento: {number}\n{instructions}")
}

/// A document with its kind, as paper shows it; one that is neither CPF nor CNPJ as it is.
fn printed_document(text: &str) -> String {
    match PayerDocument::parse(text, DocumentProfile::Any) {
        Ok(PayerDocument::Cpf(cpf)) => format!("CPF {}", Cpf::printed(&cpf)),
        Ok(PayerDocument::Cnpj(cnpj)) => format!("CNPJ {}", Cnpj::printed(&cnpj)),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;

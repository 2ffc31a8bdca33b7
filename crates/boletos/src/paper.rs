//! What a boleto's slip says.

use comporta_kernel::BusinessDate;

use crate::Beneficiary;
use crate::model::words::{date, reais};
use crate::model::{
    Amount, BankAccount, Barcode, Boleto, Cnpj, Cpf, DigitableLine, DocumentProfile, PayerDocument, Title,
};
use crate::slip::{Party, Slip, SlipError, Slips};

/// Where a boleto may be paid until its day; after it, too, since every boleto is registered (Banco Central, 2018).
const PAYMENT_PLACE: &str = "Pagável em qualquer banco ou aplicativo";

/// Why a boleto cannot be put on paper.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// What is kept of it is no boleto of its account.
    #[error("the boleto does not fit its bank account")]
    Unfit,
    /// It cannot be drawn.
    #[error(transparent)]
    Slip(#[from] SlipError),
}

/// The line that payers type, with its points and spaces.
pub(crate) fn printed_line(boleto: &Boleto) -> Result<String, PaperError> {
    let barcode: Barcode = boleto.barcode.parse().map_err(|_| PaperError::Unfit)?;
    Ok(DigitableLine::from(&barcode).printed())
}

/// A boleto's slip as PDF. `issued` is the day on which it was, `pix` the text of its QR code, if it has one.
///
/// # Errors
/// When it does not fit its account, or cannot be drawn.
pub fn slip_pdf(
    slips: &Slips,
    boleto: &Boleto,
    account: &BankAccount,
    beneficiary: &Beneficiary,
    issued: BusinessDate,
    pix: Option<&str>,
) -> Result<Vec<u8>, PaperError> {
    let barcode: [u8; 44] = boleto.barcode.as_bytes().try_into().map_err(|_| PaperError::Unfit)?;
    let title = Title { due: boleto.due_date, issued, document_number: Some(&boleto.debt_id) };
    let number = account.read_number(&boleto.our_number, &title).map_err(|_| PaperError::Unfit)?;
    let amount = Amount::try_from(boleto.amount).map_err(|_| PaperError::Unfit)?;
    let charges = boleto.terms.charges(amount, boleto.due_date).map_err(|_| PaperError::Unfit)?;
    let instructions = boleto.terms.instructions.iter().cloned().chain(charges.instructions());
    let instructions = instructions.collect::<Vec<_>>().join("\n");
    let (issued, amount) = (date(issued), reais(amount));
    let payer = &boleto.payer;
    Ok(slips.pdf(&Slip {
        bank_name: account.bank().name(),
        bank_code: account.bank().printed_code(),
        barcode: &barcode,
        line: &printed_line(boleto)?,
        pix,
        payment_place: PAYMENT_PLACE,
        due_date: &date(boleto.due_date),
        beneficiary: Party {
            name: &beneficiary.name,
            document: &beneficiary.document.as_deref().map(printed_document).unwrap_or_default(),
            address: beneficiary.address.as_deref().unwrap_or_default(),
        },
        branch_and_code: &account.printed_account(),
        document_date: &issued,
        document_number: &boleto.debt_id,
        document_kind: "DM",
        acceptance: "N",
        processing_date: &issued,
        our_number: &account.printed_number(number, &title),
        bank_use: "",
        portfolio: &account.printed_wallet(),
        currency: "R$",
        quantity: "",
        unit_value: "",
        amount: &amount,
        discount: "",
        other_deductions: "",
        fine: "",
        other_additions: "",
        charged: "",
        instructions: &instructions,
        statement: "",
        instalment: "",
        payer: Party {
            name: &payer.name,
            document: &printed_document(&payer.document),
            address: payer.address.as_deref().unwrap_or_default(),
        },
        guarantor: "",
        write_off_code: "",
    })?)
}

/// A document with its kind, as paper shows it; one that is neither CPF nor CNPJ as it is.
fn printed_document(text: &str) -> String {
    match PayerDocument::parse(text, DocumentProfile::Any) {
        Ok(PayerDocument::Cpf(cpf)) => format!("CPF {}", Cpf::printed(&cpf)),
        Ok(PayerDocument::Cnpj(cnpj)) => format!("CNPJ {}", Cnpj::printed(&cnpj)),
        _ => text.to_owned(),
    }
}

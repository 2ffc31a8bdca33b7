//! A boleto on the wire.

use comporta_http::{FieldError, Problem};
use comporta_kernel::{BusinessDate, Money, Timestamp, is_email};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{
    Amount, BankAccountId, Barcode, Boleto, BoletoId, ChargeDocument, DigitableLine, DiscountDocument,
    DocumentProfile, ImportId, LONGEST_DEBT_ID, LONGEST_NAME, Payer, PayerDocument, Registration,
    ShownDelivery, Status, Terms,
};
use crate::service::{NewBoleto, PixCodes};

const LONGEST_ADDRESS: usize = 300;
const LONGEST_INSTRUCTION: usize = 100;
const MOST_INSTRUCTIONS: usize = 8;

/// A boleto to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BoletoIn {
    /// What the company knows the debt by; it has one boleto.
    #[schema(min_length = 1, max_length = 100, example = "1adb6ccf-ff16-467f-bea7-5f05d494280f")]
    debt_id: String,
    #[schema(value_type = String, example = "150.00")]
    amount: Money,
    #[schema(value_type = String, format = Date)]
    due_date: BusinessDate,
    payer: PayerIn,
    /// Where the money is to arrive; else the company's first account.
    #[schema(value_type = Option<String>, example = "bac_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    bank_account_id: Option<BankAccountId>,
    /// Lines for whoever takes the money, up to eight of 100 characters.
    #[serde(default)]
    instructions: Vec<String>,
    /// What is added once when it is paid late.
    fine: Option<ChargeDocument>,
    /// What is added when it is paid late: an amount for each day, or a percentage for each month.
    interest: Option<ChargeDocument>,
    /// What is taken off when it is paid early, up to three.
    #[serde(default)]
    discounts: Vec<DiscountDocument>,
}

/// Who is to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PayerIn)]
pub(super) struct PayerIn {
    #[schema(min_length = 1, max_length = 200, example = "Maria da Silva")]
    name: String,
    /// CPF, CNPJ, or whatever the company has.
    #[schema(min_length = 1, max_length = 20, example = "529.982.247-25")]
    document: String,
    /// Where the boleto is sent to.
    #[schema(example = "maria@example.com")]
    email: Option<String>,
    #[schema(max_length = 300)]
    address: Option<String>,
}

impl BoletoIn {
    /// What is to be issued, every field checked.
    pub(super) fn check(self) -> Result<NewBoleto, Problem> {
        let mut faults = Vec::new();
        let mut fault =
            |pointer: &str, detail: &dyn std::fmt::Display| faults.push(FieldError::new(pointer, detail));
        let debt_id = self.debt_id.trim().to_owned();
        if !is_text(&debt_id, LONGEST_DEBT_ID) {
            fault("/debt_id", &"expected 1 to 100 characters, none of them control characters");
        }
        let payer = self.payer.check(&mut fault);
        let terms = Terms {
            instructions: self.instructions,
            fine: self.fine,
            interest: self.interest,
            discounts: self.discounts,
        };
        if terms.instructions.len() > MOST_INSTRUCTIONS
            || terms.instructions.iter().any(|line| !is_text(line, LONGEST_INSTRUCTION))
        {
            fault("/instructions", &"expected up to 8 lines of 1 to 100 characters");
        }
        let amount = Amount::try_from(self.amount).map_err(|error| fault("/amount", &error)).ok();
        if let Some(amount) = amount
            && let Err(error) = terms.charges(amount, self.due_date)
        {
            fault(&error.pointer, &error);
        }
        let (Some(amount), true) = (amount, faults.is_empty()) else { return Err(Problem::invalid(faults)) };
        let (bank_account_id, due_date) = (self.bank_account_id, self.due_date);
        Ok(NewBoleto { debt_id, bank_account_id, payer, amount, due_date, terms })
    }
}

impl PayerIn {
    fn check(self, fault: &mut impl FnMut(&str, &dyn std::fmt::Display)) -> Payer {
        let given =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let (name, email, address) = (self.name.trim().to_owned(), given(self.email), given(self.address));
        if !is_text(&name, LONGEST_NAME) {
            fault("/payer/name", &"expected 1 to 200 characters, none of them control characters");
        }
        let document = PayerDocument::parse(&self.document, DocumentProfile::Any)
            .map(|document| document.as_str().to_owned())
            .map_err(|error| fault("/payer/document", &error))
            .unwrap_or_default();
        if email.as_deref().is_some_and(|email| !is_email(email)) {
            fault("/payer/email", &"expected an e-mail address");
        }
        if address.as_deref().is_some_and(|address| !is_text(address, LONGEST_ADDRESS)) {
            fault("/payer/address", &"expected 1 to 300 characters, none of them control characters");
        }
        Payer { name, document, email, address }
    }
}

fn is_text(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A boleto.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Boleto)]
pub(super) struct BoletoOut<'a> {
    #[schema(value_type = String, example = "bol_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    id: BoletoId,
    debt_id: &'a str,
    #[schema(value_type = String, example = "bac_01kb1gy3m7f0v9s4t2q8n6x5cw")]
    bank_account_id: BankAccountId,
    status: Status,
    payer: PayerOut<'a>,
    #[schema(value_type = String, example = "150.00")]
    amount: Money,
    #[schema(value_type = String, example = "0.00")]
    paid_amount: Money,
    #[schema(example = "BRL")]
    currency: &'static str,
    #[schema(value_type = String, format = Date)]
    due_date: BusinessDate,
    /// What the bank knows it by.
    #[schema(example = "00000001")]
    our_number: &'a str,
    /// 44 digits.
    barcode: &'a str,
    /// 47 digits.
    digitable_line: String,
    /// The text of its Pix QR code: null if its bank account has no Pix key, or it is not to be paid any more. It pays the
    /// company, and does not settle the boleto at the bank.
    pix_payload: Option<String>,
    registration: Registration,
    delivery: DeliveryOut<'a>,
    instructions: &'a [String],
    fine: Option<&'a ChargeDocument>,
    interest: Option<&'a ChargeDocument>,
    discounts: &'a [DiscountDocument],
    /// The import it came from, if it did.
    #[schema(value_type = Option<String>)]
    import_id: Option<ImportId>,
    /// Its line in the file.
    import_line: Option<u64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Who is to pay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payer)]
struct PayerOut<'a> {
    name: &'a str,
    document: &'a str,
    email: Option<&'a str>,
    address: Option<&'a str>,
}

/// How its delivery stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
struct DeliveryOut<'a> {
    status: ShownDelivery,
    attempts: u32,
    last_error: Option<&'a str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
}

impl<'a> BoletoOut<'a> {
    /// As it stands on a day.
    pub(super) fn new(boleto: &'a Boleto, codes: &PixCodes, today: BusinessDate) -> Self {
        let Payer { name, document, email, address } = &boleto.payer;
        let payer = PayerOut { name, document, email: email.as_deref(), address: address.as_deref() };
        let delivery = &boleto.delivery;
        let line = boleto.barcode.parse::<Barcode>().map(|barcode| DigitableLine::from(&barcode));
        Self {
            id: boleto.id,
            debt_id: &boleto.debt_id,
            bank_account_id: boleto.bank_account_id,
            status: boleto.status_on(today),
            payer,
            amount: boleto.amount,
            paid_amount: boleto.paid_amount,
            currency: "BRL",
            due_date: boleto.due_date,
            our_number: &boleto.our_number,
            barcode: &boleto.barcode,
            digitable_line: line.map(|line| line.as_str().to_owned()).unwrap_or_default(),
            pix_payload: codes.of(boleto),
            registration: boleto.registration,
            delivery: DeliveryOut {
                status: delivery.status.into(),
                attempts: delivery.attempts,
                last_error: delivery.last_error.as_deref(),
                delivered_at: delivery.delivered_at,
            },
            instructions: &boleto.terms.instructions,
            fine: boleto.terms.fine.as_ref(),
            interest: boleto.terms.interest.as_ref(),
            discounts: &boleto.terms.discounts,
            import_id: boleto.source.map(|(import, _)| import),
            import_line: boleto.source.map(|(_, line)| line),
            created_at: boleto.created_at,
            updated_at: boleto.updated_at,
        }
    }
}

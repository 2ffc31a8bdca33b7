//! The letter that brings a boleto to its payer.

mod html;
mod text;

use comporta_kernel::BusinessDate;
use comporta_mail::{Attachment, Body, Message};

use crate::Beneficiary;
use crate::model::words::{date, reais};
use crate::model::{Amount, Boleto, BoletoId};
use crate::paper::{PaperError, printed_line};

/// The words of a letter, ready to be set.
struct Words<'a> {
    payer: &'a str,
    company: &'a str,
    amount: String,
    due: String,
    /// The same day as English readers write it.
    due_in_english: String,
    is_past_due: bool,
    has_charges: bool,
    our_number: &'a str,
    line: String,
    pix: Option<&'a str>,
    /// Whether an answer to the letter reaches the company.
    is_answered: bool,
}

/// A letter's id: the same each time for the same boleto and step.
pub(crate) fn id(boleto: BoletoId, resends: u32) -> String {
    match resends {
        0 => format!("{boleto}-issued"),
        resends => format!("{boleto}-resent-{resends}"),
    }
}

/// The letter to the payer. `today` says whether its day has passed.
pub(crate) fn letter(
    id: String,
    boleto: &Boleto,
    beneficiary: &Beneficiary,
    today: BusinessDate,
    pix: Option<&str>,
    pdf: Vec<u8>,
) -> Result<Message, PaperError> {
    let words = Words {
        payer: &boleto.payer.name,
        company: &beneficiary.name,
        amount: reais(Amount::try_from(boleto.amount).map_err(|_| PaperError::Unfit { id: boleto.id })?),
        due: date(boleto.due_date),
        due_in_english: boleto.due_date.to_string(),
        is_past_due: boleto.due_date < today,
        has_charges: boleto.terms.fine.is_some() || boleto.terms.interest.is_some(),
        our_number: &boleto.our_number,
        line: printed_line(boleto)?,
        pix,
        is_answered: beneficiary.email.is_some(),
    };
    let to = boleto.payer.email.as_deref().unwrap_or_default();
    let body = Body::in_both(&text::portuguese(&words), &text::english(&words)).with_html(html::page(&words));
    let file = Attachment {
        name: format!("boleto-{}.pdf", boleto.our_number),
        content_type: "application/pdf".to_owned(),
        bytes: pdf,
    };
    let message = Message::new(id, to, words.subject(), body).on_behalf_of(&beneficiary.name).attach(file);
    Ok(match &beneficiary.email {
        Some(address) => message.reply_to(address),
        None => message,
    })
}

impl Words<'_> {
    fn subject(&self) -> String {
        let Self { company, amount, due, due_in_english, .. } = self;
        if self.is_past_due {
            format!(
                "Boleto vencido de {company}: {amount}, venceu em {due} / Overdue boleto, was due on {due_in_english}"
            )
        } else {
            format!("Boleto de {company}: {amount}, vence em {due} / Boleto due on {due_in_english}")
        }
    }

    const fn due_in(&self) -> (&'static str, &'static str) {
        if self.is_past_due { ("Venceu em", "Was due on") } else { ("Vencimento", "Due on") }
    }

    /// What the payer may do, in Portuguese and in English.
    const fn how_to_pay(&self) -> (&'static str, &'static str) {
        match (self.is_past_due, self.has_charges) {
            (false, _) => (
                "O boleto está em anexo, em PDF. Pague em qualquer banco ou aplicativo: leia o código de barras ou copie a \
                 linha digitável.",
                "The boleto is attached as a PDF. Pay it at any bank or in its app: scan the barcode or copy the digitable line.",
            ),
            (true, false) => (
                "Este boleto está vencido e segue em anexo, em PDF. Ele ainda pode ser pago em qualquer banco ou aplicativo.",
                "This boleto is past its due date and attached as a PDF. It can still be paid at any bank or in its app.",
            ),
            (true, true) => (
                "Este boleto está vencido e segue em anexo, em PDF. Ele ainda pode ser pago em qualquer banco ou aplicativo; \
                 multa e juros são calculados no dia do pagamento.",
                "This boleto is past its due date and attached as a PDF. It can still be paid at any bank or in its app; fine and \
                 interest are worked out on the day of payment.",
            ),
        }
    }

    const fn if_paid(&self) -> (&'static str, &'static str) {
        if self.is_answered {
            (
                "Se você já pagou, desconsidere este e-mail: o banco leva até dois dias úteis para avisar. Em caso de dúvida, \
                 responda a este e-mail.",
                "If you have paid already, ignore this e-mail: the bank takes up to two business days to say so. If in doubt, \
                 answer it.",
            )
        } else {
            (
                "Se você já pagou, desconsidere este e-mail: o banco leva até dois dias úteis para avisar.",
                "If you have paid already, ignore this e-mail: the bank takes up to two business days to say so.",
            )
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;

//! The e-mail that brings an invoice.

use async_trait::async_trait;
use comporta_jobs::JobError;
use comporta_mail::{Attachment, Body, Mailer, Message};

use super::BillsInvoices;
use crate::invoice_pdf::words::{date, money, month_english, month_portuguese};
use crate::{Email, Invoice, InvoiceWithLines};

/// Bills by a letter to the customer, with the invoice as a PDF.
#[derive(Clone, Debug)]
pub struct MailsInvoices(pub Mailer);

#[async_trait]
impl BillsInvoices for MailsInvoices {
    async fn bill(&self, invoice: &InvoiceWithLines, pdf: Vec<u8>) -> Result<(), JobError> {
        let invoice = &invoice.invoice;
        let Some(to) = &invoice.customer.email else {
            tracing::warn!(company_id = %invoice.company_id, invoice_id = %invoice.id, "an invoice has no address to go to");
            return Ok(());
        };
        match self.0.send(&letter(invoice, to, pdf)).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_permanent() => Err(JobError::give_up(error)),
            // The server may have it already: the same letter again, under the same id, does less harm than none.
            Err(error) => Err(JobError::retry(error)),
        }
    }
}

fn letter(invoice: &Invoice, to: &Email, pdf: Vec<u8>) -> Message {
    let (issuer, name) = (&invoice.issuer.name, &invoice.customer.name);
    let (month, month_in_english) = (month_portuguese(invoice.month), month_english(invoice.month));
    let (total, due) = (money(invoice.total, invoice.currency), date(invoice.due_date));
    let subject = format!("Fatura de {month}: {total} / Invoice for {month_in_english}");
    let portuguese = format!(
        "Olá, {name}.\n\nSegue a fatura de {month}, emitida por {issuer}: {total}, com vencimento em {due}.\n\n\
        Fatura {}",
        invoice.id
    );
    let english = format!(
        "Hello, {name}.\n\nHere is the invoice for {month_in_english} from {issuer}: {total}, due on {}.\n\n\
        Invoice {}",
        invoice.due_date, invoice.id
    );
    let file = Attachment {
        name: format!("fatura-{}.pdf", invoice.month),
        content_type: "application/pdf".to_owned(),
        bytes: pdf,
    };
    let message = Message::new(
        format!("invoice-{}", invoice.id),
        to.as_str(),
        subject,
        Body::in_both(&portuguese, &english),
    );
    let message = message.attach(file);
    match &invoice.issuer.email {
        Some(issuer) => message.reply_to(issuer.as_str()),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoice_pdf::tests::sample;

    #[test]
    fn a_letter_says_what_is_owed_until_when_and_has_one_id() {
        let invoice = sample(0).invoice;
        let to = invoice.customer.email.clone().unwrap();
        let letter = letter(&invoice, &to, b"%PDF".to_vec());
        assert_eq!(letter.id(), "invoice-inv_01m80ky2nye2ktc4q1809nbkhh");
        let text = format!("{letter:?}");
        for part in ["outubro de 2026", "October 2026", "R$ 13.463,27", "11/11/2026", "fatura-2026-10.pdf"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

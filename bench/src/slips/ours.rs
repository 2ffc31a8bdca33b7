//! Our own, by the very calls that an import and a letter make.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use comporta_boletos::model::{
    AccountDocument, Amount, BankAccount, BankAccountId, Boleto, BoletoId, Delivery, DeliveryStatus,
    DigitableLine, Payer, Registration, Status, Terms, Title,
};
use comporta_boletos::slip::Slips;
use comporta_boletos::{Beneficiary, Said};
use comporta_kernel::{BusinessDate, CompanyId, Money, Timestamp, TypedId as _, Uuid};
use comporta_pdf::Fonts;
use serde_json::json;

use super::{A_SECOND, KB, Work};
use crate::Outcome;
use crate::report::Figures;

pub(super) struct Ours {
    slips: Slips,
    account: BankAccount,
    beneficiary: Beneficiary,
    pix: String,
    issued: BusinessDate,
    due: BusinessDate,
}

impl Ours {
    /// With what all slips share drawn already.
    pub(super) fn new(pix: &str) -> Outcome<Self> {
        let document: AccountDocument = serde_json::from_value(json!({
            "bank": "341", "agency": "0057", "account": "12345", "account_digit": "7", "wallet": "109",
        }))?;
        let beneficiary = Beneficiary {
            name: "Padaria São João Ltda".to_owned(),
            document: Some("12345678000195".to_owned()),
            address: Some("Rua das Laranjeiras 10, São Paulo, SP, 01310-100".to_owned()),
            email: None,
        };
        let ours = Self {
            slips: Slips::new(Arc::new(Fonts::load()?)),
            account: document.account()?,
            beneficiary,
            pix: pix.to_owned(),
            issued: "2026-11-22".parse()?,
            due: "2027-01-19".parse()?,
        };
        ours.slip(1)?;
        Ok(ours)
    }

    pub(super) fn make(&self, work: Work, first: u32, count: u32) -> Outcome<Figures> {
        let begun = Instant::now();
        let mut bytes = 0;
        for number in first..first + count {
            bytes += match work {
                Work::Codes => black_box(self.codes(number)?),
                Work::Slips => black_box(self.slip(number)?.len()),
            };
        }
        let seconds = begun.elapsed().as_secs_f64();
        let bytes = f64::from(u32::try_from(bytes)?);
        Ok(Figures::default()
            .with(A_SECOND, f64::from(count) / seconds)
            .with(KB, bytes / f64::from(count) / 1e3))
    }

    fn codes(&self, number: u32) -> Outcome<usize> {
        let our_number = self.account.number(number.into(), self.issued)?;
        let title = Title { due: self.due, issued: self.issued, document_number: None };
        let barcode = self.account.barcode(our_number, amount(number)?, &title)?;
        Ok(barcode.as_str().len() + DigitableLine::from(&barcode).as_str().len())
    }

    fn slip(&self, number: u32) -> Outcome<Vec<u8>> {
        let boleto = self.boleto(number)?;
        let Self { slips, account, beneficiary, issued, pix, .. } = self;
        let said = Said::of(&boleto, account, beneficiary, *issued)?;
        Ok(slips.pdf(&said.slip(Some(pix), ""))?)
    }

    fn boleto(&self, number: u32) -> Outcome<Boleto> {
        let our_number = self.account.number(number.into(), self.issued)?;
        let debt_id = format!("{number:08}");
        let title = Title { due: self.due, issued: self.issued, document_number: Some(&debt_id) };
        let barcode = self.account.barcode(our_number, amount(number)?, &title)?;
        let delivery =
            Delivery { status: DeliveryStatus::None, attempts: 0, last_error: None, delivered_at: None };
        let at: Timestamp = "2026-11-22T12:00:00Z".parse()?;
        Ok(Boleto {
            company_id: CompanyId::from_uuid(Uuid::nil()),
            id: BoletoId::from_uuid(Uuid::from_u128(number.into())),
            debt_id,
            bank_account_id: BankAccountId::from_uuid(Uuid::nil()),
            payer: Payer {
                name: format!("Maria da Silva {number}"),
                document: "52998224725".to_owned(),
                email: None,
                address: Some("Rua Augusta 1, São Paulo, SP, 01305-000".to_owned()),
            },
            amount: amount(number)?.money(),
            paid_amount: Money::ZERO,
            due_date: self.due,
            our_number: our_number.to_string(),
            barcode: barcode.as_str().to_owned(),
            terms: Terms::default(),
            status: Status::Open,
            registration: Registration::Pending,
            delivery,
            source: None,
            created_at: at,
            updated_at: at,
        })
    }
}

fn amount(number: u32) -> Outcome<Amount> {
    Ok(Amount::try_from(Money::from_centavos(1_050 + i64::from(number) * 100)?)?)
}

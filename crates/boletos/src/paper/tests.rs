//! What a slip says, and how large it is.

use std::sync::Arc;

use comporta_kernel::Money;
use comporta_pdf::Fonts;

use super::*;
use crate::letter::tests::{padaria, sample};
use crate::model::{AccountDocument, AccountPix, ChargeDocument, Payer, Terms};
use crate::slip::Slips;

fn account(wallet: &str) -> BankAccount {
    let text = format!(
        r#"{{"bank": "341", "agency": "0057", "account": "12345", "account_digit": "7", "wallet": "{wallet}"}}"#
    );
    serde_json::from_str::<AccountDocument>(&text).unwrap().account().unwrap()
}

fn issued() -> BusinessDate {
    "2026-11-20".parse().unwrap()
}

/// With the number and barcode that an account gives.
fn numbered(boleto: Boleto, account: &BankAccount) -> Boleto {
    let number = account.number(99_999_999, issued()).unwrap();
    let title = Title { due: boleto.due_date, issued: issued(), document_number: Some(&boleto.debt_id) };
    let amount = Amount::try_from(boleto.amount).unwrap();
    let barcode = account.barcode(number, amount, &title).unwrap().as_str().to_owned();
    Boleto { our_number: number.to_string(), barcode, ..boleto }
}

/// Letters in no order, so that nothing is gained by compressing them.
fn letters(count: usize, seed: &mut u32) -> String {
    let mut letter = || {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"[(*seed >> 26) as usize],
        )
    };
    (0..count).map(|_| letter()).collect()
}

#[test]
fn the_longest_slip_with_the_longest_pix_code_is_at_most_40_kib() {
    let (account, mut seed) = (account("109"), 1);
    let mut text = |count| letters(count, &mut seed);
    let percent = |percent: &str| Some(ChargeDocument::Percent(percent.to_owned()));
    let boleto = Boleto {
        debt_id: text(100),
        amount: Money::from_centavos(9_999_999_999).unwrap(),
        payer: Payer { name: text(200), document: text(20), email: None, address: Some(text(300)) },
        terms: Terms {
            instructions: (0..8).map(|_| text(100)).collect(),
            fine: percent("2.00"),
            interest: percent("1.00"),
            ..Terms::default()
        },
        ..sample()
    };
    let boleto = numbered(boleto, &account);
    let beneficiary =
        Beneficiary { name: text(200), document: Some(text(14)), address: Some(text(300)), email: None };
    let pix = AccountPix::parse(Some(&text(77)), Some(&text(15))).unwrap().unwrap();
    let pix = pix.code(&boleto, &beneficiary.name).unwrap();
    assert_eq!(pix.len(), 234, "every part at its longest: {pix}");
    let said = Said::of(&boleto, &account, &beneficiary, issued()).unwrap();
    let slips = Slips::new(Arc::new(Fonts::load().unwrap()));
    let pdf = slips.pdf(&said.slip(Some(&pix), "")).unwrap();
    assert!(pdf.len() <= 40 * 1024, "{} bytes", pdf.len());
    assert_eq!(pdf, slips.pdf(&said.slip(Some(&pix), "")).unwrap());
}

#[test]
fn the_payer_keeps_what_the_cashier_is_told_and_a_long_number_whole() {
    let (account, beneficiary) = (account("109"), padaria());
    let terms = Terms { instructions: vec!["Não receber após 30 dias".to_owned()], ..Terms::default() };
    let short = numbered(Boleto { terms, ..sample() }, &account);
    let long = Boleto { debt_id: "1adb6ccf-ff16-467f-bea7-5f05d494280f".to_owned(), ..short.clone() };
    let statement = |boleto: &Boleto| {
        let said = Said::of(boleto, &account, &beneficiary, issued()).unwrap();
        said.slip(None, "").statement.to_owned()
    };
    assert_eq!(statement(&short), "Não receber após 30 dias");
    let number = "Nº do documento: 1adb6ccf-ff16-467f-bea7-5f05d494280f\n";
    assert_eq!(statement(&long), format!("{number}Não receber após 30 dias"));
}

#[test]
fn a_boleto_whose_account_is_another_one_now_is_not_drawn() {
    let (before, beneficiary) = (account("109"), padaria());
    let boleto = numbered(sample(), &before);
    assert!(Said::of(&boleto, &before, &beneficiary, issued()).is_ok());
    let now = Said::of(&boleto, &account("110"), &beneficiary, issued());
    assert!(matches!(now, Err(PaperError::Unfit { id }) if id == boleto.id));
}

//! What payers read.

use comporta_kernel::{CompanyId, Money, TypedId as _, Uuid};

use super::*;
use crate::model::{
    BankAccountId, ChargeDocument, Delivery, DeliveryStatus, Payer, Registration, Status, Terms,
};

pub(crate) fn sample() -> Boleto {
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    Boleto {
        company_id: CompanyId::from_uuid(Uuid::from_u128(1)),
        id: BoletoId::from_uuid(Uuid::from_u128(2)),
        debt_id: "debt-1".to_owned(),
        bank_account_id: BankAccountId::from_uuid(Uuid::from_u128(3)),
        payer: Payer {
            name: "Ana <b>\"Zoë\" & Filhos</b>".to_owned(),
            document: "52998224725".to_owned(),
            email: Some("ana@example.com".to_owned()),
            address: None,
        },
        amount: Money::from_centavos(123_456).unwrap(),
        paid_amount: Money::ZERO,
        due_date: "2026-12-01".parse().unwrap(),
        our_number: "00258281".to_owned(),
        barcode: "34191252500000135001960025828112345671234550".to_owned(),
        terms: Terms::default(),
        status: Status::Open,
        registration: Registration::Pending,
        delivery: Delivery {
            status: DeliveryStatus::Sending,
            attempts: 1,
            last_error: None,
            delivered_at: None,
        },
        source: None,
        created_at: at,
        updated_at: at,
    }
}

pub(crate) fn padaria() -> Beneficiary {
    Beneficiary {
        name: "Padaria São João".to_owned(),
        document: Some("12345678000195".to_owned()),
        address: None,
        email: Some("contas@padaria.example".to_owned()),
    }
}

fn written(boleto: &Boleto, beneficiary: &Beneficiary, today: &str, pix: Option<&str>) -> String {
    let id = id(boleto.id, 0);
    let letter = letter(id, boleto, beneficiary, today.parse().unwrap(), pix, b"%PDF".to_vec());
    format!("{:#?}", letter.unwrap())
}

#[test]
fn a_letter_has_one_id_for_each_boleto_and_step() {
    let boleto = sample().id;
    assert_eq!(id(boleto, 0), format!("{boleto}-issued"));
    assert_eq!(id(boleto, 2), format!("{boleto}-resent-2"));
}

#[test]
fn a_letter_says_who_asks_for_how_much_until_when_and_how_to_pay() {
    let text = written(&sample(), &padaria(), "2026-12-01", Some("00020126BR.GOV"));
    for part in [
        "Boleto de Padaria São João: R$ 1.234,56, vence em 01/12/2026 / Boleto due on 2026-12-01",
        "Vencimento: 01/12/2026",
        "34191.96005 25828.112349 56712.345505 1 25250000013500",
        "Pix copia e cola:\\n00020126BR.GOV",
        "Due on: 2026-12-01",
        "boleto-00258281.pdf",
        "contas@padaria.example",
        "responda a este e-mail",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("vencido") && !text.contains("multa"), "{text}");
}

#[test]
fn a_debt_whose_day_has_passed_is_called_so_and_its_charges_are_told_only_if_there_are_any() {
    let late = written(&sample(), &padaria(), "2026-12-02", None);
    for part in
        ["Boleto vencido de Padaria", "Venceu em: 01/12/2026", "Was due on: 2026-12-01", "está vencido"]
    {
        assert!(late.contains(part), "{part} is not in {late}");
    }
    assert!(!late.contains("multa") && !late.contains("Pix"), "{late}");
    let fine = Some(ChargeDocument::Percent("2.00".to_owned()));
    let boleto = Boleto { terms: Terms { fine, ..Terms::default() }, ..sample() };
    assert!(written(&boleto, &padaria(), "2026-12-02", None).contains("multa e juros são calculados"));
}

#[test]
fn nobodys_name_is_markup() {
    let words = Words {
        payer: "Ana <b>\"Zoë\" & 'Filhos'</b>",
        company: "<script src=//evil>",
        amount: "R$ 1,00".to_owned(),
        due: "01/12/2026".to_owned(),
        due_in_english: "2026-12-01".to_owned(),
        is_past_due: false,
        has_charges: false,
        our_number: "1",
        line: "1".to_owned(),
        pix: Some("<i>"),
        is_answered: false,
    };
    let page = html::page(&words);
    assert!(page.contains("Ana &lt;b&gt;&quot;Zoë&quot; &amp; &#39;Filhos&#39;&lt;/b&gt;"), "{page}");
    for markup in ["<script", "<b>\"", "<i>", "http", "src="] {
        assert!(!page.replace("src=//evil", "").contains(markup), "{markup}: {page}");
    }
}

#[test]
fn an_answer_goes_to_the_company_if_it_has_an_address() {
    let silent = Beneficiary { email: None, ..padaria() };
    let text = written(&sample(), &silent, "2026-12-01", None);
    assert!(text.contains("reply_to: None") && !text.contains("responda a este e-mail"), "{text}");
}

//! The invoice on paper.

use comporta_kernel::{Currency, Money, Month};

use super::*;
use crate::{InvoiceLine, InvoiceStatus, Price};

/// An invoice of two tiers and so many corrections of the month before.
pub(crate) fn sample(corrections: usize) -> InvoiceWithLines {
    let price = r#"{"base": "150.00", "tiers": [{"up_to": 10000, "unit": "0"}, {"up_to": 1000000, "unit": "0.0125"},
        {"unit": "0.004"}]}"#;
    let price: Price = serde_json::from_str(price).unwrap();
    let (october, september): (Month, Month) = ("2026-10".parse().unwrap(), "2026-09".parse().unwrap());
    let money = |total: comporta_kernel::Total| Money::from_centavos(total.centavos() as i64).unwrap();
    let line = |line: &crate::PriceLine| InvoiceLine {
        month: october,
        part: line.part,
        quantity: line.quantity as i64,
        unit: line.unit,
        amount: money(line.amount),
        corrects: None,
    };
    let mut lines: Vec<InvoiceLine> = price.lines(1_234_567).iter().map(line).collect();
    let earlier = "inv_01kb1gy3m7f0v9s4t2q8n6x5cw".parse().unwrap();
    let correction = InvoiceLine {
        month: september,
        quantity: -12,
        amount: "-0.15".parse().unwrap(),
        corrects: Some(earlier),
        ..lines[2]
    };
    lines.extend(std::iter::repeat_n(correction, corrections));
    let total = lines.iter().map(|line| comporta_kernel::Total::from(line.amount)).sum();
    let party = |name: &str, document: &str, address: &str| Party {
        company_id: "cmp_01kb1gy3m7f0v9s4t2q8n6x5cw".parse().unwrap(),
        name: name.parse().unwrap(),
        document: Some(document.parse().unwrap()),
        email: Some("financeiro@aurora.example".parse().unwrap()),
        address: Some(address.parse().unwrap()),
    };
    let invoice = Invoice {
        id: "inv_01m80ky2nye2ktc4q1809nbkhh".parse().unwrap(),
        company_id: "cmp_01kb1gy3m7f0v9s4t2q8n6x5cw".parse().unwrap(),
        month: october,
        status: InvoiceStatus::Issued,
        currency: Currency::BRL,
        plan: Some("ouro-2026".parse().unwrap()),
        issuer: party(
            "Demo Tecnologia Ltda.",
            "12345678000195",
            "Av. Paulista, 1000, São Paulo, SP, 01310-100",
        ),
        customer: party(
            "Padaria e Confeitaria Aurora do Sertão Comércio de Alimentos Ltda.",
            "12.ABC.345/01DE-35",
            "Rua da Consolação, 2.345, conjunto 67, Consolação, São Paulo, SP, 01301-000",
        ),
        total: money(total),
        issued_at: "2026-11-01T04:00:00Z".parse().unwrap(),
        issue_date: "2026-11-01".parse().unwrap(),
        due_date: "2026-11-11".parse().unwrap(),
        paid_at: None,
    };
    InvoiceWithLines { invoice, lines }
}

fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type /Page\n").count()
}

#[test]
fn an_invoice_is_one_page_of_the_same_bytes_each_time() {
    let pdf = render(&Fonts::load().unwrap(), &sample(1));
    assert_eq!(pdf, render(&Fonts::load().unwrap(), &sample(1)));
    assert_eq!(pages(&pdf), 1);
    assert!(pdf.len() < 40_000, "{}", pdf.len());
    if let Ok(path) = std::env::var("COMPORTA_KEEP_PDF") {
        std::fs::write(path, pdf).unwrap();
    }
}

#[test]
fn many_lines_go_on_over_pages() {
    let fonts = Fonts::load().unwrap();
    let pages: Vec<usize> = (0..60).map(|lines| pages(&render(&fonts, &sample(lines)))).collect();
    assert!(pages.is_sorted() && pages[0] == 1 && *pages.last().unwrap() > 2, "{pages:?}");
}

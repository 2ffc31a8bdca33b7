//! An invoice on paper: Portuguese, with English beside it.

mod table;
pub(crate) mod words;

use comporta_pdf::{A4, Align, Colour, Document, Fonts, Page, Size, Style, Weight};

use crate::{Invoice, InvoiceWithLines, Party, PlanName};
use table::Table;
use words::{date, document, money, month_english, month_portuguese};

const LEFT: f32 = 48.0;
const RIGHT: f32 = A4.width - 48.0;
/// Where the right half begins.
const MIDDLE: f32 = 330.0;
/// The lowest base line of a page's content.
const BOTTOM: f32 = A4.height - 84.0;
const INK: Colour = Colour(0.09, 0.13, 0.19);
const ACCENT: Colour = Colour(0.04, 0.36, 0.38);
const QUIET: Colour = Colour(0.40, 0.44, 0.50);
const WASH: Colour = Colour(0.945, 0.96, 0.96);

const PLAIN: Style = Style::new(Weight::Regular, 9.5).colour(INK);
const STRONG: Style = Style::new(Weight::Bold, 9.5).colour(INK);
const SMALL: Style = Style::new(Weight::Regular, 7.5).colour(QUIET);

/// The invoice as a PDF: the same bytes each time.
pub(crate) fn render(fonts: &Fonts, invoice: &InvoiceWithLines) -> Vec<u8> {
    let InvoiceWithLines { invoice, lines } = invoice;
    let title = format!("Fatura {} – {}", month_portuguese(invoice.month), invoice.customer.name);
    let mut document = Document::new(fonts, title, "pt-BR");
    let mut table = Table::of(fonts, invoice, lines);
    let mut number = 1;
    loop {
        let mut page = document.page(A4);
        let top = if number == 1 { head(&mut page, fonts, invoice) } else { short_head(&mut page, invoice) };
        let end = table.draw(&mut page, top, BOTTOM);
        // The total stands below the last line, on a page of its own if need be.
        let done = table.is_empty() && end + 96.0 < BOTTOM;
        if done {
            total(&mut page, invoice, end + 14.0);
        }
        foot(&mut page, invoice, number);
        if done {
            break;
        }
        number += 1;
    }
    document.finish()
}

/// Gives where the table may begin.
fn head(page: &mut Page<'_>, fonts: &Fonts, invoice: &Invoice) -> f32 {
    page.area((0.0, 0.0), Size { width: A4.width, height: 6.0 }, ACCENT);
    let right = |style: Style| style.align(Align::Right);
    let under_issuer = party(page, fonts, &invoice.issuer, 62.0, 13.0);
    page.text(RIGHT, 64.0, &right(Style::new(Weight::Bold, 20.0).colour(ACCENT)), "FATURA");
    page.text(RIGHT, 77.0, &right(Style::new(Weight::Regular, 9.5).colour(QUIET)), "Invoice");
    page.text(RIGHT, 94.0, &right(SMALL), &invoice.id.to_string());
    let top = under_issuer.max(104.0) + 14.0;
    page.grey_line((LEFT, top), (RIGHT, top), 0.6, 0.8);
    page.text(LEFT, top + 20.0, &SMALL, "CLIENTE / CUSTOMER");
    let under_customer = party(page, fonts, &invoice.customer, top + 36.0, 10.5);
    let plan = invoice.plan.as_ref().map_or("–", PlanName::as_str).to_owned();
    let facts = [
        ("Mês", "Month", both_months(invoice)),
        ("Emissão", "Issued", date(invoice.issue_date)),
        ("Vencimento", "Due", date(invoice.due_date)),
        ("Plano", "Plan", plan),
    ];
    let mut y = top + 20.0;
    for (portuguese, english, value) in facts {
        page.text(MIDDLE, y, &SMALL, &format!("{portuguese} / {english}"));
        page.text(RIGHT, y, &STRONG.align(Align::Right), &value);
        y += 16.0;
    }
    under_customer.max(y) + 16.0
}

/// The head of the pages after the first.
fn short_head(page: &mut Page<'_>, invoice: &Invoice) -> f32 {
    page.area((0.0, 0.0), Size { width: A4.width, height: 6.0 }, ACCENT);
    page.text(LEFT, 48.0, &STRONG, invoice.issuer.name.as_str());
    let text = format!("Fatura / Invoice {}", invoice.id);
    page.text(RIGHT, 48.0, &SMALL.align(Align::Right), &text);
    66.0
}

/// One of the two sides, in the left half. Gives the base line below it.
fn party(page: &mut Page<'_>, fonts: &Fonts, party: &Party, top: f32, size: f32) -> f32 {
    let width = MIDDLE - LEFT - 24.0;
    let mut y = top;
    for line in fonts.wrap(Weight::Bold, size, party.name.as_str(), width) {
        page.text(LEFT, y, &Style::new(Weight::Bold, size).colour(INK), &line);
        y += size + 2.5;
    }
    let known = [
        party.document.as_ref().map(|text| document(text.as_str())),
        party.address.as_ref().map(ToString::to_string),
        party.email.as_ref().map(ToString::to_string),
    ];
    for text in known.into_iter().flatten() {
        for line in fonts.wrap(Weight::Regular, 8.5, &text, width) {
            page.text(LEFT, y, &Style::new(Weight::Regular, 8.5).colour(QUIET), &line);
            y += 11.5;
        }
    }
    y
}

fn total(page: &mut Page<'_>, invoice: &Invoice, top: f32) {
    let height = 52.0;
    page.area((MIDDLE - 40.0, top), Size { width: RIGHT - MIDDLE + 40.0, height }, WASH);
    let left = MIDDLE - 28.0;
    page.text(left, top + 22.0, &Style::new(Weight::Bold, 11.0).colour(INK), "Total a pagar");
    page.text(left, top + 34.0, &SMALL, "Total due");
    let amount = Style::new(Weight::Bold, 16.0).colour(ACCENT).align(Align::Right);
    page.text(RIGHT - 12.0, top + 26.0, &amount, &money(invoice.total, invoice.currency));
    let due = format!("até / by {}", date(invoice.due_date));
    page.text(RIGHT - 12.0, top + 41.0, &SMALL.align(Align::Right), &due);
}

fn foot(page: &mut Page<'_>, invoice: &Invoice, number: usize) {
    let y = A4.height - 58.0;
    page.grey_line((LEFT, y), (RIGHT, y), 0.6, 0.8);
    let notes = [
        "Cada linha é arredondada uma única vez, ao centavo mais próximo (meio centavo, ao par). Não é documento fiscal.",
        "Each line is rounded once, to the nearest centavo (half to even). This is not a tax document.",
    ];
    for (note, below) in notes.into_iter().zip([13.0, 23.0]) {
        page.text(LEFT, y + below, &SMALL, note);
    }
    let text = format!("{} · {number}", month_portuguese(invoice.month));
    page.text(RIGHT, y + 13.0, &SMALL.align(Align::Right), &text);
}

/// `outubro / October 2026`
fn both_months(invoice: &Invoice) -> String {
    let portuguese = month_portuguese(invoice.month);
    let name = portuguese.split(' ').next().unwrap_or_default();
    format!("{name} / {}", month_english(invoice.month))
}

#[cfg(test)]
pub(crate) mod tests;
